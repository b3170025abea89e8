import { CodecError, type Codecs } from '../runtime.ts';
import {
  BATCH_OVERHEAD,
  batchBaseOffset,
  batchBaseTimestamp,
  batchCompression,
  batchMaxTimestamp,
  batchRecordCount,
  batchSize,
  batchTimestampType,
  NO_TIMESTAMP,
} from './batch.ts';
import type { DecodedRecord, RecordHeader } from './record.ts';

/** Bound on what one compressed batch may expand to, unless the caller gives another: 128 MiB. */
export const MAX_DECOMPRESSED_BYTES = 134217728;

/** Attributes, two deltas, two lengths and the count of headers, a byte each. */
const SMALLEST_RECORD_BODY = 6;

const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Walks the records of one v2 batch without making an object per record: `next()` moves on, the fields tell about the
 * record it stands on. It never throws on bad bytes: `next()` then returns false and `failure` says why. Time is linear
 * in the (bounded) decompressed size, whatever the counts and lengths claim. Reusable by `open`.
 */
export class RecordCursor {
  /** Why the walk ended early; null while all is well, and after a batch whose records were all good. */
  failure: string | null = null;
  /** Position of the record in the batch: 0, 1, 2 …; -1 before the first `next()`. */
  index = -1;
  offsetDelta = 0;
  timestampDelta = 0;
  offset = 0;
  /** Milliseconds since the epoch, -1 for none. Under LogAppendTime the batch's max timestamp. */
  timestamp: number = NO_TIMESTAMP;
  /** The decompressed records; positions below count in it. */
  bytes: Uint8Array = NOTHING;
  keyAt = 0;
  /** -1 for a null key. */
  keyLength = -1;
  valueAt = 0;
  /** -1 for a null value. */
  valueLength = -1;
  headerCount = 0;
  /** Size in bytes of the whole record as written, with its length prefix. */
  recordSize = 0;

  #at = 0;
  #end = 0;
  #count = 0;
  #baseOffset = 0;
  #baseTimestamp = 0;
  #appendTimestamp: number = NO_TIMESTAMP;
  #hasAppendTime = false;
  #headersAt = 0;

  /**
   * Starts at the whole batch at `at` (wholeBatchSize > 0), decompressing it. False and a `failure` when that cannot
   * be done within `maxDecompressedBytes`. The CRC is not checked here.
   */
  open(bytes: Uint8Array, at: number, codecs: Codecs, maxDecompressedBytes: number = MAX_DECOMPRESSED_BYTES): boolean {
    this.failure = null;
    this.index = -1;
    this.#count = batchRecordCount(bytes, at);
    this.#baseOffset = batchBaseOffset(bytes, at);
    this.#baseTimestamp = batchBaseTimestamp(bytes, at);
    this.#hasAppendTime = batchTimestampType(bytes, at) === 'LogAppendTime';
    this.#appendTimestamp = batchMaxTimestamp(bytes, at);
    const compression = batchCompression(bytes, at);
    const end = at + batchSize(bytes, at);
    if (compression === 'none') {
      this.bytes = bytes;
      this.#at = at + BATCH_OVERHEAD;
      this.#end = end;
      return true;
    }
    this.bytes = NOTHING;
    this.#at = 0;
    this.#end = 0;
    this.#count = 0;
    if (compression === null) return this.#fail('unknown compression codec');
    try {
      this.bytes = codecs.decompress(compression, bytes.subarray(at + BATCH_OVERHEAD, end), maxDecompressedBytes);
    } catch (error) {
      if (error instanceof CodecError) return this.#fail(error.message);
      throw error;
    }
    this.#end = this.bytes.length;
    this.#count = batchRecordCount(bytes, at);
    return true;
  }

  /** Moves to the next record. False at the end of the batch, or with a `failure`. */
  next(): boolean {
    if (this.failure !== null) return false;
    const index = this.index + 1;
    if (index >= this.#count) {
      if (this.#at !== this.#end) return this.#fail('bytes remain after the last record');
      return false;
    }
    const start = this.#at;
    const length = this.#varint();
    const bodyAt = this.#at;
    if (this.failure !== null) return false;
    if (length < SMALLEST_RECORD_BODY || length > this.#end - bodyAt) {
      return this.#fail('the length of a record is out of bounds');
    }
    const batchEnd = this.#end;
    const recordEnd = bodyAt + length;
    // While inside the record nothing may be read past its end.
    this.#end = recordEnd;
    this.#at = bodyAt + 1;
    this.timestampDelta = this.#varlong();
    this.offsetDelta = this.#varint();
    this.keyLength = this.#varint();
    this.keyAt = this.#at;
    this.#skip(this.keyLength);
    this.valueLength = this.#varint();
    this.valueAt = this.#at;
    this.#skip(this.valueLength);
    this.headerCount = this.#varint();
    this.#headersAt = this.#at;
    if (this.headerCount !== 0) this.#skipHeaders();
    if (this.failure !== null) return false;
    if (this.#at !== recordEnd) return this.#fail('the length of a record is not that of its fields');
    this.#end = batchEnd;
    this.recordSize = recordEnd - start;
    this.index = index;
    this.offset = this.#baseOffset + this.offsetDelta;
    this.timestamp = this.#hasAppendTime ? this.#appendTimestamp : this.#baseTimestamp + this.timestampDelta;
    return true;
  }

  /** Lets go of the bytes: for a cursor that outlives the batch. */
  close(): void {
    this.bytes = NOTHING;
    this.#at = 0;
    this.#end = 0;
    this.#count = 0;
  }

  /** A view, not a copy. */
  key(): Uint8Array | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyAt, this.keyAt + this.keyLength);
  }

