import type { Disk, DiskFile } from '../runtime.ts';
import { readFile } from './durable-file.ts';

/** The file of an index whose entries are held in memory: written behind, and open only while there is a reason. */
export class IndexFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #entryBytes: number;
  /** Entries that stand in the file. */
  #written = 0;
  #file: DiskFile | null = null;

  constructor(disk: Disk, path: string, entryBytes: number) {
    this.#disk = disk;
    this.path = path;
    this.#entryBytes = entryBytes;
  }

  /** Null when there is no file, or one that ends within an entry. */
  read(): Uint8Array | null {
    const bytes = readFile(this.#disk, this.path);
    return bytes === null || bytes.length % this.#entryBytes !== 0 ? null : bytes;
  }

  /** What was read has proved right. */
  loaded(count: number): void {
    this.#written = count;
  }

  /** The index has no more than `count` entries now. */
  cut(count: number): void {
    if (this.#written <= count && this.#file !== null) return;
    // Never longer: entries that were not written yet come with the next `write`.
    this.#written = Math.min(this.#written, count);
    const wasOpen = this.#file !== null;
    // Where there is none, `write` makes it.
    if (!wasOpen && this.#disk.stat(this.path) === null) return;
    this.#open().truncate(this.#written * this.#entryBytes);
    // Descriptors are scarce where partitions are many, and the next write may be far away.
    if (!wasOpen) this.close();
  }

  /** Puts the entries added since the last call into the file; makes the file even when there is none. */
  write(count: number, put: (bytes: Uint8Array, at: number, entry: number) => void): void {
    const file = this.#open();
    const pending = count - this.#written;
    if (pending === 0) return;
    const bytes = new Uint8Array(pending * this.#entryBytes);
    for (let i = 0; i < pending; i++) put(bytes, i * this.#entryBytes, this.#written + i);
    file.write(this.#written * this.#entryBytes, [bytes]);
    this.#written = count;
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
