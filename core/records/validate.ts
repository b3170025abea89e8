import type { Codecs, CompressionType } from '../runtime.ts';
import {
  BATCH_OVERHEAD,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCompression,
  batchCrcIsValid,
  batchLastOffsetDelta,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSize,
  batchTimestampType,
  isControlBatch,
  isTransactionalBatch,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
  setBatchMaxTimestamp,
  type TimestampType,
} from './batch.ts';
import { MAX_DECOMPRESSED_BYTES, RecordCursor } from './cursor.ts';
import { batchBoundary } from './walk.ts';

/** Kafka's error codes that validation can give. */
export const CORRUPT_MESSAGE = 2;
export const MESSAGE_TOO_LARGE = 10;
export const INVALID_TIMESTAMP = 32;
export const UNSUPPORTED_COMPRESSION_TYPE = 76;
export const INVALID_RECORD = 87;

/** As many bad records are named in an answer (LogValidator shows three). */
const REPORTED_RECORDS_MAX = 3;
/** The first Produce version that may carry zstd (KIP-110). */
const ZSTD_PRODUCE_VERSION = 7;

/** What the topic's configuration asks of a batch. */
export interface ValidationRules {
  /** max.message.bytes: bound on the size of the batch as sent, compressed. */
  maxMessageBytes: number;
  /** message.timestamp.type */
  timestampType: TimestampType;
  /** message.timestamp.before.max.ms: how far a record's timestamp may lie behind the broker's clock. */
  timestampBeforeMaxMs: number;
  /** message.timestamp.after.max.ms: how far it may lie ahead. */
  timestampAfterMaxMs: number;
  /** cleanup.policy has `compact`: every record needs a key. */
  compacted: boolean;
  /** Bound in bytes on what a compressed batch may expand to; default MAX_DECOMPRESSED_BYTES. */
  maxDecompressedBytes?: number;
}

/** A batch fit to be appended, and what the log wants to know of it. The bytes have not been changed. */
export interface ValidBatch {
  kind: 'ok';
  size: number;
  recordCount: number;
  lastOffsetDelta: number;
  compression: CompressionType;
  transactional: boolean;
  /** -1 for a producer without idempotence. */
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  lastSequence: number;
  /** As the batch shall be stored: the topic's. */
  timestampType: TimestampType;
  /** Milliseconds, as the batch shall be stored: the largest of its records, or the broker's clock. */
  maxTimestamp: number;
  /** Offset delta of the first record with that timestamp (the last record under LogAppendTime). */
  maxTimestampOffsetDelta: number;
  /** The header says otherwise about timestamps: stampTimestamps must rewrite it before the append. */
  rewriteTimestamps: boolean;
}

export interface InvalidBatch {
  kind: 'error';
  /** Kafka's error code. */
  code: number;
  message: string;
  /** Up to three bad records by their index in the batch (KIP-467). */
  badRecords: { index: number; message: string }[];
}

export type ValidationResult = ValidBatch | InvalidBatch;

/** One cursor serves all calls: validation is synchronous and never re-entered. */
const cursor = new RecordCursor();

/**
 * Checks the `records` of one partition of a Produce request as Kafka's leader does (ProduceRequest.validateRecords,
 * UnifiedLog.analyzeAndValidateRecords, LogValidator): in constant space, and time linear in the bounded size.
 * Stricter than Kafka in two points: bytes after the batch are refused (Kafka drops a torn tail), and offset deltas
 * must count 0, 1, 2 … also in batches that are not compressed.
 */
export function validateProduceRecords(
  records: Uint8Array | null,
  produceVersion: number,
  rules: ValidationRules,
  nowMs: number,
  codecs: Codecs,
): ValidationResult {
  const bytes = records ?? new Uint8Array(0);
  const refusal = checkHeader(bytes, produceVersion, rules, codecs);
  if (refusal !== null) return refusal;
  const result = checkRecords(bytes, rules, nowMs, codecs);
  cursor.close();
  return result;
}

