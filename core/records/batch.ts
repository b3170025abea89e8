import type { Codecs, CompressionType } from '../runtime.ts';
import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from './integers.ts';

/*
 * Record batch v2 in bytes (KIP-98; org.apache.kafka.common.record.DefaultRecordBatch), big-endian:
 *
 *    0 base offset int64        21 attributes int16         43 producer id int64
 *    8 length int32 (from 12)   23 last offset delta int32  51 producer epoch int16
 *   12 leader epoch int32       27 base timestamp int64     53 base sequence int32
 *   16 magic int8 = 2           35 max timestamp int64      57 record count int32
 *   17 CRC-32C uint32 of 21…                                61 records (compressed as one)
 *
 * Attributes: bits 0–2 compression, 3 timestamp type (1 = LogAppendTime), 4 transactional, 5 control,
 * 6 has delete horizon (the base timestamp is that horizon; KIP-534).
 *
 * Base offset and leader epoch lie outside the CRC, so a broker stamps them without touching it.
 * The readers take the position of a batch whose header (61 bytes) is known to be there.
 */

/** Base offset and length: what stands before the bytes that `length` counts. */
export const LOG_OVERHEAD = 12;
/** Size of the header of a v2 batch, and so of the smallest batch. */
export const BATCH_OVERHEAD = 61;
/** Bytes needed to tell the magic of any version. */
export const HEADER_SIZE_UP_TO_MAGIC = 17;
export const CURRENT_MAGIC = 2;
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_LEADER_EPOCH = -1;
export const NO_TIMESTAMP = -1;

const COMPRESSION_MASK = 0x07;
const TIMESTAMP_TYPE_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
const DELETE_HORIZON_BIT = 0x40;

const COMPRESSIONS: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export type TimestampType = 'CreateTime' | 'LogAppendTime';

export function batchBaseOffset(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at);
}

/** The whole size, with the 12 bytes before the length's reach. */
export function batchSize(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 8) + LOG_OVERHEAD;
}

export function batchLeaderEpoch(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 12);
}

export function batchMagic(bytes: Uint8Array, at: number): number {
  return (bytes[at + 16]! << 24) >> 24;
}

/** The CRC that the batch claims; see batchCrcIsValid. */
export function batchCrc(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 17) >>> 0;
}

export function batchAttributes(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + 21);
}

export function batchLastOffsetDelta(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 23);
}

export function batchLastOffset(bytes: Uint8Array, at: number): number {
  return batchBaseOffset(bytes, at) + batchLastOffsetDelta(bytes, at);
}

/** Milliseconds since the epoch: what the records' deltas count from (or the delete horizon: batchDeleteHorizon). */
export function batchBaseTimestamp(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + 27);
}

/** Milliseconds since the epoch, -1 for none; under LogAppendTime the timestamp of every record. */
export function batchMaxTimestamp(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + 35);
}

export function batchProducerId(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + 43);
}

export function batchProducerEpoch(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + 51);
}

export function batchBaseSequence(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 53);
}

/** -1 without a sequence. After 2^31-1 comes 0. */
export function batchLastSequence(bytes: Uint8Array, at: number): number {
  const base = batchBaseSequence(bytes, at);
  return base === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(base, batchLastOffsetDelta(bytes, at));
}

/** Records that the header claims: of a compacted batch fewer than its span of offsets, 0 when all are gone. */
export function batchRecordCount(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 57);
}

/** null for an id that no codec has. */
export function batchCompression(bytes: Uint8Array, at: number): CompressionType | null {
  return COMPRESSIONS[bytes[at + 22]! & COMPRESSION_MASK] ?? null;
}

export function batchTimestampType(bytes: Uint8Array, at: number): TimestampType {
  return (bytes[at + 22]! & TIMESTAMP_TYPE_BIT) !== 0 ? 'LogAppendTime' : 'CreateTime';
}

export function isTransactionalBatch(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 22]! & TRANSACTIONAL_BIT) !== 0;
}

export function isControlBatch(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 22]! & CONTROL_BIT) !== 0;
}

