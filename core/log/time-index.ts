import { readInt32, readInt64, writeInt32, writeInt64 } from '../records/integers.ts';
import type { Disk, DiskFile } from '../runtime.ts';
import { readFile } from './durable-file.ts';

const entryBytes = 12;

/**
 * `.timeindex`: (timestamp, offset − base): the largest timestamp up to that offset, strictly rising. Held in memory;
 * the file is written behind, in `write`.
 */
export class TimeIndex {
  readonly path: string;
  readonly #disk: Disk;
  readonly #baseOffset: number;
  readonly #entriesMax: number;
  #timestamps: number[] = [];
  #relative: number[] = [];
  #written = 0;
  #file: DiskFile | null = null;

  constructor(disk: Disk, path: string, baseOffset: number, maxBytes: number) {
    this.#disk = disk;
    this.path = path;
    this.#baseOffset = baseOffset;
    this.#entriesMax = Math.floor(maxBytes / entryBytes);
  }

  get count(): number {
    return this.#timestamps.length;
  }
  /** One slot stays free for the entry that closing a segment adds. */
  get isFull(): boolean {
    return this.#timestamps.length >= this.#entriesMax - 1;
  }
  /** -1 when empty. */
  get lastTimestamp(): number {
    return this.#timestamps.at(-1) ?? -1;
  }
  get lastOffset(): number {
    return this.#baseOffset + (this.#relative.at(-1) ?? 0);
  }

  /** Reads the file. False when it is missing or cannot be right. */
  load(): boolean {
    const bytes = readFile(this.#disk, this.path);
    if (bytes === null || bytes.length % entryBytes !== 0) return false;
    const timestamps: number[] = [];
    const relative: number[] = [];
    for (let at = 0; at < bytes.length; at += entryBytes) {
      const timestamp = readInt64(bytes, at);
      const offset = readInt32(bytes, at + 8);
      if (offset < 0 || timestamp < 0) return false;
      if (at > 0 && (timestamp <= timestamps.at(-1)! || offset <= relative.at(-1)!)) return false;
      timestamps.push(timestamp);
      relative.push(offset);
    }
    this.#timestamps = timestamps;
    this.#relative = relative;
    this.#written = timestamps.length;
    return true;
  }

  /** Adds an entry when the timestamp is above the last one. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp < 0 || timestamp <= this.lastTimestamp) return;
    const relative = offset - this.#baseOffset;
    if (this.#relative.length > 0 && relative <= this.#relative.at(-1)!) return;
    this.#timestamps.push(timestamp);
    this.#relative.push(relative);
  }

  /** An offset before which every timestamp is below `timestamp`. */
  lookup(timestamp: number): number {
    let low = 0;
    let high = this.#timestamps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! >= timestamp) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? this.#baseOffset : this.#baseOffset + this.#relative[low - 1]!;
  }

  truncateTo(offset: number): void {
    while (this.#relative.length > 0 && this.#baseOffset + this.#relative.at(-1)! >= offset) {
      this.#relative.pop();
      this.#timestamps.pop();
    }
    this.#cut();
  }

  reset(): void {
    this.#timestamps = [];
    this.#relative = [];
    this.#cut();
  }

  #cut(): void {
    const count = this.#timestamps.length;
    if (this.#written <= count && this.#file !== null) return;
    this.#written = Math.min(this.#written, count);
    const wasOpen = this.#file !== null;
    // Where there is none, `write` makes it.
    if (!wasOpen && this.#disk.stat(this.path) === null) return;
    this.#open().truncate(this.#written * entryBytes);
    // Descriptors are scarce where partitions are many, and the next write may be far away.
    if (!wasOpen) this.close();
  }

  write(): void {
    const file = this.#open();
    const pending = this.#timestamps.length - this.#written;
    if (pending === 0) return;
    const bytes = new Uint8Array(pending * entryBytes);
    for (let i = 0; i < pending; i++) {
      writeInt64(bytes, i * entryBytes, this.#timestamps[this.#written + i]!);
      writeInt32(bytes, i * entryBytes + 8, this.#relative[this.#written + i]!);
    }
    file.write(this.#written * entryBytes, [bytes]);
    this.#written = this.#timestamps.length;
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