function checkRecords(bytes: Uint8Array, rules: ValidationRules, nowMs: number, codecs: Codecs): ValidationResult {
  const recordCount = batchRecordCount(bytes, 0);
  const appendTime = rules.timestampType === 'LogAppendTime';
  const headerTimestampType = batchTimestampType(bytes, 0);
  if (appendTime && headerTimestampType === 'LogAppendTime') {
    return invalid(INVALID_TIMESTAMP, 'a producer must not set the timestamp type LogAppendTime');
  }

  if (!cursor.open(bytes, 0, codecs, rules.maxDecompressedBytes ?? MAX_DECOMPRESSED_BYTES)) {
    return invalid(CORRUPT_MESSAGE, `the records cannot be decompressed: ${cursor.failure}`);
  }
  const badRecords: InvalidBatch['badRecords'] = [];
  let badCount = 0;
  let badTimestamps = 0;
  let maxTimestamp = NO_TIMESTAMP;
  let maxTimestampOffsetDelta = -1;
  const earliest = nowMs - rules.timestampBeforeMaxMs;
  const latest = nowMs + rules.timestampAfterMaxMs;
  while (cursor.next()) {
    let complaint: string | null = null;
    if (cursor.offsetDelta !== cursor.index) {
      return invalid(INVALID_RECORD, `record ${cursor.index} has offset delta ${cursor.offsetDelta}`);
    }
    const timestamp = cursor.timestamp;
    if (rules.compacted && cursor.keyLength < 0) {
      complaint = 'a compacted topic cannot accept a record without a key';
    } else if (!appendTime && timestamp !== NO_TIMESTAMP && !(timestamp >= earliest && timestamp <= latest)) {
      complaint = `timestamp ${timestamp} is not in [${earliest}, ${latest}]`;
      badTimestamps++;
    }
    if (complaint !== null) {
      badCount++;
      if (badRecords.length < REPORTED_RECORDS_MAX) badRecords.push({ index: cursor.index, message: complaint });
    }
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      maxTimestampOffsetDelta = cursor.offsetDelta;
    }
  }
  if (cursor.failure !== null) return invalid(INVALID_RECORD, cursor.failure);
  if (badCount > 0) {
    return badTimestamps > 0
      ? invalid(INVALID_TIMESTAMP, 'records were rejected for their timestamps', badRecords)
      : invalid(INVALID_RECORD, `${badCount} records were rejected`, badRecords);
  }
  const lastOffsetDelta = batchLastOffsetDelta(bytes, 0);
  if (appendTime || maxTimestampOffsetDelta < 0) maxTimestampOffsetDelta = lastOffsetDelta;
  if (appendTime) maxTimestamp = nowMs;
  return {
    kind: 'ok',
    size: bytes.length,
    recordCount,
    lastOffsetDelta,
    compression: batchCompression(bytes, 0) ?? 'none',
    transactional: isTransactionalBatch(bytes, 0),
    producerId: batchProducerId(bytes, 0),
    producerEpoch: batchProducerEpoch(bytes, 0),
    baseSequence: batchBaseSequence(bytes, 0),
    lastSequence: batchLastSequence(bytes, 0),
    timestampType: rules.timestampType,
    maxTimestamp,
    maxTimestampOffsetDelta,
    rewriteTimestamps: headerTimestampType !== rules.timestampType || batchMaxTimestamp(bytes, 0) !== maxTimestamp,
  };
}

/** Rewrites the header's timestamps (and the CRC) where validation found that they must be; compressed data stays. */
export function stampTimestamps(bytes: Uint8Array, batch: ValidBatch, codecs: Codecs): void {
  if (batch.rewriteTimestamps) setBatchMaxTimestamp(bytes, 0, batch.timestampType, batch.maxTimestamp, codecs);
}

/** Everything that the header alone tells, and the CRC. */
function checkHeader(
  bytes: Uint8Array,
  produceVersion: number,
  rules: ValidationRules,
  codecs: Codecs,
): InvalidBatch | null {
  const boundary = batchBoundary(bytes, 0, bytes.length);
  switch (boundary.kind) {
    case 'truncated':
      return invalid(INVALID_RECORD, 'a partition of a Produce request must hold exactly one whole record batch');
    case 'corrupt':
      // The old formats are well-formed and refused; what no format explains is corrupt.
      return invalid(boundary.magic === null ? CORRUPT_MESSAGE : INVALID_RECORD, boundary.reason);
    case 'batch':
      break;
  }
  const size = batchSize(bytes, 0);
  if (size !== bytes.length) {
    return invalid(INVALID_RECORD, 'a partition of a Produce request must hold exactly one record batch');
  }
  const compression = batchCompression(bytes, 0);
  if (compression === 'zstd' && produceVersion < ZSTD_PRODUCE_VERSION) {
    return invalid(UNSUPPORTED_COMPRESSION_TYPE, `Produce v${produceVersion} cannot carry zstd`);
  }
  if (batchBaseOffset(bytes, 0) !== 0) {
    return invalid(INVALID_RECORD, `the base offset must be 0, not ${batchBaseOffset(bytes, 0)}`);
  }
  if (size > rules.maxMessageBytes) {
    return invalid(MESSAGE_TOO_LARGE, `the batch has ${size} bytes, max.message.bytes is ${rules.maxMessageBytes}`);
  }
  if (!batchCrcIsValid(bytes, 0, codecs)) return invalid(CORRUPT_MESSAGE, 'the CRC of the batch is wrong');
  if (compression === null) return invalid(CORRUPT_MESSAGE, 'the batch names an unknown compression codec');
  const recordCount = batchRecordCount(bytes, 0);
  if (recordCount <= 0 || batchLastOffsetDelta(bytes, 0) + 1 !== recordCount) {
    return invalid(
      INVALID_RECORD,
      `the batch spans ${batchLastOffsetDelta(bytes, 0) + 1} offsets but has ${recordCount} records`,
    );
  }
  if (compression === 'none' && recordCount > (size - BATCH_OVERHEAD) / 7) {
    return invalid(INVALID_RECORD, `${recordCount} records cannot stand in ${size} bytes`);
  }
  if (isControlBatch(bytes, 0)) return invalid(INVALID_RECORD, 'clients must not write control records');
  if (batchProducerId(bytes, 0) !== NO_PRODUCER_ID && batchBaseSequence(bytes, 0) < 0) {
    return invalid(INVALID_RECORD, 'a batch with a producer id needs a sequence number');
  }
  if (!Number.isSafeInteger(batchBaseTimestamp(bytes, 0)) || !Number.isSafeInteger(batchMaxTimestamp(bytes, 0))) {
    return invalid(INVALID_TIMESTAMP, 'a timestamp of the batch is beyond 2^53');
  }
  return null;
}

function invalid(code: number, message: string, badRecords: InvalidBatch['badRecords'] = []): InvalidBatch {
  return { kind: 'error', code, message, badRecords };
}
