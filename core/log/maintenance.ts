import { DiskError, type Runtime } from '../runtime.ts';
import type { Log } from './log.ts';
import { Schedule } from './schedule.ts';

const FIRST_RETENTION_MS = 30_000;
const FLUSH_CHECK_MS_MAX = 1000;
const PRODUCER_CHECK_MS = 600_000;

export interface MaintenanceOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'disk' | 'log'>;
  readonly retentionCheckIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly logs: () => Iterable<{ readonly log: Log }>;
  readonly writeCheckpoints: () => Promise<void>;
  /** Told of what a disk refuses here. */
  readonly failed: (error: unknown) => void;
}

/** What a log directory does by itself, again and again: flush.ms, retention, checkpoints, expired producers. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #schedule: Schedule;
  /** Directories marked `-delete`, to be removed when their time has come. */
  #deleted: { readonly path: string; readonly sinceMs: number; readonly delayMs: number }[] = [];

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#schedule = new Schedule(options.runtime.timers);
  }

  start(): void {
    const { retentionCheckIntervalMs, checkpointIntervalMs, logs, writeCheckpoints } = this.#options;
    const { every } = this.#schedule;
    every(
      FIRST_RETENTION_MS,
      () => retentionCheckIntervalMs,
      () => this.runRetention(),
    );
    every(
      checkpointIntervalMs,
      () => checkpointIntervalMs,
      () => this.#inBackground(writeCheckpoints()),
    );
    every(
      this.#nextFlushMs(),
      () => this.#nextFlushMs(),
      () => this.#inBackground(this.#flushDueLogs()),
    );
    every(
      PRODUCER_CHECK_MS,
      () => PRODUCER_CHECK_MS,
      () => {
        for (const { log } of logs()) log.removeExpiredProducers();
      },
    );
  }

  stop(): void {
    this.#schedule.stop();
  }

  /** Removes a directory marked `-delete` at the first retention after `delayMs`. */
  removeLater(path: string, delayMs: number): void {
    this.#deleted.push({ path, sinceMs: this.#options.runtime.clock.wallMs(), delayMs });
  }

  runRetention(): void {
    const { logs, writeCheckpoints } = this.#options;
    let deleted = 0;
    for (const { log } of logs()) {
      deleted += log.deleteOldSegments();
      log.removeDeletedFiles();
    }
    // The renames are not durable yet: what a power loss brings back of them lies below the log start.
    if (deleted > 0) this.#inBackground(writeCheckpoints());
    this.#removeDeletedDirectories();
  }

  #removeDeletedDirectories(): void {
    const { clock, disk } = this.#options.runtime;
    const nowMs = clock.wallMs();
    const due = this.#deleted.filter((deleted) => nowMs - deleted.sinceMs >= deleted.delayMs);
    this.#deleted = this.#deleted.filter((deleted) => !due.includes(deleted));
    try {
      for (const deleted of due) disk.removeTree(deleted.path);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Flushes the logs whose flush.ms is over. */
  async #flushDueLogs(): Promise<void> {
    const now = this.#options.runtime.clock.monotonicNs();
    const due = [...this.#options.logs()].filter(({ log }) => dueInMs(log, now) <= 0);
    // A log tells of its own failure; one that is deleted meanwhile fails for itself alone.
    await Promise.allSettled(due.map(({ log }) => log.flush()));
  }

  #nextFlushMs(): number {
    const now = this.#options.runtime.clock.monotonicNs();
    let nextMs = FLUSH_CHECK_MS_MAX;
    for (const { log } of this.#options.logs()) nextMs = Math.min(nextMs, dueInMs(log, now));
    return Math.max(1, nextMs);
  }

  /** A disk error has taken the directory offline by the time it comes here. */
  #inBackground(work: Promise<void>): void {
    work.catch((error) => {
      if (!(error instanceof DiskError)) this.#options.runtime.log.error('log maintenance failed', { error });
    });
  }
}

/** Infinity without flush.ms or with nothing to flush. */
function dueInMs(log: Log, nowNs: number): number {
  if (log.config.flushMs === Number.POSITIVE_INFINITY || log.durableOffset >= log.logEndOffset) {
    return Number.POSITIVE_INFINITY;
  }
  return log.config.flushMs - (nowNs - log.lastFlushNs) / 1e6;
}
