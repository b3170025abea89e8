import type { Codecs, CompressionType } from '../runtime.ts';
import {
  BATCH_OVERHEAD,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  type TimestampType,
  writeBatchHeader,
} from './batch.ts';
import { NO_HEADERS, type RecordHeader } from './record.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

const encoder = new TextEncoder();
/** Header names repeat from record to record; more than this many different ones are encoded each time. */
const CACHED_NAMES_MAX = 64;
/** Below this a loop copies faster than a call of TypedArray.set. */
const SHORT_COPY_BYTES = 24;

/** What `finish` stamps on a batch. Everything has the value of an idle field as its default. */
export interface BatchOptions {
  compression?: CompressionType;
  compressionLevel?: number;
  /** Offset of the record with offset delta 0. Producers leave it 0: the broker assigns it. */
  baseOffset?: number;
  leaderEpoch?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  transactional?: boolean;
  control?: boolean;
  timestampType?: TimestampType;
  /** Milliseconds; default the largest timestamp appended. Under LogAppendTime the timestamp of all records. */
  maxTimestamp?: number;
  /** Default the delta of the last record. The cleaner keeps the span of a batch that it thins out. */
  lastOffsetDelta?: number;
  /** The base timestamp (given to the builder) is a delete horizon (KIP-534). */
  hasDeleteHorizon?: boolean;
}

/**
 * Builds one record batch in a buffer of its own, which grows by doubling. After `finish` the batch's bytes may lie in
 * that buffer, so the builder lets go of it: `reset` starts a new batch in another (or in the same one, handed back by
 * a caller who no longer needs the bytes).
 */
export class BatchBuilder {
  #buffer: Uint8Array;
  #at = BATCH_OVERHEAD;
  #count = 0;
  #lastOffsetDelta = -1;
  #baseTimestamp: number;
  #hasBaseTimestamp: boolean;
  #maxTimestamp = NO_TIMESTAMP;
  readonly #names = new Map<string, Uint8Array>();

