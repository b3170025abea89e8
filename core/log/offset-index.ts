import { readInt32, writeInt32 } from '../records/integers.ts';
import type { Disk } from '../runtime.ts';
import { IndexFile } from './index-file.ts';

const entryBytes = 8;

/**
 * `.index`: (offset − base, position) of every batch that begins more than indexIntervalBytes after the last indexed
 * one; the offset is the batch's last. Held in memory; the file is written behind, in `write`.
 */
export class OffsetIndex {
  readonly #file: IndexFile;
  readonly #baseOffset: number;
  readonly #entriesMax: number;
  #relative: Int32Array<ArrayBuffer> = new Int32Array(0);
  #positions: Int32Array<ArrayBuffer> = new Int32Array(0);
  #count = 0;

  constructor(disk: Disk, path: string, baseOffset: number, maxBytes: number) {
    this.#file = new IndexFile(disk, path, entryBytes);
    this.#baseOffset = baseOffset;
    this.#entriesMax = Math.floor(maxBytes / entryBytes);
  }

  get path(): string {
    return this.#file.path;
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
    const bytes = this.#file.read();
    if (bytes === null) return false;
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
    this.#file.loaded(count);
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
    this.#file.cut(this.#count);
  }

  reset(): void {
    this.#count = 0;
    this.#file.cut(this.#count);
  }

  /** Puts the entries added since the last call into the file; makes the file even when there is none. */
  write(): void {
    this.#file.write(this.#count, (bytes, at, entry) => {
      writeInt32(bytes, at, this.#relative[entry]!);
      writeInt32(bytes, at + 4, this.#positions[entry]!);
    });
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}
