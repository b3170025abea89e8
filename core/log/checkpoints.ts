import type { Disk } from '../runtime.ts';
import { formatOffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts';
import { readText, replaceFile } from './durable-file.ts';
import type { TopicPartition } from './partition-directory.ts';

export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint';
export const LOG_START_FILE = 'log-start-offset-checkpoint';
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint';

/** One checkpoint file of a log directory. Writes follow one another; each writes what holds when its turn comes. */
export class Checkpoint {
  readonly #disk: Disk;
  readonly #path: string;
  #last: Promise<void> = Promise.resolve();
  #written: string | null = null;

  constructor(disk: Disk, directory: string, name: string) {
    this.#disk = disk;
    this.#path = `${directory}/${name}`;
  }

  /** By `<topic>-<partition>`. An unreadable file is as good as none: then everything is checked. */
  read(): Map<string, number> {
    const text = readText(this.#disk, this.#path);
    return (text === null ? null : parseOffsetCheckpoint(text)) ?? new Map();
  }

  /** Resolves when a file with what `entries` gave is durable. */
  write(entries: () => readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    const done = this.#last.then(async () => {
      const text = formatOffsetCheckpoint(entries());
      if (text === this.#written) return;
      this.#written = null;
      await replaceFile(this.#disk, this.#path, text);
      this.#written = text;
    });
    this.#last = done.catch(() => {});
    return done;
  }
}
