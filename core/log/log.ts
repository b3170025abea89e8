import type { Clock, Codecs, Disk, DiskError } from '../runtime.ts';
import type { LogConfig } from './config.ts';
import type {
  AppendOptions,
  AppendResult,
  EpochEndOffset,
  LogFaults,
  LogHealth,
  ReadRequest,
  ReadResult,
  RecoveryReport,
  TimestampAndOffset,
  VerificationGuard,
} from './outcomes.ts';

export interface LogOptions {
  /** The partition's directory, `<log directory>/<topic>-<partition>`. Made when missing. */
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly config: LogConfig;
  /** From `recovery-point-offset-checkpoint`: everything below is durable. 0 when unknown. */
  readonly recoveryPoint: number;
  /** The directory was closed in order: nothing needs checking. */
  readonly cleanShutdown: boolean;
  /** From `log-start-offset-checkpoint`. */
  readonly logStartOffset?: number;
  /** In [0, 1): this log's share of segmentJitterMs. Default 0. */
  readonly jitter?: number;
  /** Told once, at the first disk error. The log has gone offline by then. */
  readonly onDiskError?: (error: DiskError) => void;
  /** Makes a lowered recovery point durable before a truncation below it. LogDirectory passes its own. */
  readonly lowerRecoveryPoint?: (recoveryPoint: number) => Promise<void>;
  readonly faults?: LogFaults;
}

const later = (): never => {
  throw new Error('not written yet');
};

export class Log {
  private constructor() {}

  /** Loads and, after an unclean shutdown, recovers. Rejects with DiskError. */
  static open(_options: LogOptions): Promise<Log> {
    return later();
  }

  readonly directory!: string;
  readonly recovery!: RecoveryReport;
  readonly health!: LogHealth;
  readonly config!: LogConfig;
  readonly logStartOffset!: number;
  readonly logEndOffset!: number;
  /** Everything below is durable. */
  readonly durableOffset!: number;
  /** What to write into the recovery point checkpoint: ≤ durableOffset. */
  readonly recoveryPoint!: number;
  /** min(high watermark, first offset of the oldest transaction that is open or whose end is not yet replicated). */
  readonly lastStableOffset!: number;
  /** Bytes in all segments. */
  readonly sizeInBytes!: number;
  /** The newest leader epoch in the log, -1 when none. */
  readonly latestEpoch!: number;
  get highWatermark(): number {
    return later();
  }
  /** Set by replication; clamped to [logStartOffset, logEndOffset]. */
  setHighWatermark(_offset: number): void {
    later();
  }
  updateConfig(_config: LogConfig): void {
    later();
  }

  /** One or more whole batches: exactly one from a client, any number otherwise. Synchronous write to the page cache. */
  append(_bytes: Uint8Array, _options: AppendOptions): AppendResult {
    return later();
  }
  /** Several appends of one turn as one write. One result per entry; a refused entry does not stop the others. */
  appendAll(_entries: readonly { readonly bytes: Uint8Array; readonly options: AppendOptions }[]): AppendResult[] {
    return later();
  }
  read(_request: ReadRequest): ReadResult {
    return later();
  }

  /** Resolves when everything below `upTo` (default: log end) is durable. One sync serves all who wait for it. */
  flush(_upTo?: number): Promise<void> {
    return later();
  }
  /** Starts a new segment; its base offset is the log end. */
  roll(): void {
    later();
  }
  /** Cuts everything from `offset` on. Append and truncate must not be called until it resolves. */
  truncateTo(_offset: number): Promise<void> {
    return later();
  }
  truncateFullyAndStartAt(_offset: number, _logStartOffset?: number): Promise<void> {
    return later();
  }
  /** DeleteRecords: moves the log start; refused beyond the high watermark. Returns the new log start offset. */
  deleteRecords(_offset: number): { readonly errorCode: number; readonly logStartOffset: number } {
    return later();
  }
  /** For followers: the leader's log start. Never moves back. */
  maybeIncrementLogStartOffset(_offset: number): void {
    later();
  }
  /** Applies retention by time, size and log start; returns the number of segments deleted. */
  deleteOldSegments(): number {
    return later();
  }
  /** Unlinks files whose deletion delay is over (all of them with `force`). */
  removeDeletedFiles(_force?: boolean): void {
    later();
  }

  /** KIP-101: the largest epoch ≤ `leaderEpoch` and the offset where it ends. */
  endOffsetForEpoch(_leaderEpoch: number): EpochEndOffset {
    return later();
  }
  /** Records an epoch that starts here, when this replica becomes leader. */
  assignEpochStart(_leaderEpoch: number, _startOffset: number): void {
    later();
  }
  /** First record with timestamp ≥ `timestampMs` at or after the log start; null when there is none. */
  offsetForTimestamp(_timestampMs: number): TimestampAndOffset | null {
    return later();
  }
  /** ListOffsets -3: the record with the largest timestamp. */
  offsetOfMaxTimestamp(): TimestampAndOffset | null {
    return later();
  }

  /** KIP-890: null when the producer's transaction is already open here, else the guard to append with. */
  beginVerification(
    _producerId: number,
    _sequence: number,
    _epoch: number,
    _supportsEpochBump: boolean,
  ): VerificationGuard | null {
    return later();
  }
  /** DescribeProducers. */
  activeProducers(): readonly ActiveProducer[] {
    return later();
  }
  removeExpiredProducers(): void {
    later();
  }

  /** Flushes, trims, snapshots the producers, closes. */
  close(): Promise<void> {
    return later();
  }
  /** Renames the directory to `<name>.<32 hex digits>-delete` and closes without flushing. */
  markDeleted(_newDirectory: string): void {
    later();
  }
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
