import type { ConsumerEvents, TopicPartition } from '../../actors/driver.ts';
import { Reading } from './reading.ts';

/** What a member of a group owns, as its library tells of it, and what it reads of that. */
export class Membership {
  readonly reading: Reading;
  readonly #events: ConsumerEvents;
  #owned: readonly TopicPartition[] = [];
  /** -1 where the library does not tell it. */
  #generation = -1;

  constructor(events: ConsumerEvents) {
    this.#events = events;
    this.reading = new Reading((topic, partition) => events.assigned([{ topic, partition }], this.#generation));
  }

  joined(owned: readonly TopicPartition[], generation: number): void {
    this.lose();
    this.#generation = generation;
    this.#owned = owned;
    this.#events.assigned(owned, generation);
  }

  lose(): void {
    this.reading.forget();
    if (this.#owned.length > 0) this.#events.lost(this.#owned, this.#generation);
    this.#owned = [];
  }

  owns(topic: string, partition: number): boolean {
    return this.#owned.some((one) => one.topic === topic && one.partition === partition);
  }
}
