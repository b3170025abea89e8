import type { VerificationGuard } from './outcomes.ts';

/** A transaction whose first batch for this log waits for the word of its coordinator. */
export interface Verification {
  readonly guard: VerificationGuard;
  epoch: number;
  /** Of the first batch that asked: a later one must not be appended before it. */
  lowestSequence: number;
  readonly supportsEpochBump: boolean;
  readonly startedMs: number;
}

/** By producer, the transactions that are being verified with their coordinators (KIP-890). */
export class Verifications {
  readonly #byProducer = new Map<number, Verification>();

  of(producerId: number): Verification | undefined {
    return this.#byProducer.get(producerId);
  }

  /** The guard that the batch is to be appended with; the one of an earlier batch where that still waits. */
  begin(
    producerId: number,
    sequence: number,
    epoch: number,
    supportsEpochBump: boolean,
    nowMs: number,
  ): VerificationGuard {
    const known = this.#byProducer.get(producerId);
    if (known === undefined) {
      const guard: VerificationGuard = { producerId };
      this.#byProducer.set(producerId, { guard, epoch, lowestSequence: sequence, supportsEpochBump, startedMs: nowMs });
      return guard;
    }
    if (supportsEpochBump && epoch > known.epoch) {
      known.epoch = epoch;
      known.lowestSequence = sequence;
    } else if (epoch === known.epoch && sequence < known.lowestSequence) {
      known.lowestSequence = sequence;
    }
    return known.guard;
  }

  end(producerId: number): void {
    this.#byProducer.delete(producerId);
  }

  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [producerId, { startedMs }] of this.#byProducer) {
      if (nowMs - startedMs >= expirationMs) this.#byProducer.delete(producerId);
    }
  }

  clear(): void {
    this.#byProducer.clear();
  }
}
