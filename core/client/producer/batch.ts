import { BatchBuilder, incrementSequence, RecordCursor, setBatchCrc } from '../../records/index.ts';
import { writeInt16, writeInt32, writeInt64 } from '../../records/integers.ts';
import type { Codecs } from '../../runtime.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { BatchOutcome, SendCallback } from './result.ts';

/** Under which number a batch goes to the broker, so that a repeated one is known as such (KIP-98). */
export interface BatchIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export type BatchState =
  /** Takes records. */
  | 'open'
  /** Takes no more; waits to be sent, for the first time or again. */
  | 'closed'
  | 'inFlight'
  /** Its callbacks have run. It may still be in flight: an answer then only tells about its sequence. */
  | 'done';

/** Records of one partition that travel together. */
export class ProducerBatch {
  readonly queue: PartitionQueue;
  /** Counts the batches of the partition: their order. The parts of a split batch lie between whole numbers. */
  readonly order: number;
  readonly createdNs: number;
  readonly deadlineNs: number;
  state: BatchState = 'open';
  recordCount = 0;
  /** Uncompressed bytes that count against buffer.memory. */
  reservedBytes = 0;
  attempts = 0;
  /** An attempt ended without a word whether it was written. */
  maybeWritten = false;
  identity: BatchIdentity | null = null;
  /** Leader epoch by the metadata when it was last sent; -1 unknown. */
  leaderEpoch = -1;
  /** Who waits for the end of this batch: flush. */
  waiters: (() => void)[] | null = null;
  readonly tokens: number[] = [];
  /** No other batch lies in [order, order + orderSpan). */
  #orderSpan = 1;
  #callbacks: (SendCallback | null)[] | null = null;
  /** Timestamps of the records, kept only where a callback will tell them. */
  #timestamps: number[] | null = null;
  #builder: BatchBuilder | null;
  #bytes: Uint8Array | null = null;
  /** What it was built in. */
  #buffer: Uint8Array | null = null;

  constructor(queue: PartitionQueue, order: number, builder: BatchBuilder, createdNs: number, deadlineNs: number) {
    this.queue = queue;
    this.order = order;
    this.#builder = builder;
    this.createdNs = createdNs;
    this.deadlineNs = deadlineNs;
  }

  /** Bytes of the records so far with the batch's header, uncompressed; the final size once it was encoded. */
  get sizeBytes(): number {
    return this.#bytes?.length ?? this.#builder?.sizeBytes ?? 0;
  }

  /** For an open batch. */
  get builder(): BatchBuilder {
    return this.#builder!;
  }

  /** The encoded batch; null before `encode`. */
  get bytes(): Uint8Array | null {
    return this.#bytes;
  }

  remember(token: number, callback: SendCallback | null, timestamp: number): void {
    this.tokens.push(token);
    if (callback !== null && this.#callbacks === null) {
      this.#callbacks = new Array(this.recordCount).fill(null);
      this.#timestamps = new Array(this.recordCount).fill(-1);
    }
    if (this.#callbacks !== null) {
      this.#callbacks.push(callback);
      this.#timestamps!.push(timestamp);
    }
    this.recordCount++;
  }

  /** Encodes on the first call; gives the builder back for reuse. */
  encode(codecs: Codecs, compression: Parameters<BatchBuilder['finish']>[1]): BatchBuilder | null {
    const builder = this.#builder;
    if (builder === null) return null;
    this.#buffer = builder.buffer;
    this.#bytes = builder.finish(codecs, { ...compression, ...(this.identity ?? {}) });
    this.#builder = null;
    return builder;
  }

  /** What it was built in, once; null before `encode`. */
  takeBuffer(): Uint8Array | null {
    const buffer = this.#buffer;
    this.#buffer = null;
    return buffer;
  }

  /** Gives an encoded batch another number. In a copy: the network may still hold the bytes of the last attempt. */
  renumber(identity: BatchIdentity, codecs: Codecs): void {
    this.identity = identity;
    if (this.#bytes === null) return;
    const bytes = this.#bytes.slice();
    writeInt64(bytes, 43, identity.producerId);
    writeInt16(bytes, 51, identity.producerEpoch);
    writeInt32(bytes, 53, identity.baseSequence);
    setBatchCrc(bytes, 0, codecs);
    this.#bytes = bytes;
  }

  /**
   * Two batches of half the records each, in place of this one, which the broker found too large (KIP-126); null for a
   * single record. Together they have this batch's sequences, so what was sent after it keeps its own.
   */
  split(codecs: Codecs): readonly [ProducerBatch, ProducerBatch] | null {
    const bytes = this.#bytes;
    const cursor = new RecordCursor();
    if (bytes === null || this.recordCount < 2 || !cursor.open(bytes, 0, codecs)) return null;
    const half = this.recordCount >> 1;
    const span = this.#orderSpan / 2;
    const parts = [this.order, this.order + span].map((order) => {
      const part = new ProducerBatch(this.queue, order, new BatchBuilder(), this.createdNs, this.deadlineNs);
      part.state = 'closed';
      part.attempts = this.attempts;
      part.#orderSpan = span;
      return part;
    });
    const [first, second] = parts as [ProducerBatch, ProducerBatch];
    for (let index = 0; index < this.recordCount; index++) {
      if (!cursor.next()) return null;
      const part = index < half ? first : second;
      part.builder.append(cursor.timestamp, cursor.key(), cursor.value(), cursor.headers());
      part.remember(this.tokens[index]!, this.#callbacks?.[index] ?? null, cursor.timestamp);
    }
    if (this.identity !== null) {
      const { baseSequence } = this.identity;
      first.identity = this.identity;
      second.identity = { ...this.identity, baseSequence: incrementSequence(baseSequence, half) };
    }
    first.reservedBytes = this.reservedBytes >> 1;
    second.reservedBytes = this.reservedBytes - first.reservedBytes;
    this.reservedBytes = 0;
    first.waiters = this.#waitersOfBoth();
    second.waiters = first.waiters === null ? null : [...first.waiters];
    this.state = 'done';
    this.#bytes = null;
    return [first, second];
  }

  /** Who waits for this batch is woken when both of its parts have ended. */
  #waitersOfBoth(): (() => void)[] | null {
    const { waiters } = this;
    if (waiters === null) return null;
    let left = 2;
    return [
      () => {
        left--;
        if (left === 0) for (const wake of waiters) wake();
      },
    ];
  }

  /** Runs the callbacks, once. The bytes are let go. */
  finish(result: BatchOutcome['result'], listener: ((outcome: BatchOutcome) => void) | null): void {
    this.state = 'done';
    this.#bytes = null;
    this.#builder = null;
    const { topic, partition } = this.queue;
    listener?.({ topic, partition, tokens: this.tokens, result });
    const callbacks = this.#callbacks;
    if (callbacks !== null) {
      this.#callbacks = null;
      for (let index = 0; index < callbacks.length; index++) {
        const callback = callbacks[index];
        if (callback === null || callback === undefined) continue;
        if (result.kind === 'failed') {
          callback({ ...result });
          continue;
        }
        const { baseOffset, logAppendTimeMs, leaderEpoch } = result;
        callback({
          kind: 'acked',
          partition,
          offset: baseOffset < 0 ? -1 : baseOffset + index,
          timestamp: logAppendTimeMs >= 0 ? logAppendTimeMs : this.#timestamps![index]!,
          leaderEpoch,
        });
      }
    }
    const waiters = this.waiters;
    this.waiters = null;
    if (waiters !== null) for (const wake of waiters) wake();
  }
}
