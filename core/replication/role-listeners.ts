import type { CoordinatorPartitionListener } from '../groups/coordinator-log.ts';
import type { Partition } from './partition.ts';

/** Who hears of the roles of partitions: coordinators of those that they lead, the fetchers of every change. */
export class RoleListeners {
  readonly #ofTopic = new Map<string, CoordinatorPartitionListener[]>();
  readonly #ofAll: ((partition: Partition) => void)[] = [];

  addForTopic(topic: string, listener: CoordinatorPartitionListener): void {
    const listeners = this.#ofTopic.get(topic);
    if (listeners === undefined) this.#ofTopic.set(topic, [listener]);
    else listeners.push(listener);
  }

  addForAll(listener: (partition: Partition) => void): void {
    this.#ofAll.push(listener);
  }

  elected(partition: Partition, leaderEpoch: number): void {
    for (const each of this.#ofTopic.get(partition.topic) ?? []) each.elected(partition.partition, leaderEpoch);
  }

  /** `ledInEpoch`: null when it did not lead. */
  resigned(partition: Partition, ledInEpoch: number | null): void {
    if (ledInEpoch === null) return;
    for (const each of this.#ofTopic.get(partition.topic) ?? []) each.resigned(partition.partition, ledInEpoch);
  }

  changed(partition: Partition): void {
    for (const listener of this.#ofAll) listener(partition);
  }
}
