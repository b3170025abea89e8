import { ErrorCode } from '../../protocol/index.ts';
import {
  BATCH_TRUNCATED,
  batchBaseOffset,
  batchCrcIsValid,
  batchLastOffset,
  batchLeaderEpoch,
  batchProducerId,
  batchRecordCount,
  controlRecordType,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
  wholeBatchSize,
} from '../../records/index.ts';
import type { Codecs } from '../../runtime.ts';
import { ClientError } from '../client-error.ts';
import { BatchSource, ConsumedBatch, type OffsetGap } from './consumed-batch.ts';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface ReadRules {
  readonly readCommitted: boolean;
  readonly checkCrcs: boolean;
}

/** Where the whole batches of an answer end: what the next fetch continues with. */
export interface FetchedEnd {
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly bytes: number;
}

/** Walks the headers. null: not one whole batch, or bytes that cannot be one. */
export function endOfFetched(records: Uint8Array): FetchedEnd | null {
  let at = 0;
  let lastAt = -1;
  for (;;) {
    const size = wholeBatchSize(records, at, records.length);
    if (size <= 0) {
      if (size < 0 && lastAt < 0) return null;
      break;
    }
    lastAt = at;
    at += size;
  }
  if (lastAt < 0) return null;
  return {
    nextOffset: batchLastOffset(records, lastAt) + 1,
    leaderEpoch: batchLeaderEpoch(records, lastAt),
    bytes: at,
  };
}

/**
 * The records of one partition in one Fetch answer, handed out in parts. Markers, and with read_committed the records
 * of aborted transactions, are left out and told as gaps (KIP-98).
 */
export class FetchedRecords {
  readonly bytes: Uint8Array;
  readonly #topic: string;
  readonly #partition: number;
  readonly #codecs: Codecs;
  readonly #rules: ReadRules;
  /** Ascending by first offset; those before `#abortedAt` are in `#openAborts` or over. */
  readonly #aborted: readonly AbortedTransaction[];
  #abortedAt = 0;
  readonly #openAborts = new Set<number>();
  #at = 0;
  /** A batch of which a part was handed out. */
  #source: BatchSource | null = null;

  constructor(
    topic: string,
    partition: number,
    bytes: Uint8Array,
    aborted: readonly AbortedTransaction[],
    codecs: Codecs,
    rules: ReadRules,
  ) {
    this.#topic = topic;
    this.#partition = partition;
    this.bytes = bytes;
    this.#codecs = codecs;
    this.#rules = rules;
    this.#aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /**
   * The next part from `position` on, of at most `recordsMax` records; null when this answer has no more. @throws
   * ClientError 'malformed' for a bad checksum or bytes that are no batch.
   */
  next(position: number, recordsMax: number): ConsumedBatch | null {
    const gaps: OffsetGap[] = [];
    let from = position;
    for (;;) {
      const size = wholeBatchSize(this.bytes, this.#at, this.bytes.length);
      if (size === BATCH_TRUNCATED) break;
      if (size < 0) throw this.#corrupt(from, 'the bytes are not a record batch');
      const at = this.#at;
      const end = batchLastOffset(this.bytes, at) + 1;
      if (end <= from) {
        this.#at += size;
        continue;
      }
      if (this.#source === null && this.#rules.checkCrcs && !batchCrcIsValid(this.bytes, at, this.#codecs)) {
        throw this.#corrupt(from, 'the checksum of the batch is wrong');
      }
      const base = batchBaseOffset(this.bytes, at);
      if (base > from) {
        gaps.push({ from, to: base, reason: 'unknown' });
        from = base;
      }
      const skipped = this.#source === null ? this.#reasonToSkip(at) : null;
      if (skipped !== null) {
        gaps.push({ from, to: end, reason: skipped });
        from = end;
        this.#at += size;
        continue;
      }
      return this.#part(at, size, from, end, recordsMax, gaps);
    }
    if (gaps.length === 0) return null;
    return new ConsumedBatch(this.#topic, this.#partition, from, from, 0, -1, gaps, null);
  }

  #part(at: number, size: number, from: number, end: number, recordsMax: number, gaps: OffsetGap[]): ConsumedBatch {
    this.#source ??= new BatchSource(this.bytes, at, this.#codecs);
    const source = this.#source;
    const count = batchRecordCount(this.bytes, at);
    // By offsets, not by records: a compacted batch may give fewer, never more.
    const to = Math.min(end, from + recordsMax);
    if (to === end) {
      this.#source = null;
      this.#at += size;
    }
    const leaderEpoch = batchLeaderEpoch(this.bytes, at);
    return new ConsumedBatch(
      this.#topic,
      this.#partition,
      from,
      to,
      Math.min(count, to - from),
      leaderEpoch,
      gaps,
      source,
    );
  }

  #reasonToSkip(at: number): 'control' | 'aborted' | null {
    const isControl = isControlBatch(this.bytes, at);
    if (!this.#rules.readCommitted) return isControl ? 'control' : null;
    const producerId = batchProducerId(this.bytes, at);
    const lastOffset = batchLastOffset(this.bytes, at);
    while (this.#abortedAt < this.#aborted.length && this.#aborted[this.#abortedAt]!.firstOffset <= lastOffset) {
      this.#openAborts.add(this.#aborted[this.#abortedAt]!.producerId);
      this.#abortedAt++;
    }
    if (isControl) {
      if (this.#isAbortMarker(at)) this.#openAborts.delete(producerId);
      return 'control';
    }
    return isTransactionalBatch(this.bytes, at) && this.#openAborts.has(producerId) ? 'aborted' : null;
  }

  #isAbortMarker(at: number): boolean {
    const cursor = new RecordCursor();
    if (!cursor.open(this.bytes, at, this.#codecs) || !cursor.next()) return false;
    return controlRecordType(cursor.key()) === 'abort';
  }

  #corrupt(offset: number, reason: string): ClientError {
    const where = `${this.#topic}-${this.#partition} at offset ${offset}`;
    return new ClientError('malformed', `${where}: ${reason}`, ErrorCode.corruptMessage);
  }
}
