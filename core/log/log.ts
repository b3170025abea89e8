import { DiskError } from '../runtime.ts';
import { type AppendEntry, stageEntry } from './append.ts';
import type { EpochStart } from './checkpoint-file.ts';
import type { LogConfig } from './config.ts';
import { Flusher } from './flusher.ts';
import { loadLog } from './load.ts';
import { abortedTransactions, NO_ABORTED, offsetForTimestamp, offsetOfMaxTimestamp, readSegments } from './log-read.ts';
import type { LogOptions } from './options.ts';
import {
  type AppendOptions,
  type AppendResult,
  type EpochEndOffset,
  LogError,
  type LogHealth,
  type ReadRequest,
  type ReadResult,
  type RecoveryReport,
  type TimestampAndOffset,
  type VerificationGuard,
} from './outcomes.ts';
import { expiredSegments } from './retention.ts';
import { LogStore } from './store.ts';
import type { TailSlice } from './tail.ts';

const NOTHING = new Uint8Array(0);

export class Log {
  readonly directory: string;
  readonly recovery: RecoveryReport;
  readonly #options: LogOptions;
  readonly #store: LogStore;
  readonly #flusher: Flusher;
  #health: LogHealth;
  #failure: DiskError | null = null;
  #closed = false;
  #logStartOffset: number;
  #highWatermark: number;

  private constructor(
    options: LogOptions,
    store: LogStore,
    recovery: RecoveryReport,
    health: LogHealth,
    logStart: number,
  ) {
    this.directory = options.directory;
    this.recovery = recovery;
    this.#options = options;
    this.#store = store;
    this.#flusher = new Flusher(store, (work) => this.#guard(work));
    this.#health = health;
    this.#logStartOffset = logStart;
    this.#highWatermark = logStart;
  }

  /** Loads and, after an unclean shutdown, recovers. Rejects with DiskError. */
  static async open(options: LogOptions): Promise<Log> {
    const loaded = await loadLog(options);
    return new Log(options, new LogStore(options, loaded), loaded.report, loaded.health, loaded.logStartOffset);
  }

