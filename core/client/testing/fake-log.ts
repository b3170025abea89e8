import { ErrorCode } from '../../protocol/index.ts';
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  decodeBatch,
  incrementSequence,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
} from '../../records/index.ts';
import type { Codecs } from '../../runtime.ts';

/** How many batches of a producer a broker remembers (ProducerStateEntry). */
const REMEMBERED = 5;

interface ProducerState {
  readonly epoch: number;
  readonly batches: { readonly first: number; readonly last: number; readonly baseOffset: number }[];
}

export type FakeAppend =
  | { readonly kind: 'appended'; readonly baseOffset: number }
  | { readonly kind: 'refused'; readonly errorCode: number };

/** A partition's log with the broker's rules about sequences: enough to see what a producer makes of it. */
export class FakeLog {
  readonly batches: Uint8Array[] = [];
  endOffset = 0;
  leaderEpoch = 0;
  readonly #codecs: Codecs;
  readonly #producers = new Map<number, ProducerState>();

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  append(records: Uint8Array): FakeAppend {
    const batch = records.slice();
    const producerId = batchProducerId(batch, 0);
    if (producerId >= 0) {
      const outcome = this.#check(batch, producerId);
      if (outcome !== null) return outcome;
    }
    const baseOffset = this.endOffset;
    setBatchBaseOffset(batch, 0, baseOffset);
    setBatchLeaderEpoch(batch, 0, this.leaderEpoch);
    this.batches.push(batch);
    this.endOffset += batchLastOffsetDelta(batch, 0) + 1;
    return { kind: 'appended', baseOffset };
  }

  /** The largest epoch at most `epoch`, and where it ends; -1 and -1 for none (KIP-101). */
  endOfEpoch(epoch: number): { leaderEpoch: number; endOffset: number } {
    if (epoch >= this.leaderEpoch) return { leaderEpoch: this.leaderEpoch, endOffset: this.endOffset };
    let found = { leaderEpoch: -1, endOffset: -1 };
    for (const batch of this.batches) {
      const batchEpoch = batchLeaderEpoch(batch, 0);
      if (batchEpoch > epoch) break;
      found = { leaderEpoch: batchEpoch, endOffset: batchLastOffset(batch, 0) + 1 };
    }
    return found;
  }

  /** Loses everything from `offset` on, a batch's first. */
  truncate(offset: number): void {
    while (this.batches.length > 0 && batchBaseOffset(this.batches[this.batches.length - 1]!, 0) >= offset) {
      this.batches.pop();
    }
    this.endOffset = offset;
  }

  /** Loses everything below `offset`, a batch's first. */
  dropBelow(offset: number): void {
    while (this.batches.length > 0 && batchBaseOffset(this.batches[0]!, 0) < offset) this.batches.shift();
  }

  /** Forgets all producers, as after an expiry. */
  forgetProducers(): void {
    this.#producers.clear();
  }

  values(): string[] {
    const decoder = new TextDecoder();
    return this.batches.flatMap((batch) => {
      const decoded = decodeBatch(batch, 0, this.#codecs);
      if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
      return decoded.records.map((record) => decoder.decode(record.value ?? new Uint8Array(0)));
    });
  }

  #check(batch: Uint8Array, producerId: number): FakeAppend | null {
    const epoch = batchProducerEpoch(batch, 0);
    const first = batchBaseSequence(batch, 0);
    const last = incrementSequence(first, batchRecordCount(batch, 0) - 1);
    const state = this.#producers.get(producerId);
    if (state !== undefined && epoch < state.epoch) {
      return { kind: 'refused', errorCode: ErrorCode.invalidProducerEpoch };
    }
    if (state !== undefined && epoch === state.epoch) {
      const same = state.batches.find((known) => known.first === first && known.last === last);
      if (same !== undefined) return { kind: 'appended', baseOffset: same.baseOffset };
      const expected = incrementSequence(state.batches[state.batches.length - 1]!.last, 1);
      if (first !== expected) return { kind: 'refused', errorCode: ErrorCode.outOfOrderSequenceNumber };
    }
    // A new epoch starts at 0; a producer of which nothing is known may start anywhere, as in Kafka.
    if (state !== undefined && epoch > state.epoch && first !== 0) {
      return { kind: 'refused', errorCode: ErrorCode.outOfOrderSequenceNumber };
    }
    const batches = state !== undefined && state.epoch === epoch ? state.batches.slice(1 - REMEMBERED) : [];
    batches.push({ first, last, baseOffset: this.endOffset });
    this.#producers.set(producerId, { epoch, batches });
    return null;
  }
}
