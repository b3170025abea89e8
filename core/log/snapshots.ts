import type { Codecs, Disk } from '../runtime.ts';
import { unlinkIfThere } from './deleted-files.ts';
import { readFile } from './durable-file.ts';
import { DELETED_SUFFIX, parseSegmentName, segmentPath } from './file-names.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerState } from './producer-state.ts';

/** The `.snapshot` files of one log: the producers' state below an offset, at every segment's base and at the end. */
export class ProducerSnapshots {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #codecs: Codecs;
  /** Offsets in rising order. */
  #offsets: number[];
  #unsynced: number[] = [];

  constructor(disk: Disk, directory: string, codecs: Codecs) {
    this.#disk = disk;
    this.#directory = directory;
    this.#codecs = codecs;
    this.#offsets = disk
      .list(directory)
      .map(parseSegmentName)
      .filter((name) => name !== null && name.suffix === '.snapshot')
      .map((name) => name!.offset);
  }

  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** Writes the state below `offset`, unless that snapshot stands already. */
  take(offset: number, producers: ProducerState): void {
    if (this.#offsets.includes(offset)) return;
    const file = this.#disk.open(this.#path(offset), { create: true });
    try {
      file.truncate(0);
      file.write(0, [encodeProducerSnapshot(producers.entries, this.#codecs)]);
    } finally {
      file.close();
    }
    this.#offsets.push(offset);
    this.#offsets.sort((a, b) => a - b);
    this.#unsynced.push(offset);
  }

  /** Loads the newest good snapshot at or below `offset`; bad ones are removed. Returns its offset, -1 for none. */
  loadLatest(offset: number, producers: ProducerState): number {
    for (;;) {
      const candidate = this.#offsets.findLast((at) => at <= offset);
      if (candidate === undefined) return -1;
      const bytes = readFile(this.#disk, this.#path(candidate));
      const entries = bytes === null ? null : decodeProducerSnapshot(bytes, this.#codecs);
      if (entries !== null) {
        producers.load(entries, candidate);
        return candidate;
      }
      this.#remove(candidate);
    }
  }

  removeAbove(offset: number): void {
    for (const at of this.#offsets.filter((candidate) => candidate > offset)) this.#remove(at);
  }

  removeAll(): void {
    this.removeAbove(-1);
  }

  /** Keeps those at a segment's base, and the newest. */
  removeStray(bases: ReadonlySet<number>): void {
    const newest = this.#offsets.at(-1);
    for (const at of [...this.#offsets]) if (at !== newest && !bases.has(at)) this.#remove(at);
  }

  /** Renames a deleted segment's snapshot to `.deleted`; its new path, or none. */
  rename(offset: number): string[] {
    if (!this.#offsets.includes(offset)) return [];
    this.#forget(offset);
    const path = this.#path(offset);
    if (this.#disk.stat(path) === null) return [];
    this.#disk.rename(path, path + DELETED_SUFFIX);
    return [path + DELETED_SUFFIX];
  }

  /** Makes durable the snapshots below or at `offset` that were taken since the last call. */
  async sync(offset: number): Promise<void> {
    for (const at of this.#unsynced.filter((candidate) => candidate <= offset)) {
      // Retention may have removed it while another was synced.
      if (!this.#unsynced.includes(at)) continue;
      const file = this.#disk.open(this.#path(at));
      try {
        await file.sync();
      } finally {
        file.close();
      }
      this.#unsynced = this.#unsynced.filter((candidate) => candidate !== at);
    }
  }

  #remove(offset: number): void {
    this.#forget(offset);
    unlinkIfThere(this.#disk, this.#path(offset));
  }

  #forget(offset: number): void {
    this.#offsets = this.#offsets.filter((at) => at !== offset);
    this.#unsynced = this.#unsynced.filter((at) => at !== offset);
  }

  #path(offset: number): string {
    return segmentPath(this.#directory, offset, '.snapshot');
  }
}
