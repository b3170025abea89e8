import { batchLastOffsetDelta, setBatchBaseOffset } from '../../core/records/index.ts';

/** What a sink knows of a topic. */
export interface SinkTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly SinkPartition[];
}

/** Counts what it is given and keeps the largest batch of it. */
export class SinkPartition {
  endOffset = 0;
  batch: Uint8Array = new Uint8Array(0);

  /** Returns the base offset. Of the records nothing is looked at but how many they are. */
  take(records: Uint8Array): number {
    const baseOffset = this.endOffset;
    this.endOffset += batchLastOffsetDelta(records, 0) + 1;
    // A few times per load: a copy, because the bytes stand in a buffer that is used again.
    if (records.length > this.batch.length) this.batch = records.slice();
    return baseOffset;
  }
}

const RUN_BYTES = 1 << 20;

export interface SinkRead {
  readonly records: Uint8Array;
  /** Behind the last record that was read. */
  readonly endOffset: number;
}

/**
 * A partition as one connection reads it: its batch many times in a row, whose offsets are stamped anew for each response.
 * A client asks again only when it has the response before, so the bytes of that may change; the CRC does not cover them.
 */
export class Served {
  readonly #partition: SinkPartition;
  #run: Uint8Array = new Uint8Array(0);
  #batch: Uint8Array = new Uint8Array(0);

  constructor(partition: SinkPartition) {
    this.#partition = partition;
  }

  read(fetchOffset: number, maxBytes: number): SinkRead {
    const { batch, endOffset } = this.#partition;
    if (fetchOffset >= endOffset || batch.length === 0) return { records: EMPTY, endOffset: fetchOffset };
    if (batch !== this.#batch) {
      this.#batch = batch;
      const times = Math.max(1, Math.floor(RUN_BYTES / batch.length));
      this.#run = new Uint8Array(times * batch.length);
      for (let time = 0; time < times; time++) this.#run.set(batch, time * batch.length);
    }
    const records = batchLastOffsetDelta(batch, 0) + 1;
    let offset = fetchOffset;
    let at = 0;
    while (offset < endOffset && at < this.#run.length && (at === 0 || at + batch.length <= maxBytes)) {
      setBatchBaseOffset(this.#run, at, offset);
      offset += records;
      at += batch.length;
    }
    return { records: this.#run.subarray(0, at), endOffset: offset };
  }
}

const EMPTY = new Uint8Array(0);
