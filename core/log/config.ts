/** What a log needs of the topic configuration. Names and defaults are Kafka's (`segment.bytes` → segmentBytes). */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** Upper bound of the random delay taken off segmentMs, so that many logs do not roll at once. */
  readonly segmentJitterMs: number;
  /** Bound on the size of one index file; a full index rolls the segment. */
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  /** -1: no bound. */
  readonly retentionBytes: number;
  /** -1: no bound. */
  readonly retentionMs: number;
  readonly cleanupPolicy: 'delete' | 'compact' | 'compact,delete';
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly fileDeleteDelayMs: number;
  /** Infinity: never by count. `LogDirectory` flushes by flushMs; `append` reports when flushMessages is reached. */
  readonly flushMessages: number;
  readonly flushMs: number;
  /** `producer.id.expiration.ms`: a producer without open transaction is forgotten after this long. */
  readonly producerIdExpirationMs: number;
  /** `transaction.partition.verification.enable` (KIP-890). */
  readonly transactionVerification: boolean;
  /** Bytes of the newest batches kept in memory per log. Not a Kafka setting. */
  readonly tailCacheBytes: number;
}

const dayMs = 86_400_000;

export const defaultLogConfig: LogConfig = {
  segmentBytes: 1 << 30,
  segmentMs: 7 * dayMs,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 << 20,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1_048_588,
  retentionBytes: -1,
  retentionMs: 7 * dayMs,
  cleanupPolicy: 'delete',
  deleteRetentionMs: dayMs,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  minCleanableDirtyRatio: 0.5,
  fileDeleteDelayMs: 60_000,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  producerIdExpirationMs: dayMs,
  transactionVerification: true,
  tailCacheBytes: 1 << 18,
};
