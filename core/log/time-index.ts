import { readInt32, readInt64, writeInt32, writeInt64 } from '../records/integers.ts';
import type { Disk } from '../runtime.ts';
import { IndexFile } from './index-file.ts';

const entryBytes = 12;

/**
 * `.timeindex`: (timestamp, offset − base): the largest timestamp up to that offset, strictly rising. Held in memory;
 * the file is written behind, in `write`.
 */
export class TimeIndex {
  readonly #file: IndexFile;
  readonly #baseOffset: number;
  readonly #entriesMax: number;
  #timestamps: number[] = [];
  #relative: number[] = [];

  constructor(disk: Disk, path: string, baseOffset: number, maxBytes: number) {
    this.#file = new IndexFile(disk, path, entryBytes);
    this.#baseOffset = baseOffset;
    this.#entriesMax = Math.floor(maxBytes / entryBytes);
  }

  get path(): string {
    return this.#file.path;
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
    const bytes = this.#file.read();
    if (bytes === null) return false;
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
    this.#file.loaded(timestamps.length);
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
    this.#file.cut(this.#timestamps.length);
  }

  reset(): void {
    this.#timestamps = [];
    this.#relative = [];
    this.#file.cut(this.#timestamps.length);
  }

  /** Puts the entries added since the last call into the file; makes the file even when there is none. */
  write(): void {
    this.#file.write(this.#timestamps.length, (bytes, at, entry) => {
      writeInt64(bytes, at, this.#timestamps[entry]!);
      writeInt32(bytes, at + 8, this.#relative[entry]!);
    });
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}