  get health(): LogHealth {
    return this.#health;
  }
  get config(): LogConfig {
    return this.#store.config;
  }
  get logStartOffset(): number {
    return this.#logStartOffset;
  }
  /** Of a corrupt log: where the damage begins. */
  get logEndOffset(): number {
    return this.#store.logEndOffset;
  }
  /** Everything below is durable. */
  get durableOffset(): number {
    return this.#store.durableOffset;
  }
  /** What to write into the recovery point checkpoint: durableOffset, or above the damage of a corrupt log. */
  get recoveryPoint(): number {
    return this.#store.recoveryPoint;
  }
  /** min(high watermark, first offset of the oldest transaction that is open or whose end is not yet replicated). */
  get lastStableOffset(): number {
    const first = Math.max(this.#store.producers.firstUnstableOffset, this.#logStartOffset);
    return Math.min(this.#highWatermark, first);
  }
  /** Bytes in all segments. */
  get sizeInBytes(): number {
    return this.#store.segments.sizeInBytes;
  }
  /** The newest leader epoch in the log, -1 when none. */
  get latestEpoch(): number {
    return this.#store.epochs.latestEpoch;
  }
  /** Which leader epoch began at which offset, rising. A list that is replaced or changed by the next append. */
  get epochStarts(): readonly EpochStart[] {
    return this.#store.epochs.entries;
  }
  get highWatermark(): number {
    return this.#highWatermark;
  }
  /** Nanoseconds of the monotonic clock at the last flush (or the opening). */
  get lastFlushNs(): number {
    return this.#store.lastFlushNs;
  }

  /** Set by replication; clamped to [logStartOffset, logEndOffset]. */
  setHighWatermark(offset: number): void {
    const clamped = Math.max(this.#logStartOffset, Math.min(offset, this.logEndOffset));
    if (clamped === this.#highWatermark) return;
    this.#highWatermark = clamped;
    this.#store.producers.highWatermarkMoved(clamped);
  }

  updateConfig(config: LogConfig): void {
    this.#store.config = config;
  }

  /** One or more whole batches: exactly one from a client, any number otherwise. Synchronous write to the page cache. */
  append(bytes: Uint8Array, options: AppendOptions): AppendResult {
    return this.appendAll([{ bytes, options }])[0]!;
  }

  /** Several appends of one turn as one write. One result per entry; a refused entry does not stop the others. */
  appendAll(entries: readonly AppendEntry[]): AppendResult[] {
    const unable = this.#unable();
    if (unable !== null) return entries.map(() => unable);
    const store = this.#store;
    let totalBytes = 0;
    let whole = false;
    for (const { bytes, options } of entries) {
      totalBytes += bytes.length;
      // A marker's records are read, and a stamped time changes the CRC.
      whole ||= options.origin === 'coordinator' || options.logAppendTimeMs !== undefined;
    }
    try {
      const nowMs = this.#options.clock.wallMs();
      store.startStaging(totalBytes, whole);
      const results: AppendResult[] = [];
      for (const entry of entries) results.push(stageEntry(store, entry, this.#logStartOffset, nowMs, this.#options));
      store.writeStaged();
      if (store.flushWanted) this.#flushInBackground();
      return results;
    } catch (error) {
      // Some of it may stand on disk; none of it is acknowledged.
      const refused = this.#fail(error);
      return entries.map(() => refused);
    }
  }

  read(request: ReadRequest): ReadResult {
    const store = this.#store;
    const { maxBytes, minOneMessage } = request;
    const isLate = this.#options.faults?.readLate === true && request.offset % 100 === 50;
    const offset = isLate ? Math.min(request.offset + 1, store.logEndOffset) : request.offset;
    if (this.#health.kind === 'offline') return refused(LogError.storageError, this.#health.reason);
    const logEndOffset = store.logEndOffset;
    if (this.#health.kind === 'corrupt' && offset >= logEndOffset)
      return refused(LogError.corruptMessage, this.#health.reason);
    if (offset < this.#logStartOffset || offset > logEndOffset) {
      return refused(LogError.offsetOutOfRange, `${offset} is not in [${this.#logStartOffset}, ${logEndOffset}]`);
    }
    const upTo = Math.min(request.upTo, logEndOffset);
    store.readBy(offset);
    let slice: TailSlice | null = null;
    if (offset < upTo) {
      try {
        slice =
          store.tail.read(offset, upTo, maxBytes, minOneMessage) ??
          readSegments(store.segments, { ...request, offset }, upTo);
      } catch (error) {
        return this.#fail(error);
      }
    }
    if (slice === null || slice.bytes.length === 0) {
      return { kind: 'read', bytes: NOTHING, firstOffset: -1, nextOffset: offset, abortedTransactions: NO_ABORTED };
    }
    const { bytes, firstOffset, nextOffset } = slice;
    const aborted =
      request.abortedTransactions === true ? abortedTransactions(store.segments, offset, nextOffset) : NO_ABORTED;
    return { kind: 'read', bytes, firstOffset, nextOffset, abortedTransactions: aborted };
  }

  /** Resolves when everything below `upTo` (default: log end) is durable. One sync serves all who wait for it. */
  async flush(upTo: number = this.logEndOffset): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await this.#flusher.flush(Math.min(upTo, this.logEndOffset));
    // The directory may have gone offline meanwhile: then nothing more is promised from it.
    if (this.#failure !== null) throw this.#failure;
  }

  /** Runs what waits for the device. After the first failure nothing does, for a failed sync must not be retried. */
  async #guard(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    try {
      await work();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Starts a new segment; its base offset is the log end. */
  roll(): void {
    if (this.#unable() !== null) return;
    try {
      this.#store.roll(this.logEndOffset);
      if (this.#store.flushWanted) this.#flushInBackground();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Cuts everything from `offset` on. Append and truncate must not be called until it resolves. */
  truncateTo(offset: number): Promise<void> {
    if (offset >= this.logEndOffset && this.#health.kind === 'healthy') {
      // A term of this replica's own that saw no append may have left an epoch at the end that its leader does not know.
      this.#store.epochs.truncateFromEnd(this.logEndOffset);
      return Promise.resolve();
    }
    return this.#truncate(() => this.#store.truncateTo(offset));
  }

  truncateFullyAndStartAt(offset: number, logStartOffset: number = offset): Promise<void> {
    return this.#truncate(async () => {
      await this.#store.truncateFullyAndStartAt(offset);
      this.#logStartOffset = Math.min(logStartOffset, offset);
    });
  }

  async #truncate(cut: () => Promise<void>): Promise<void> {
    await this.#flusher.exclusive(cut);
    if (this.#health.kind === 'corrupt') this.#health = { kind: 'healthy' };
    this.#logStartOffset = Math.min(this.#logStartOffset, this.logEndOffset);
    this.#highWatermark = Math.min(Math.max(this.#highWatermark, this.#logStartOffset), this.logEndOffset);
    this.#store.producers.highWatermarkMoved(this.#highWatermark);
  }

  /** DeleteRecords: moves the log start; refused beyond the high watermark. Returns the new log start offset. */
  deleteRecords(offset: number): { readonly errorCode: number; readonly logStartOffset: number } {
    if (this.#health.kind === 'offline') return { errorCode: LogError.storageError, logStartOffset: -1 };
    if (this.config.cleanupPolicy === 'compact') return { errorCode: LogError.policyViolation, logStartOffset: -1 };
    if (offset > this.#highWatermark) return { errorCode: LogError.offsetOutOfRange, logStartOffset: -1 };
    this.maybeIncrementLogStartOffset(offset);
    return { errorCode: LogError.none, logStartOffset: this.#logStartOffset };
  }

  /** For followers: the leader's log start. Never moves back. */
  maybeIncrementLogStartOffset(offset: number): void {
    const start = Math.min(offset, this.logEndOffset);
    if (start <= this.#logStartOffset) return;
    this.#logStartOffset = start;
    this.#highWatermark = Math.max(this.#highWatermark, start);
    this.#store.epochs.truncateFromStart(start);
    this.#store.producers.logStartMoved(start);
  }

  /** Applies retention by time, size and log start; returns the number of segments deleted. */
  deleteOldSegments(): number {
    if (this.#health.kind !== 'healthy') return 0;
    const { segments, config } = this.#store;
    const nowMs = this.#options.clock.wallMs();
    const limits = { highWatermark: this.#highWatermark, logStartOffset: this.#logStartOffset, nowMs };
    const count = expiredSegments(segments, config, limits);
    if (count === 0) return 0;
    try {
      if (count === segments.list.length) this.#store.roll(this.logEndOffset);
      this.maybeIncrementLogStartOffset(segments.list[count]!.baseOffset);
      this.#store.dropOldest(count);
    } catch (error) {
      this.#fail(error);
      return 0;
    }
    return count;
  }

  /** Unlinks files whose deletion delay is over (all of them with `force`). */
  removeDeletedFiles(force = false): void {
    try {
      this.#store.removeDeletedFiles(force);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** KIP-101: the largest epoch ≤ `leaderEpoch` and the offset where it ends. */
  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset {
    return this.#store.epochs.endOffsetFor(leaderEpoch, this.logEndOffset);
  }

  /** Records an epoch that starts here, when this replica becomes leader. */
  assignEpochStart(leaderEpoch: number, startOffset: number): void {
    this.#store.epochs.assign(leaderEpoch, startOffset);
  }

  /** First record with timestamp ≥ `timestampMs` at or after the log start; null when there is none. */
  offsetForTimestamp(timestampMs: number): TimestampAndOffset | null {
    const { segments } = this.#store;
    return this.#lookUp(() => offsetForTimestamp(segments, this.#logStartOffset, timestampMs, this.#options.codecs));
  }

  /** ListOffsets -3: the record with the largest timestamp. */
  offsetOfMaxTimestamp(): TimestampAndOffset | null {
    return this.#lookUp(() => offsetOfMaxTimestamp(this.#store.segments, this.#options.codecs));
  }

  /** null too when the log is or goes offline: `health` tells. */
  #lookUp<T>(look: () => T): T | null {
    if (this.#health.kind === 'offline') return null;
    try {
      return look();
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  /** KIP-890: null when the producer's transaction is already open here, else the guard to append with. */
  beginVerification(
    producerId: number,
    sequence: number,
    epoch: number,
    supportsEpochBump: boolean,
  ): VerificationGuard | null {
    const nowMs = this.#options.clock.wallMs();
    return this.#store.producers.beginVerification(producerId, sequence, epoch, supportsEpochBump, nowMs);
  }

  /** DescribeProducers. */
  activeProducers(): readonly ActiveProducer[] {
    return Array.from(this.#store.producers.entries, (entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestampMs: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionStartOffset: entry.openTransactionOffset,
    }));
  }

  removeExpiredProducers(): void {
    this.#store.producers.removeExpired(this.#options.clock.wallMs(), this.config.producerIdExpirationMs);
  }

  /** Flushes, trims, snapshots the producers, closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (this.#failure === null) await this.#flusher.exclusive(() => this.#store.finish());
    } finally {
      this.#store.closeFiles();
    }
  }

  /** Renames the directory to `<name>.<32 hex digits>-delete` and closes without flushing. */
  markDeleted(newDirectory: string): void {
    this.#closed = true;
    this.#store.closeFiles();
    try {
      this.#options.disk.rename(this.directory, newDirectory);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The log directory is offline: from now on everything is refused. */
  goOffline(error: DiskError): void {
    this.#failure ??= error;
    this.#health = { kind: 'offline', reason: this.#failure.message };
  }

  /** A segment was closed: its files become durable without anyone waiting. A failure takes the log offline. */
  #flushInBackground(): void {
    this.#store.flushWanted = false;
    this.flush().catch((error) => {
      if (!(error instanceof DiskError)) throw error;
    });
  }

  #unable(): AppendResult | null {
    if (this.#health.kind === 'healthy' && !this.#closed) return null;
    if (this.#health.kind === 'healthy') return refused(LogError.storageError, 'the log is closed');
    return refused(LogError.storageError, this.#health.reason);
  }

  /** Every disk error ends the log here; anything else is a bug of ours and goes on its way. */
  #fail(error: unknown): { readonly kind: 'refused'; readonly errorCode: number; readonly message: string } {
    if (!(error instanceof DiskError)) throw error;
    const first = this.#failure === null && !this.#closed;
    this.goOffline(error);
    if (first) this.#options.onDiskError?.(error);
    return refused(LogError.storageError, error.message);
  }
}

function refused(errorCode: number, message: string): { kind: 'refused'; errorCode: number; message: string } {
  return { kind: 'refused', errorCode, message };
}

export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  readonly coordinatorEpoch: number;
  /** -1 without an open transaction. */
  readonly currentTransactionStartOffset: number;
}
