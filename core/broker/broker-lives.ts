import type { MetadataDelta, MetadataImage, MetadataListener } from '../controller/image.ts';

/**
 * Notices in the metadata that a broker is fenced, gone, or registered anew. A host that lost its power closes no
 * connection, and nobody else says that an answer will not come.
 */
export class BrokerLives implements MetadataListener {
  readonly #ended: (brokerId: number) => void;
  /** Epoch of each broker that is not fenced. */
  readonly #epochs = new Map<number, number>();

  /** `ended`: whatever this broker was asked in the life that is over. */
  constructor(ended: (brokerId: number) => void) {
    this.#ended = ended;
  }

  metadataChanged({ brokersChanged }: MetadataDelta, image: MetadataImage): void {
    for (const id of brokersChanged) {
      const broker = image.brokers.get(id);
      const before = this.#epochs.get(id);
      const now = broker === undefined || broker.fenced ? undefined : broker.epoch;
      if (now === undefined) this.#epochs.delete(id);
      else this.#epochs.set(id, now);
      if (before !== undefined && before !== now) this.#ended(id);
    }
  }
}
