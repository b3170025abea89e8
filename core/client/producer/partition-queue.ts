import { incrementSequence } from '../../records/index.ts';
import type { Codecs } from '../../runtime.ts';
import type { ProducerBatch } from './batch.ts';

/** Producer epochs are int16; after the last one a new producer id is needed. */
const LAST_PRODUCER_EPOCH = 32767;

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/**
 * The batches of one partition: those that wait, in order, and those in flight. Here lies what keeps the log in order
 * and free of duplicates over retries (KIP-98, KIP-360):
 *
 * - A batch gets its sequence when it is first sent and keeps it over retries.
 * - A retry is sent only when nothing older is unsettled; new batches wait behind it.
 * - Before the first acknowledgement under an identity only one batch is in flight: a broker that has no state of a
 *   producer takes any first sequence, so a second batch could slip in before a refused first one.
 * - A batch that failed may leave a gap in the sequences. Later batches tell: an acknowledgement says that there was
 *   none, OUT_OF_ORDER_SEQUENCE_NUMBER that there is one. Then, and when nobody can tell any more, the epoch is bumped
 *   and numbering starts again at 0. Each partition has an epoch of its own: the broker compares epochs by partition.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** Ascending by order; only the last may be open. */
  readonly waiting: ProducerBatch[] = [];
  /** Ascending by order. */
  readonly inFlight: ProducerBatch[] = [];
  backoffUntilNs = 0;
  /** In which leader's epoch what it pauses after had happened: a newer leader is not waited for. -1: not known. */
  backoffLeaderEpoch = -1;
  /** Size of the last batch, from which the next one's buffer is guessed. */
  lastBatchBytes = 0;
  #nextOrder = 0;
  #identity: ProducerIdentity | null = null;
  #nextSequence = 0;
  /** A batch was acknowledged under the current identity. */
  #isEstablished = false;
  #lastAckedOrder = -1;
  /** The newest batch that failed without certainty about its sequence; -1 for none. */
  #gapOrder = -1;
  #bumpWanted = false;
  #freshIdWanted = false;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get open(): ProducerBatch | null {
    const last = this.waiting[this.waiting.length - 1];
    return last !== undefined && last.state === 'open' ? last : null;
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.inFlight.length === 0;
  }

  takeOrder(): number {
    return this.#nextOrder++;
  }

  /** The batch that order allows to be sent now, however fresh it is. */
  next(maxInFlight: number, idempotent: boolean): ProducerBatch | null {
    const batch = this.waiting[0];
    if (batch === undefined || this.inFlight.length >= maxInFlight) return null;
    if (!idempotent) return batch;
    // A gap that no batch under way can tell about any more: heal it.
    if (this.#gapOrder >= 0 && batch.identity === null && this.inFlight.length === 0) this.bumpEpoch();
    if (this.inFlight.length > 0) {
      if (!this.#isEstablished || this.#bumpWanted || this.#freshIdWanted) return null;
      if (batch.identity !== null ? this.inFlight[0]!.order < batch.order : this.#gapOrder >= 0) return null;
    }
    return batch;
  }

  /**
   * A newer batch was taken while this one was refused, and it would get a new number: sent now, it would stand in the
   * log out of order.
   */
  isOvertaken(batch: ProducerBatch): boolean {
    return batch.identity !== null && (this.#bumpWanted || this.#freshIdWanted) && batch.order < this.#lastAckedOrder;
  }

  /** Whether `id` will do to send the next batch under; null is what a producer has before it was given one. */
  accepts(id: ProducerIdentity | null): boolean {
    if (this.#identity === null) return id !== null;
    return !this.#freshIdWanted || (id !== null && id.producerId !== this.#identity.producerId);
  }

  /** Makes `batch` (from `next`) ready under its number. `fresh`: the producer's current id, which `accepts` took. */
  number(batch: ProducerBatch, fresh: ProducerIdentity | null, codecs: Codecs): void {
    if (this.#identity === null || this.#freshIdWanted) this.#adopt(fresh!, codecs);
    else if (this.#bumpWanted) {
      const { producerId, producerEpoch } = this.#identity;
      this.#adopt({ producerId, producerEpoch: producerEpoch + 1 }, codecs);
    }
    if (batch.identity !== null) return;
    batch.identity = { ...this.#identity!, baseSequence: this.#nextSequence };
    this.#nextSequence = incrementSequence(this.#nextSequence, batch.recordCount);
  }

  takeForSending(batch: ProducerBatch): void {
    this.waiting.shift();
    batch.state = 'inFlight';
    insertByOrder(this.inFlight, batch);
  }

  /** Puts a batch that is to be sent again back in its place. */
  requeue(batch: ProducerBatch): void {
    removeFrom(this.inFlight, batch);
    batch.state = 'closed';
    insertByOrder(this.waiting, batch);
  }

  /** Takes a batch out for good, whatever became of it. */
  remove(batch: ProducerBatch): void {
    removeFrom(this.inFlight, batch);
    removeFrom(this.waiting, batch);
  }

  /** Puts the parts of a batch in its place. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.remove(batch);
    for (const part of parts) insertByOrder(this.waiting, part);
  }

  acknowledged(batch: ProducerBatch): void {
    if (!this.#isOfCurrentIdentity(batch)) return;
    this.#isEstablished = true;
    if (batch.order > this.#lastAckedOrder) this.#lastAckedOrder = batch.order;
    // The broker takes sequences only in turn: what came before this one has been written.
    if (batch.order >= this.#gapOrder) this.#gapOrder = -1;
  }

  /** The batch is given up. `definite`: it was surely not written. */
  failed(batch: ProducerBatch, definite: boolean): void {
    if (!this.#isOfCurrentIdentity(batch) || batch.identity === null) return;
    const end = incrementSequence(batch.identity.baseSequence, batch.recordCount);
    if (definite && end === this.#nextSequence) this.#nextSequence = batch.identity.baseSequence;
    else if (batch.order > this.#gapOrder) this.#gapOrder = batch.order;
  }

  /** What OUT_OF_ORDER_SEQUENCE_NUMBER means for a batch in `inFlight`. 'gap': it can go only under another epoch. */
  outOfOrder(batch: ProducerBatch): 'retry' | 'gap' | 'lost' {
    if (!this.#isOfCurrentIdentity(batch)) return 'retry';
    // A newer batch was taken: this one can no longer come before it.
    if (batch.order < this.#lastAckedOrder) return 'lost';
    const olderUnsettled =
      this.inFlight.some((other) => other.order < batch.order && other.state !== 'done') ||
      this.waiting.some((other) => other.order < batch.order);
    return olderUnsettled ? 'retry' : 'gap';
  }

  /** Numbering starts again under the next epoch once nothing is in flight. */
  bumpEpoch(): void {
    if (this.#identity !== null && this.#identity.producerEpoch >= LAST_PRODUCER_EPOCH) this.#freshIdWanted = true;
    else this.#bumpWanted = true;
  }

  /** Numbering starts again under a new producer id once nothing is in flight. */
  wantFreshId(): void {
    this.#freshIdWanted = true;
  }

  /** The producer as a whole goes on under another identity, as between transactions: this partition begins anew with it. */
  renew(): void {
    this.#identity = null;
    this.#gapOrder = -1;
    this.#bumpWanted = false;
    this.#freshIdWanted = false;
  }

  #adopt(identity: ProducerIdentity, codecs: Codecs): void {
    this.#identity = identity;
    this.#nextSequence = 0;
    this.#isEstablished = false;
    this.#gapOrder = -1;
    this.#bumpWanted = false;
    this.#freshIdWanted = false;
    for (const batch of this.waiting) {
      if (batch.identity === null) continue;
      batch.renumber({ ...identity, baseSequence: this.#nextSequence }, codecs);
      this.#nextSequence = incrementSequence(this.#nextSequence, batch.recordCount);
    }
  }

  #isOfCurrentIdentity(batch: ProducerBatch): boolean {
    const identity = this.#identity;
    return (
      identity !== null &&
      batch.identity?.producerId === identity.producerId &&
      batch.identity.producerEpoch === identity.producerEpoch
    );
  }
}

function insertByOrder(batches: ProducerBatch[], batch: ProducerBatch): void {
  let at = batches.length;
  while (at > 0 && batches[at - 1]!.order > batch.order) at--;
  batches.splice(at, 0, batch);
}

function removeFrom(batches: ProducerBatch[], batch: ProducerBatch): void {
  const at = batches.indexOf(batch);
  if (at >= 0) batches.splice(at, 1);
}
