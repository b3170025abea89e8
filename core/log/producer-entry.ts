/** A batch that a producer wrote lately. The first sequence and offset follow from the last ones and the delta. */
export interface RememberedBatch {
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly offsetDelta: number;
  readonly timestampMs: number;
}

/** As many batches of a producer are recognised when they come again. */
const REMEMBERED_BATCHES = 5;

/** Sequences run through [0, 2^31) and wrap. */
export function sequenceMinus(sequence: number, by: number): number {
  return sequence >= by ? sequence - by : sequence - by + 2147483648;
}

/** What a log knows of one idempotent producer. */
export class ProducerEntry {
  readonly producerId: number;
  /** -1 before the first batch. */
  epoch = -1;
  coordinatorEpoch = -1;
  lastTimestampMs = -1;
  /** First offset of the open transaction, -1 when none is open. */
  openTransactionOffset = -1;
  #batches: RememberedBatch[] = [];

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  /** -1 when no batch of this epoch is known. */
  get lastSequence(): number {
    return this.#batches.at(-1)?.lastSequence ?? -1;
  }
  get lastBatch(): RememberedBatch | undefined {
    return this.#batches.at(-1);
  }

  findDuplicate(epoch: number, firstSequence: number, lastSequence: number): RememberedBatch | null {
    if (epoch !== this.epoch) return null;
    for (const batch of this.#batches) {
      if (
        batch.lastSequence === lastSequence &&
        sequenceMinus(batch.lastSequence, batch.offsetDelta) === firstSequence
      ) {
        return batch;
      }
    }
    return null;
  }

  /** A new epoch forgets the batches of the one before. */
  enterEpoch(epoch: number): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.#batches = [];
  }

  /** A batch from before the last one; of several the oldest comes first. */
  recall(batch: RememberedBatch): void {
    const last = this.#batches.pop();
    if (last === undefined) return;
    if (batch.lastOffset < last.lastOffset) this.#batches.push(batch);
    this.#batches.push(last);
    if (this.#batches.length > REMEMBERED_BATCHES) this.#batches.shift();
  }

  remember(batch: RememberedBatch): void {
    if (this.#batches.length === REMEMBERED_BATCHES) this.#batches.shift();
    this.#batches.push(batch);
    this.lastTimestampMs = batch.timestampMs;
  }
}
