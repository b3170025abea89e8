import type { Random } from '../../runtime.ts';
import type { PartitionQueue } from './partition-queue.ts';

/**
 * Where records without a key go: to one partition until batch.size bytes went there, then to another one, chosen with
 * more weight where less waits (KIP-794). One per topic.
 */
export class StickyPartitioner {
  readonly #random: Random;
  readonly #switchBytes: number;
  readonly #adaptive: boolean;
  #current = -1;
  #bytes = 0;

  constructor(random: Random, switchBytes: number, adaptive: boolean) {
    this.#random = random;
    this.#switchBytes = Math.max(1, switchBytes);
    this.#adaptive = adaptive;
  }

  /** `hasLeader` is asked only when a new partition is chosen. */
  partition(queues: readonly PartitionQueue[], hasLeader: (partition: number) => boolean): number {
    if (this.#current < 0 || this.#bytes >= this.#switchBytes || this.#current >= queues.length) {
      this.#current = this.#choose(queues, hasLeader);
      this.#bytes = 0;
    }
    return this.#current;
  }

  added(bytes: number): void {
    this.#bytes += bytes;
  }

  #choose(queues: readonly PartitionQueue[], hasLeader: (partition: number) => boolean): number {
    const led = queues.filter((queue) => hasLeader(queue.partition));
    const choices = led.length > 0 ? led : queues;
    if (!this.#adaptive) return choices[this.#random.below(choices.length)]!.partition;
    let longest = 0;
    for (const queue of choices) longest = Math.max(longest, queue.waiting.length);
    let total = 0;
    for (const queue of choices) total += longest + 1 - queue.waiting.length;
    let drawn = this.#random.below(total);
    for (const queue of choices) {
      drawn -= longest + 1 - queue.waiting.length;
      if (drawn < 0) return queue.partition;
    }
    return choices[choices.length - 1]!.partition;
  }
}
