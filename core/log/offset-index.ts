import { readInt32, writeInt32 } from '../records/integers.ts';
import type { Disk, DiskFile } from '../runtime.ts';
import { readFile } from './durable-file.ts';

const entryBytes = 8;

/**
 * `.index`: (offset − base, position) of every batch that begins more than indexIntervalBytes after the last indexed
 * one; the offset is the batch's last. Held in memory; the file is written behind, in `write`.
 */
export class OffsetIndex {
  readonly path: string;
  readonly #disk: Disk;
  readonly #baseOffset: number;
  readonly #entriesMax: number;
  #relative: Int32Array<ArrayBuffer> = new Int32Array(0);
  #positions: Int32Array<ArrayBuffer> = new Int32Array(0);
  #count = 0;
  #written = 0;
  #file: DiskFile | null = null;

  constructor(disk: Disk, path: string, baseOffset: number, maxBytes: number) {
    this.#disk = disk;
    this.path = path;
    this.#baseOffset = baseOffset;
    this.#entriesMax = Math.floor(maxBytes / entryBytes);
  }

  get count(): number {
    return this.#count;
  }
  get isFull(): boolean {
    return this.#count >= this.#entriesMax;
  }
  /** Of the last entry; the base offset and 0 when there is none. */
  get lastOffset(): number {
    return this.#count === 0 ? this.#baseOffset : this.#baseOffset + this.#relative[this.#count - 1]!;
  }
  get lastPosition(): number {
    return this.#count === 0 ? 0 : this.#positions[this.#count - 1]!;
  }

  /** Reads the file. False when it is missing or cannot be right for a log file of `logSize` bytes. */
  load(logSize: number): boolean {
    const bytes = readFile(this.#disk, this.path);
    if (bytes === null || bytes.length % entryBytes !== 0) return false;
    const count = bytes.length / entryBytes;
    const relative = new Int32Array(count);
    const positions = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      relative[i] = readInt32(bytes, i * entryBytes);
      positions[i] = readInt32(bytes, i * entryBytes + 4);
      const rises =
        i === 0
          ? relative[0]! >= 0 && positions[0]! > 0
          : relative[i]! > relative[i - 1]! && positions[i]! > positions[i - 1]!;
      if (!rises || positions[i]! >= logSize) return false;
    }
    this.#relative = relative;
    this.#positions = positions;
    this.#count = count;
    this.#written = count;
    return true;
  }

  append(offset: number, position: number): void {
    const relative = offset - this.#baseOffset;
    if (this.#count > 0 && relative <= this.#relative[this.#count - 1]!) {
      throw new Error(`offset index ${this.path}: ${offset} is not above ${this.lastOffset}`);
    }
    if (this.#count === this.#relative.length) {
      const capacity = Math.max(16, this.#count * 2);
      const grown = new Int32Array(capacity);
      grown.set(this.#relative);
      this.#relative = grown;
      const grownPositions = new Int32Array(capacity);
      grownPositions.set(this.#positions);
      this.#positions = grownPositions;
    }
    this.#relative[this.#count] = relative;
    this.#positions[this.#count] = position;
    this.#count++;
  }

  /** A position from which a scan meets `offset`: that of the last entry whose offset is ≤ `offset`, else 0. */
  lookup(offset: number): number {
    const relative = offset - this.#baseOffset;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#relative[middle]! > relative) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? 0 : this.#positions[low - 1]!;
  }

  /** Drops the entries of offsets ≥ `offset`. */
  truncateTo(offset: number): void {
    while (this.#count > 0 && this.#baseOffset + this.#relative[this.#count - 1]! >= offset) this.#count--;
    this.#cut();
  }

  reset(): void {
    this.#count = 0;
    this.#cut();
  }

  #cut(): void {
    if (this.#written <= this.#count && this.#file !== null) return;
    // Never longer: entries that were not written yet come with the next `write`.
    this.#written = Math.min(this.#written, this.#count);
    const wasOpen = this.#file !== null;
    // Where there is none, `write` makes it.
    if (!wasOpen && this.#disk.stat(this.path) === null) return;
    this.#open().truncate(this.#written * entryBytes);
    // Descriptors are scarce where partitions are many, and the next write may be far away.
    if (!wasOpen) this.close();
  }

  /** Puts the entries added since the last call into the file; makes the file even when there is none. */
  write(): void {
    const file = this.#open();
    const pending = this.#count - this.#written;
    if (pending === 0) return;
    const bytes = new Uint8Array(pending * entryBytes);
    for (let i = 0; i < pending; i++) {
      writeInt32(bytes, i * entryBytes, this.#relative[this.#written + i]!);
      writeInt32(bytes, i * entryBytes + 4, this.#positions[this.#written + i]!);
    }
    file.write(this.#written * entryBytes, [bytes]);
    this.#written = this.#count;
  }

  sync(): Promise<void> {
    return this.#open().sync();
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #open(): DiskFile {
    this.#file ??= this.#disk.open(this.path, { create: true });
    return this.#file;
  }
}
