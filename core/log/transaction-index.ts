import { readInt16, readInt64, writeInt16, writeInt64 } from '../records/integers.ts';
import type { Disk, DiskFile } from '../runtime.ts';
import { readFile } from './durable-file.ts';

const entryBytes = 34;

export interface AbortedRange {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of the abort marker. */
  readonly lastOffset: number;
  /** The last stable offset right after this transaction ended. */
  readonly lastStableOffset: number;
}

/** `.txnindex`: the aborted transactions whose marker stands in this segment. The file exists only when there is one. */
export class TransactionIndex {
  readonly path: string;
  readonly #disk: Disk;
  #entries: AbortedRange[] = [];
  #file: DiskFile | null = null;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.path = path;
  }

  get entries(): readonly AbortedRange[] {
    return this.#entries;
  }

  /** False when the file is there but cannot be right; a missing file is an empty index. */
  load(baseOffset: number): boolean {
    const bytes = readFile(this.#disk, this.path);
    this.#entries = [];
    if (bytes === null) return true;
    if (bytes.length % entryBytes !== 0) return false;
    for (let at = 0; at < bytes.length; at += entryBytes) {
      const entry = {
        producerId: readInt64(bytes, at + 2),
        firstOffset: readInt64(bytes, at + 10),
        lastOffset: readInt64(bytes, at + 18),
        lastStableOffset: readInt64(bytes, at + 26),
      };
      if (readInt16(bytes, at) !== 0 || entry.lastOffset < baseOffset || entry.firstOffset > entry.lastOffset)
        return false;
      this.#entries.push(entry);
    }
    return true;
  }

  /** Written at once: transactions that abort are rare. */
  append(entry: AbortedRange): void {
    const bytes = new Uint8Array(entryBytes);
    writeInt16(bytes, 0, 0);
    writeInt64(bytes, 2, entry.producerId);
    writeInt64(bytes, 10, entry.firstOffset);
    writeInt64(bytes, 18, entry.lastOffset);
    writeInt64(bytes, 26, entry.lastStableOffset);
    this.#file ??= this.#disk.open(this.path, { create: true });
    this.#file.write(this.#entries.length * entryBytes, [bytes]);
    this.#entries.push(entry);
  }

  /** Drops the transactions that ended at or after `offset`. */
  truncateTo(offset: number): void {
    const kept = this.#entries.filter((entry) => entry.lastOffset < offset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.#file ??= this.#disk.open(this.path, { create: true });
    this.#file.truncate(kept.length * entryBytes);
  }

  /** Empties index and file, whatever the file holds. */
  reset(): void {
    this.#entries = [];
    if (this.#disk.stat(this.path) === null) return;
    this.#file ??= this.#disk.open(this.path);
    this.#file.truncate(0);
  }

  async sync(): Promise<void> {
    if (this.#disk.stat(this.path) === null) return;
    this.#file ??= this.#disk.open(this.path);
    await this.#file.sync();
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
