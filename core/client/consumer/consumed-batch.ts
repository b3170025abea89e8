import { type DecodedRecord, RecordCursor } from '../../records/index.ts';
import type { Codecs } from '../../runtime.ts';

/** Offsets [from, to) at which the application gets no record. */
export interface OffsetGap {
  readonly from: number;
  readonly to: number;
  /** 'unknown': the log has no batch there (compaction, deleted records, or a loss: the reader cannot tell). */
  readonly reason: 'control' | 'aborted' | 'unknown';
}

/** One record batch as it was fetched; the parts of it that polls hand out share one cursor. */
export class BatchSource {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly cursor: RecordCursor = new RecordCursor();
  /** The part that read last. */
  reader: ConsumedBatch | null = null;
  /** The cursor stands on a record that no part has given out yet. */
  hasPeeked = false;
  /** Everything below was given out or passed. */
  passedTo = -1;
  readonly #codecs: Codecs;

  constructor(bytes: Uint8Array, at: number, codecs: Codecs) {
    this.bytes = bytes;
    this.at = at;
    this.#codecs = codecs;
  }

  /** Makes `part` the reader; goes back to the start of the batch if the cursor is beyond its first offset. */
  readBy(part: ConsumedBatch): void {
    const isUsable = this.reader !== null && this.passedTo <= part.fromOffset;
    this.reader = part;
    if (isUsable) return;
    this.hasPeeked = false;
    this.passedTo = -1;
    this.cursor.open(this.bytes, this.at, this.#codecs);
  }
}

/**
 * Consecutive records of one partition, all from one record batch. Walk them with `next()` and read `cursor` (its
 * positions and views) in between; nothing is made per record. Valid as long as it is held.
 */
export class ConsumedBatch {
  readonly topic: string;
  readonly partition: number;
  /** The position before this batch (after `gaps`). */
  readonly fromOffset: number;
  /** The position after it. Records that are missing up to here were compacted away. */
  readonly toOffset: number;
  /** At most so many records; 0 for a batch that only tells of gaps. */
  readonly recordCountMax: number;
  /** Of the log's batch; -1 unknown. */
  readonly leaderEpoch: number;
  /** Offsets without records between the last batch of this partition and `fromOffset`. */
  readonly gaps: readonly OffsetGap[];
  readonly #source: BatchSource | null;

  constructor(
    topic: string,
    partition: number,
    fromOffset: number,
    toOffset: number,
    recordCountMax: number,
    leaderEpoch: number,
    gaps: readonly OffsetGap[],
    source: BatchSource | null,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.fromOffset = fromOffset;
    this.toOffset = toOffset;
    this.recordCountMax = recordCountMax;
    this.leaderEpoch = leaderEpoch;
    this.gaps = gaps;
    this.#source = source;
  }

  /** The record that `next()` moved to: `offset`, `timestamp`, `key()`, `value()`, `headers()`, `bytes` and places. */
  get cursor(): RecordCursor {
    return this.#source?.cursor ?? EMPTY;
  }

  /** Why the walk ended early: the bytes are bad although their checksum is right. */
  get failure(): string | null {
    return this.#source?.cursor.failure ?? null;
  }

  next(): boolean {
    const source = this.#source;
    if (source === null) return false;
    if (source.reader !== this) source.readBy(this);
    const { cursor } = source;
    const last = this.toOffset - 1;
    for (;;) {
      if (source.hasPeeked) source.hasPeeked = false;
      else if (source.passedTo > last || !cursor.next()) {
        source.passedTo = Math.max(source.passedTo, this.toOffset);
        return false;
      }
      const { offset } = cursor;
      if (offset > last) {
        source.hasPeeked = true;
        source.passedTo = this.toOffset;
        return false;
      }
      source.passedTo = offset + 1;
      if (offset >= this.fromOffset) return true;
    }
  }

  /** All records as objects, for callers that do not count nanoseconds. */
  *records(): Generator<DecodedRecord> {
    while (this.next()) yield this.cursor.record();
  }
}

const EMPTY: RecordCursor = new RecordCursor();
