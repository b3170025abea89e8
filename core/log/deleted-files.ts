import { type Disk, DiskError } from '../runtime.ts';

interface Waiting {
  readonly path: string;
  readonly sinceMs: number;
}

/** Files renamed to `.deleted`, to be unlinked once file.delete.delay.ms is over. */
export class DeletedFiles {
  readonly #disk: Disk;
  #waiting: Waiting[] = [];

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get count(): number {
    return this.#waiting.length;
  }

  add(paths: readonly string[], nowMs: number): void {
    for (const path of paths) this.#waiting.push({ path, sinceMs: nowMs });
  }

  /** Unlinks what has waited `delayMs`. A wall clock that went back only delays. */
  remove(nowMs: number, delayMs: number): void {
    const still: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (nowMs - waiting.sinceMs < delayMs) still.push(waiting);
      else unlinkIfThere(this.#disk, waiting.path);
    }
    this.#waiting = still;
  }
}

/** A file of the same name may have been deleted twice within the delay. */
export function unlinkIfThere(disk: Disk, path: string): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError && error.code === 'ENOENT')) throw error;
  }
}
