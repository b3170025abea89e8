import type { Cluster } from '../cluster.ts';
import { PartitionQueue } from './partition-queue.ts';
import type { StickyPartitioner } from './partitioner.ts';

/** A topic that a producer writes to: look it up once, then send without waiting. */
export class ProducerTopic {
  readonly name: string;
  /** By partition. Grows when the topic does; never shrinks. */
  readonly queues: PartitionQueue[] = [];
  readonly sticky: StickyPartitioner;
  readonly #cluster: Cluster;

  constructor(name: string, cluster: Cluster, sticky: StickyPartitioner) {
    this.name = name;
    this.#cluster = cluster;
    this.sticky = sticky;
    this.grow();
  }

  get partitionCount(): number {
    return this.queues.length;
  }

  /** Follows the metadata. */
  grow(): void {
    const count = this.#cluster.metadata.topic(this.name)?.partitions.length ?? 0;
    while (this.queues.length < count) this.queues.push(new PartitionQueue(this.name, this.queues.length));
  }

  readonly hasLeader = (partition: number): boolean => {
    return (this.#cluster.metadata.partition(this.name, partition)?.leaderId ?? -1) >= 0;
  };
}