  /** `baseTimestamp`: milliseconds; default the first record's timestamp. */
  constructor(options: { buffer?: Uint8Array; initialBytes?: number; baseTimestamp?: number } = {}) {
    this.#buffer = options.buffer ?? new Uint8Array(options.initialBytes ?? 1024);
    this.#hasBaseTimestamp = options.baseTimestamp !== undefined;
    this.#baseTimestamp = options.baseTimestamp ?? NO_TIMESTAMP;
    if (this.#buffer.length < BATCH_OVERHEAD) this.#buffer = new Uint8Array(BATCH_OVERHEAD * 2);
  }

  get recordCount(): number {
    return this.#count;
  }

  /** Where the batch is being built, all of it; empty after `finish`. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Bytes of the batch so far, uncompressed: exact when `finish` does not compress. */
  get sizeBytes(): number {
    return this.#at;
  }

  /** -1 before the first record. */
  get lastOffsetDelta(): number {
    return this.#lastOffsetDelta;
  }

  /** Milliseconds; -1 when there is none. */
  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  /** An upper bound of what `append` would add to `sizeBytes`, tight to 30 bytes. */
  static recordSizeMax(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
  ): number {
    // Length 5, attributes 1, timestamp delta 10, offset delta 5, key and value lengths 5 each, header count 5.
    let size = 36 + (key === null ? 0 : key.length) + (value === null ? 0 : value.length);
    for (const header of headers) size += 10 + header.name.length * 3 + (header.value?.length ?? 0);
    return size;
  }

  /** Adds a record after the last one. `timestamp` in milliseconds, -1 for none. */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
  ): void {
    this.appendAt(this.#lastOffsetDelta + 1, timestamp, key, value, headers);
  }

  /** As `append`, at an offset delta of the caller's, above that of the record before: how compaction leaves gaps. */
  appendAt(
    offsetDelta: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
  ): void {
    if (!this.#hasBaseTimestamp) {
      this.#hasBaseTimestamp = true;
      this.#baseTimestamp = timestamp;
    }
    const timestampDelta = timestamp - this.#baseTimestamp;
    const keyLength = key === null ? -1 : key.length;
    const valueLength = value === null ? -1 : value.length;
    const names = headers.length === 0 ? null : headers.map((header) => this.#nameBytes(header.name));
    let bodyLength =
      1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + varintSize(keyLength) + varintSize(valueLength);
    if (keyLength > 0) bodyLength += keyLength;
    if (valueLength > 0) bodyLength += valueLength;
    bodyLength += varintSize(headers.length);
    if (names !== null) bodyLength += headersSize(headers, names);

    const needed = this.#at + bodyLength + 5;
    if (needed > this.#buffer.length) this.#grow(needed);
    const buffer = this.#buffer;
    let at = writeVarint(buffer, this.#at, bodyLength);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    at = writeVarint(buffer, at, offsetDelta);
    at = writeVarint(buffer, at, keyLength);
    if (key !== null) at = copy(buffer, at, key);
    at = writeVarint(buffer, at, valueLength);
    if (value !== null) at = copy(buffer, at, value);
    at = writeVarint(buffer, at, headers.length);
    if (names !== null) at = writeHeaders(buffer, at, headers, names);

    this.#at = at;
    this.#count++;
    this.#lastOffsetDelta = offsetDelta;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
  }

  /**
   * The bytes of the batch, with header and CRC. They are a view of the builder's buffer when nothing was compressed.
   * Ends this batch: nothing may be appended before `reset`.
   */
  finish(codecs: Codecs, options: BatchOptions = {}): Uint8Array {
    const compression = options.compression ?? 'none';
    let bytes: Uint8Array;
    if (compression === 'none') {
      bytes = this.#buffer.subarray(0, this.#at);
    } else {
      const records = this.#buffer.subarray(BATCH_OVERHEAD, this.#at);
      const compressed = codecs.compress(compression, records, options.compressionLevel);
      bytes = new Uint8Array(BATCH_OVERHEAD + compressed.length);
      bytes.set(compressed, BATCH_OVERHEAD);
    }
    writeBatchHeader(
      bytes,
      0,
      bytes.length,
      {
        baseOffset: options.baseOffset ?? 0,
        leaderEpoch: options.leaderEpoch ?? NO_LEADER_EPOCH,
        compression,
        timestampType: options.timestampType ?? 'CreateTime',
        transactional: options.transactional ?? false,
        control: options.control ?? false,
        hasDeleteHorizon: options.hasDeleteHorizon ?? false,
        lastOffsetDelta: options.lastOffsetDelta ?? Math.max(this.#lastOffsetDelta, 0),
        baseTimestamp: this.#baseTimestamp,
        maxTimestamp: options.maxTimestamp ?? this.#maxTimestamp,
        producerId: options.producerId ?? NO_PRODUCER_ID,
        producerEpoch: options.producerEpoch ?? NO_PRODUCER_EPOCH,
        baseSequence: options.baseSequence ?? NO_SEQUENCE,
        recordCount: this.#count,
      },
      codecs,
    );
    this.#buffer = NO_BUFFER;
    return bytes;
  }

  /** Starts a new batch in `buffer` (≥ 61 bytes), or in a new one of `initialBytes`. */
  reset(options: { buffer?: Uint8Array; initialBytes?: number; baseTimestamp?: number } = {}): void {
    const buffer = options.buffer ?? new Uint8Array(options.initialBytes ?? 1024);
    this.#buffer = buffer.length < BATCH_OVERHEAD ? new Uint8Array(BATCH_OVERHEAD * 2) : buffer;
    this.#at = BATCH_OVERHEAD;
    this.#count = 0;
    this.#lastOffsetDelta = -1;
    this.#hasBaseTimestamp = options.baseTimestamp !== undefined;
    this.#baseTimestamp = options.baseTimestamp ?? NO_TIMESTAMP;
    this.#maxTimestamp = NO_TIMESTAMP;
  }

  #grow(needed: number): void {
    if (this.#buffer === NO_BUFFER) throw new Error('the batch is finished: reset the builder before appending');
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }

  #nameBytes(name: string): Uint8Array {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const encoded = encoder.encode(name);
    if (this.#names.size < CACHED_NAMES_MAX) this.#names.set(name, encoded);
    return encoded;
  }
}

const NO_BUFFER = new Uint8Array(0);

/** A record to encode; `offset` only matters where batches have gaps. */
export interface RecordToEncode {
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers?: readonly RecordHeader[];
}

/** One batch of all `records`, with offsets one after another from `options.baseOffset`. */
export function encodeBatch(
  records: readonly RecordToEncode[],
  codecs: Codecs,
  options: BatchOptions = {},
): Uint8Array {
  const builder = new BatchBuilder();
  for (const record of records) builder.append(record.timestamp, record.key, record.value, record.headers);
  return builder.finish(codecs, options);
}

function headersSize(headers: readonly RecordHeader[], names: readonly Uint8Array[]): number {
  let size = 0;
  for (let index = 0; index < headers.length; index++) {
    const nameLength = names[index]!.length;
    const value = headers[index]!.value;
    size += varintSize(nameLength) + nameLength;
    size += value === null ? 1 : varintSize(value.length) + value.length;
  }
  return size;
}

function writeHeaders(
  buffer: Uint8Array,
  start: number,
  headers: readonly RecordHeader[],
  names: readonly Uint8Array[],
): number {
  let at = start;
  for (let index = 0; index < headers.length; index++) {
    const name = names[index]!;
    const value = headers[index]!.value;
    at = copy(buffer, writeVarint(buffer, at, name.length), name);
    at = writeVarint(buffer, at, value === null ? -1 : value.length);
    if (value !== null) at = copy(buffer, at, value);
  }
  return at;
}

function copy(target: Uint8Array, at: number, source: Uint8Array): number {
  const length = source.length;
  if (length > SHORT_COPY_BYTES) {
    target.set(source, at);
  } else {
    for (let index = 0; index < length; index++) target[at + index] = source[index]!;
  }
  return at + length;
}
