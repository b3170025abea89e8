import type {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  DelegationTokenRecord,
  RegisterControllerRecord,
  UserScramCredentialRecord,
} from '../protocol/index.ts';
import type { BrokerImage, ConfigResourceKind, MetadataImage, PartitionImage, TopicImage } from './image.ts';

/** Directory ids with a meaning of their own (KIP-858). */
export const DIRECTORY_UNASSIGNED = 'AAAAAAAAAAAAAAAAAAAAAA';
export const DIRECTORY_MIGRATING = 'AAAAAAAAAAAAAAAAAAAAAg';

export const NO_LEADER = -1;
export const METADATA_VERSION_FEATURE = 'metadata.version';

/** A topic whose partitions the builder may replace. */
export interface MutableTopic extends TopicImage {
  readonly partitions: PartitionImage[];
}

/** A registered broker with what the controller alone needs. */
export interface RegisteredBroker extends BrokerImage {
  readonly supportedFeatures: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
  readonly cordonedDirectories: readonly string[];
}

export type ConfigMaps = Map<string, Map<string, string>>;

const noConfigs: ReadonlyMap<string, string> = new Map();
const resourceKinds: readonly ConfigResourceKind[] = ['topic', 'broker', 'group', 'client-metrics'];

/**
 * The state that replaying the metadata log gives. Values (a partition, a broker) are replaced, never changed, so that
 * `clone` shares them; the maps belong to `ImageBuilder`.
 */
export class ClusterImage implements MetadataImage {
  endOffset = 0;
  epoch = -1;
  nextProducerId = 0;
  readonly brokers: Map<number, RegisteredBroker> = new Map();
  readonly topicsByName: Map<string, MutableTopic> = new Map();
  readonly topicsById: Map<string, MutableTopic> = new Map();
  readonly features: Map<string, number> = new Map();
  readonly controllers: Map<number, RegisterControllerRecord> = new Map();
  /** By entity and key, as `quotaKey` writes them. */
  readonly clientQuotas: Map<string, ClientQuotaRecord> = new Map();
  /** By mechanism and user, as `scramKey` writes them. */
  readonly scramCredentials: Map<string, UserScramCredentialRecord> = new Map();
  /** By id. */
  readonly acls: Map<string, AccessControlEntryRecord> = new Map();
  /** By token id. */
  readonly delegationTokens: Map<string, DelegationTokenRecord> = new Map();
  readonly #configs: ReadonlyMap<ConfigResourceKind, ConfigMaps> = new Map(
    resourceKinds.map((kind) => [kind, new Map()]),
  );

  configs(kind: ConfigResourceKind, name: string): ReadonlyMap<string, string> {
    return this.#configs.get(kind)!.get(name) ?? noConfigs;
  }

  /** Names of the resources of a kind that have settings, sorted. */
  configuredNames(kind: ConfigResourceKind): string[] {
    return [...this.#configs.get(kind)!.keys()].sort();
  }

  /** For `ImageBuilder`. */
  configMaps(kind: ConfigResourceKind): ConfigMaps {
    return this.#configs.get(kind)!;
  }

  get metadataVersion(): number {
    return this.features.get(METADATA_VERSION_FEATURE) ?? 0;
  }

  partition(topicId: string, partition: number): PartitionImage | undefined {
    return this.topicsById.get(topicId)?.partitions[partition];
  }

  /** Ids of the registered brokers, rising. */
  brokerIds(): number[] {
    return [...this.brokers.keys()].sort((a, b) => a - b);
  }

  /** Topics in the order of their names: what every loop with an effect walks. */
  sortedTopics(): MutableTopic[] {
    return [...this.topicsByName.keys()].sort().map((name) => this.topicsByName.get(name)!);
  }

  /** May the broker lead: registered, unfenced, not shutting down. */
  isActive(brokerId: number): boolean {
    const broker = this.brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  clone(): ClusterImage {
    const copy = new ClusterImage();
    copy.endOffset = this.endOffset;
    copy.epoch = this.epoch;
    copy.nextProducerId = this.nextProducerId;
    copyMap(this.brokers, copy.brokers);
    for (const topic of this.topicsByName.values()) {
      const twin = { ...topic, partitions: [...topic.partitions] };
      copy.topicsByName.set(twin.name, twin);
      copy.topicsById.set(twin.id, twin);
    }
    copyMap(this.features, copy.features);
    copyMap(this.controllers, copy.controllers);
    copyMap(this.clientQuotas, copy.clientQuotas);
    copyMap(this.scramCredentials, copy.scramCredentials);
    copyMap(this.acls, copy.acls);
    copyMap(this.delegationTokens, copy.delegationTokens);
    for (const kind of resourceKinds) {
      for (const [name, values] of this.configMaps(kind)) copy.configMaps(kind).set(name, new Map(values));
    }
    return copy;
  }

  /** All that the log determines, as one canonical text: equal states give equal texts, whatever order built them. */
  fingerprint(): string {
    const sorted = <V>(map: ReadonlyMap<string | number, V>): (readonly [string | number, V])[] =>
      [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const brokers = sorted(this.brokers).map(([, broker]) => ({
      ...broker,
      supportedFeatures: sorted(broker.supportedFeatures),
    }));
    const configs = resourceKinds.map((kind) =>
      sorted(this.configMaps(kind)).map(([name, values]) => [name, sorted(values)]),
    );
    return JSON.stringify(
      [
        this.nextProducerId,
        brokers,
        sorted(this.topicsByName),
        sorted(this.features),
        sorted(this.controllers),
        sorted(this.clientQuotas),
        sorted(this.scramCredentials),
        sorted(this.acls),
        sorted(this.delegationTokens),
        configs,
      ],
      (_, value) => (value instanceof Uint8Array ? [...value] : value),
    );
  }
}

function copyMap<K, V>(from: ReadonlyMap<K, V>, to: Map<K, V>): void {
  for (const [key, value] of from) to.set(key, value);
}

export function quotaKey(record: Pick<ClientQuotaRecord, 'entity' | 'key'>): string {
  const parts = record.entity
    .map((entity) => `${entity.entityType}=${entity.entityName === null ? '' : `"${entity.entityName}"`}`)
    .sort();
  return `${parts.join(',')}:${record.key}`;
}

export function scramKey(record: { readonly name: string; readonly mechanism: number }): string {
  return `${record.mechanism}:${record.name}`;
}