  /** A view, not a copy. */
  value(): Uint8Array | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength);
  }

  /** Decodes the headers of the current record; `next()` has already checked their bounds. */
  headers(): RecordHeader[] {
    const headers: RecordHeader[] = [];
    const resumeAt = this.#at;
    this.#at = this.#headersAt;
    for (let index = 0; index < this.headerCount; index++) {
      const nameLength = this.#varint();
      const nameAt = this.#at;
      this.#at += nameLength;
      const valueLength = this.#varint();
      const valueAt = this.#at;
      if (valueLength > 0) this.#at += valueLength;
      headers.push({
        name: decoder.decode(this.bytes.subarray(nameAt, nameAt + nameLength)),
        value: valueLength < 0 ? null : this.bytes.subarray(valueAt, valueAt + valueLength),
      });
    }
    this.#at = resumeAt;
    return headers;
  }

  /** The current record as an object of its own (its key, value and header values are views). */
  record(): DecodedRecord {
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: this.key(),
      value: this.value(),
      headers: this.headers(),
    };
  }

  #fail(reason: string): false {
    // The first reason is the true one; what follows from it says nothing.
    this.failure ??= reason;
    return false;
  }

  #skipHeaders(): void {
    if (this.headerCount < 0) {
      this.#fail('the count of headers is negative');
      return;
    }
    for (let index = 0; index < this.headerCount && this.failure === null; index++) {
      const nameLength = this.#varint();
      if (nameLength < 0) this.#fail('the name of a header is null');
      this.#skip(nameLength);
      this.#skip(this.#varint());
    }
  }

  /** -1 stands for null and skips nothing. */
  #skip(length: number): void {
    if (length < -1 || length > this.#end - this.#at) this.#fail('a length is out of bounds');
    else if (length > 0) this.#at += length;
  }

  /** Zigzag, at most 5 bytes and 32 bits. Returns 0 once there is a failure. */
  #varint(): number {
    const bytes = this.bytes;
    const end = this.#end;
    let at = this.#at;
    if (this.failure !== null) return 0;
    if (at < end) {
      const first = bytes[at++]!;
      if (first < 0x80) {
        this.#at = at;
        return (first >>> 1) ^ -(first & 1);
      }
      let value = first & 0x7f;
      for (let shift = 7; shift <= 28 && at < end; shift += 7) {
        const byte = bytes[at++]!;
        if (byte < 0x80) {
          if (shift === 28 && byte > 0x0f) break;
          value |= byte << shift;
          this.#at = at;
          return (value >>> 1) ^ -(value & 1);
        }
        value |= (byte & 0x7f) << shift;
      }
    }
    this.#fail('a variable-length integer is cut off or too long');
    return 0;
  }

  /** Zigzag, at most 10 bytes; values beyond ±2^53 count as a failure. Returns 0 once there is a failure. */
  #varlong(): number {
    const bytes = this.bytes;
    const end = this.#end;
    let at = this.#at;
    if (this.failure !== null) return 0;
    let low = 0;
    // 28 bits fit in one integer; most deltas end here.
    for (let shift = 0; shift <= 21 && at < end; shift += 7) {
      const byte = bytes[at++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#at = at;
        return (low >>> 1) ^ -(low & 1);
      }
    }
    let high = 0;
    let scale = 1;
    for (let index = 4; index < 10 && at < end; index++) {
      const byte = bytes[at++]!;
      high += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        // The unsigned value is high * 2^28 + low; halved for zigzag it must stay exact.
        if (high >= 67108864) break;
        this.#at = at;
        const half = high * 134217728 + (low >>> 1);
        return (low & 1) === 0 ? half : -half - 1;
      }
    }
    this.#fail('a variable-length integer is cut off or too large');
    return 0;
  }
}