/** When the cleaner may drop the tombstones and markers of this batch; null when it was not set (KIP-534). */
export function batchDeleteHorizon(bytes: Uint8Array, at: number): number | null {
  return (bytes[at + 22]! & DELETE_HORIZON_BIT) !== 0 ? batchBaseTimestamp(bytes, at) : null;
}

export function batchCrcIsValid(bytes: Uint8Array, at: number, codecs: Codecs): boolean {
  return codecs.crc32c(bytes.subarray(at + 21, at + batchSize(bytes, at))) === batchCrc(bytes, at);
}

/** Leaves the CRC as it is: it does not cover this field. */
export function setBatchBaseOffset(bytes: Uint8Array, at: number, baseOffset: number): void {
  writeInt64(bytes, at, baseOffset);
}

/** Leaves the CRC as it is: it does not cover this field. */
export function setBatchLeaderEpoch(bytes: Uint8Array, at: number, leaderEpoch: number): void {
  writeInt32(bytes, at + 12, leaderEpoch);
}

/** Rewrites timestamp type and max timestamp, and the CRC with them (records and base timestamp stay as they are). */
export function setBatchMaxTimestamp(
  bytes: Uint8Array,
  at: number,
  timestampType: TimestampType,
  maxTimestamp: number,
  codecs: Codecs,
): void {
  const attributes = batchAttributes(bytes, at) & ~TIMESTAMP_TYPE_BIT;
  writeInt16(bytes, at + 21, attributes | (timestampType === 'LogAppendTime' ? TIMESTAMP_TYPE_BIT : 0));
  writeInt64(bytes, at + 35, maxTimestamp);
  setBatchCrc(bytes, at, codecs);
}

/** Computes the CRC of a batch whose other fields are final. */
export function setBatchCrc(bytes: Uint8Array, at: number, codecs: Codecs): void {
  writeInt32(bytes, at + 17, codecs.crc32c(bytes.subarray(at + 21, at + batchSize(bytes, at))));
}

/** A sequence number `by` (≥ 0, < 2^31) further on; after 2^31-1 comes 0. */
export function incrementSequence(sequence: number, by: number): number {
  const sum = sequence + by;
  return sum > 2147483647 ? sum - 2147483648 : sum;
}

/** The fields of a header, for a writer. */
export interface BatchHeader {
  baseOffset: number;
  leaderEpoch: number;
  compression: CompressionType;
  timestampType: TimestampType;
  transactional: boolean;
  control: boolean;
  /** Set: the base timestamp is a delete horizon (KIP-534). */
  hasDeleteHorizon: boolean;
  lastOffsetDelta: number;
  baseTimestamp: number;
  maxTimestamp: number;
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  recordCount: number;
}

/** Writes the 61 bytes before `size - 61` bytes of records that are already in place, and the CRC over both. */
export function writeBatchHeader(
  bytes: Uint8Array,
  at: number,
  size: number,
  header: BatchHeader,
  codecs: Codecs,
): void {
  writeInt64(bytes, at, header.baseOffset);
  writeInt32(bytes, at + 8, size - LOG_OVERHEAD);
  writeInt32(bytes, at + 12, header.leaderEpoch);
  bytes[at + 16] = CURRENT_MAGIC;
  writeInt16(
    bytes,
    at + 21,
    COMPRESSIONS.indexOf(header.compression) |
      (header.timestampType === 'LogAppendTime' ? TIMESTAMP_TYPE_BIT : 0) |
      (header.transactional ? TRANSACTIONAL_BIT : 0) |
      (header.control ? CONTROL_BIT : 0) |
      (header.hasDeleteHorizon ? DELETE_HORIZON_BIT : 0),
  );
  writeInt32(bytes, at + 23, header.lastOffsetDelta);
  writeInt64(bytes, at + 27, header.baseTimestamp);
  writeInt64(bytes, at + 35, header.maxTimestamp);
  writeInt64(bytes, at + 43, header.producerId);
  writeInt16(bytes, at + 51, header.producerEpoch);
  writeInt32(bytes, at + 53, header.baseSequence);
  writeInt32(bytes, at + 57, header.recordCount);
  setBatchCrc(bytes, at, codecs);
}
