import { ErrorCode, type MetadataResponse, ZERO_UUID } from '../protocol/index.ts';

export interface NodeAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly index: number;
  /** -1 when there is none. */
  readonly leaderId: number;
  /** -1 when the broker is too old to say. */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  /** ZERO_UUID when the broker is too old to say. */
  readonly id: string;
  readonly internal: boolean;
  readonly errorCode: number;
  /** By partition index; without holes. */
  readonly partitions: readonly PartitionMetadata[];
}

/**
 * What is known of the cluster. Answers may come from brokers that lag behind: a leader of an older epoch never
 * replaces one of a newer, as long as the topic is the same one (KIP-320, KIP-516).
 */
export class MetadataCache {
  clusterId: string | null = null;
  /** -1 for none. */
  controllerId = -1;
  /** Counts every change, so that a waiter sees whether anything came since. */
  version = 0;
  readonly #nodes = new Map<number, NodeAddress>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #namesById = new Map<string, string>();

  /** Ascending by id. */
  nodes(): NodeAddress[] {
    return [...this.#nodes.values()].sort((a, b) => a.id - b.id);
  }

  node(id: number): NodeAddress | undefined {
    return this.#nodes.get(id);
  }

  /** A node that another answer named, until the metadata says otherwise. */
  learnNode(node: NodeAddress): void {
    this.#nodes.set(node.id, node);
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  topics(): IterableIterator<TopicMetadata> {
    return this.#topics.values();
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.partitions[partition];
  }

  leadsAny(nodeId: number): boolean {
    for (const { partitions } of this.#topics.values()) {
      if (partitions.some(({ leaderId }) => leaderId === nodeId)) return true;
    }
    return false;
  }

  /** The name of a topic whose id a response gives; undefined for one that is not known here. */
  topicName(id: string): string | undefined {
    return this.#namesById.get(id);
  }

  /**
   * Takes over an answer. `all`: it lists every topic, so those that it does not name are gone. Returns the nodes that
   * led a partition before and do not any more, or in a newer epoch.
   */
  apply(response: MetadataResponse, all: boolean): ReadonlySet<number> {
    const deposed = new Set<number>();
    this.version++;
    this.clusterId = response.clusterId ?? this.clusterId;
    this.controllerId = response.controllerId;
    if (response.brokers.length > 0) {
      this.#nodes.clear();
      for (const { nodeId, host, port, rack } of response.brokers) {
        this.#nodes.set(nodeId, { id: nodeId, host, port, rack });
      }
    }
    const named = new Set<string>();
    for (const topic of response.topics) {
      if (topic.name === null) continue;
      named.add(topic.name);
      this.#applyTopic(topic.name, topic, deposed);
    }
    if (all) for (const name of [...this.#topics.keys()]) if (!named.has(name)) this.forget(name);
    return deposed;
  }

  forget(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    this.#topics.delete(name);
    if (this.#namesById.get(topic.id) === name) this.#namesById.delete(topic.id);
  }

  /** A leader that a Produce or Fetch response named (KIP-951). True when it is news. */
  applyLeader(
    topicName: string,
    index: number,
    leader: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: readonly {
      readonly nodeId: number;
      readonly host: string;
      readonly port: number;
      readonly rack: string | null;
    }[],
  ): boolean {
    const topic = this.#topics.get(topicName);
    const known = topic?.partitions[index];
    if (topic === undefined || known === undefined) return false;
    if (leader.leaderId < 0 || leader.leaderEpoch <= known.leaderEpoch) return false;
    for (const { nodeId, host, port, rack } of endpoints) {
      if (nodeId === leader.leaderId) this.#nodes.set(nodeId, { id: nodeId, host, port, rack });
    }
    if (!this.#nodes.has(leader.leaderId)) return false;
    const partitions = topic.partitions.slice();
    partitions[index] = { ...known, leaderId: leader.leaderId, leaderEpoch: leader.leaderEpoch };
    this.#topics.set(topicName, { ...topic, partitions });
    this.version++;
    return true;
  }

  #applyTopic(name: string, answer: MetadataResponse['topics'][number], deposed: Set<number>): void {
    const known = this.#topics.get(name);
    if (answer.errorCode !== ErrorCode.none && answer.partitions.length === 0) {
      // A broker that has not heard of the topic yet must not make us forget where its leaders are.
      this.#topics.set(
        name,
        known === undefined ? emptyTopic(name, answer.errorCode) : { ...known, errorCode: answer.errorCode },
      );
      return;
    }
    const sameTopic =
      known !== undefined && (known.id === answer.topicId || known.id === ZERO_UUID || answer.topicId === ZERO_UUID);
    const partitions: PartitionMetadata[] = [];
    for (const partition of answer.partitions.slice().sort((a, b) => a.partitionIndex - b.partitionIndex)) {
      // A hole or a repeated index cannot come from a sane broker: what follows it is not believed.
      if (partition.partitionIndex !== partitions.length) break;
      const before = sameTopic ? known.partitions[partition.partitionIndex] : undefined;
      if (before !== undefined && partition.leaderEpoch >= 0 && partition.leaderEpoch < before.leaderEpoch) {
        partitions.push(before);
        continue;
      }
      if (
        before !== undefined &&
        (partition.leaderId !== before.leaderId || partition.leaderEpoch > before.leaderEpoch)
      ) {
        deposed.add(before.leaderId);
      }
      partitions.push({
        index: partition.partitionIndex,
        leaderId: partition.leaderId,
        leaderEpoch: partition.leaderEpoch,
        replicas: partition.replicaNodes,
        inSyncReplicas: partition.isrNodes,
        offlineReplicas: partition.offlineReplicas,
      });
    }
    if (known !== undefined && known.id !== answer.topicId) this.#namesById.delete(known.id);
    if (answer.topicId !== ZERO_UUID) this.#namesById.set(answer.topicId, name);
    this.#topics.set(name, {
      name,
      id: answer.topicId,
      internal: answer.isInternal,
      errorCode: answer.errorCode,
      partitions,
    });
  }
}

function emptyTopic(name: string, errorCode: number): TopicMetadata {
  return { name, id: ZERO_UUID, internal: false, errorCode, partitions: [] };
}
