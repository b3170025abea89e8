/**
 * The cluster as the metadata log says it is: what every broker holds in memory, changed only by replaying records.
 * Maps are replaced or mutated by `ImageBuilder` alone; readers take them as read-only.
 */
export interface PartitionImage {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[];
  /** Directory id of each replica, same order. */
  readonly directories: readonly string[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  readonly lastKnownElr: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  /** -1: none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** LeaderRecoveryState: 0 recovered, 1 recovering (KIP-704). */
  readonly recoveryState: number;
}

export interface TopicImage {
  readonly id: string;
  readonly name: string;
  /** By partition number, dense. */
  readonly partitions: readonly PartitionImage[];
}

export interface BrokerImage {
  readonly id: number;
  readonly epoch: number;
  readonly incarnationId: string;
  readonly endpoints: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly securityProtocol: number;
  }[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly directories: readonly string[];
}

export type ConfigResourceKind = 'topic' | 'broker' | 'group' | 'client-metrics';

export interface MetadataImage {
  /** Offset (exclusive) up to which the log was replayed, and the epoch of its last batch. */
  readonly endOffset: number;
  readonly epoch: number;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<string, TopicImage>;
  /** Explicit (dynamic) settings only; broker '' is the cluster-wide default. */
  configs(kind: ConfigResourceKind, name: string): ReadonlyMap<string, string>;
  /** Names of the resources of a kind that have settings, sorted. */
  configuredNames(kind: ConfigResourceKind): readonly string[];
  /** Finalized feature levels by name: metadata.version, kraft.version, transaction.version, group.version, … */
  readonly features: ReadonlyMap<string, number>;
  /** First producer id not handed out in a block yet. */
  readonly nextProducerId: number;
}

/** What a replayed batch changed, so that listeners look at nothing else. */
export interface MetadataDelta {
  readonly topicsChanged: ReadonlySet<string>;
  readonly topicsDeleted: ReadonlyMap<string, TopicImage>;
  readonly brokersChanged: ReadonlySet<number>;
  readonly configsChanged: readonly { readonly kind: ConfigResourceKind; readonly name: string }[];
  readonly featuresChanged: boolean;
}

export interface MetadataListener {
  /** Called in order after each committed batch, with the state after it. Must not throw. */
  metadataChanged(delta: MetadataDelta, image: MetadataImage): void;
}
