import type { MetadataRecord, PartitionChangeRecord, PartitionRecord } from '../protocol/index.ts';
import { ClusterImage, type MutableTopic, quotaKey, type RegisteredBroker, scramKey } from './cluster-image.ts';
import type { ConfigResourceKind, MetadataDelta, TopicImage } from './image.ts';
import { brokerOf, directoriesOf, mergePartitionChange, registrationChange } from './image-values.ts';

/** ConfigResource types as the metadata log and the config requests number them. */
export const ConfigResourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

const kindOfType: ReadonlyMap<number, ConfigResourceKind> = new Map([
  [ConfigResourceType.topic, 'topic'],
  [ConfigResourceType.broker, 'broker'],
  [ConfigResourceType.clientMetrics, 'client-metrics'],
  [ConfigResourceType.group, 'group'],
]);

export function configKindOf(resourceType: number): ConfigResourceKind | null {
  return kindOfType.get(resourceType) ?? null;
}

/**
 * Replays records into an image. Records between BeginTransaction and EndTransaction (KIP-866) take effect together or
 * not at all. A record that names what does not exist is dropped and counted: the log is the truth, and a replica that
 * stopped there would be worth less than one that goes on and says so.
 */
export class ImageBuilder {
  image: ClusterImage;
  /** Records that could not be applied. */
  dropped = 0;
  #transaction: MetadataRecord[] | null = null;
  #topicsChanged = new Set<string>();
  #topicsDeleted = new Map<string, TopicImage>();
  #brokersChanged = new Set<number>();
  #configsChanged = new Map<string, { readonly kind: ConfigResourceKind; readonly name: string }>();
  #featuresChanged = false;

  constructor(image: ClusterImage = new ClusterImage()) {
    this.image = image;
  }

  /** A transaction of the metadata log has begun and not ended: what it holds is not in the image yet. */
  get inTransaction(): boolean {
    return this.#transaction !== null;
  }

  apply(entry: MetadataRecord): void {
    switch (entry.type) {
      case 'BeginTransactionRecord':
        this.#transaction = [];
        return;
      case 'AbortTransactionRecord':
        this.#transaction = null;
        return;
      case 'EndTransactionRecord': {
        const records = this.#transaction ?? [];
        this.#transaction = null;
        for (const record of records) this.#applyNow(record);
        return;
      }
      default:
        if (this.#transaction !== null) this.#transaction.push(entry);
        else this.#applyNow(entry);
    }
  }

  /** What changed since the last call. */
  takeDelta(): MetadataDelta {
    const delta: MetadataDelta = {
      topicsChanged: this.#topicsChanged,
      topicsDeleted: this.#topicsDeleted,
      brokersChanged: this.#brokersChanged,
      configsChanged: [...this.#configsChanged.values()],
      featuresChanged: this.#featuresChanged,
    };
    this.#topicsChanged = new Set();
    this.#topicsDeleted = new Map();
    this.#brokersChanged = new Set();
    this.#configsChanged = new Map();
    this.#featuresChanged = false;
    return delta;
  }

  /** Starts over from a snapshot's records; the delta is the difference between the old image and the new one. */
  reload(records: Iterable<MetadataRecord>): void {
    const before = this.image;
    this.image = new ClusterImage();
    this.#transaction = null;
    for (const record of records) this.apply(record);
    for (const topic of before.topicsByName.values()) {
      if (!this.image.topicsById.has(topic.id)) this.#topicsDeleted.set(topic.id, topic);
    }
    for (const id of before.brokers.keys()) this.#brokersChanged.add(id);
    for (const kind of ['topic', 'broker', 'group', 'client-metrics'] as const) {
      for (const name of before.configuredNames(kind)) this.#configsChanged.set(`${kind}:${name}`, { kind, name });
    }
    this.#featuresChanged = true;
  }

  #applyNow(entry: MetadataRecord): void {
    const image = this.image;
    switch (entry.type) {
      case 'RegisterBrokerRecord':
        image.brokers.set(entry.record.brokerId, brokerOf(entry.record));
        this.#brokersChanged.add(entry.record.brokerId);
        return;
      case 'UnregisterBrokerRecord':
        if (this.#brokerAt(entry.record.brokerId, entry.record.brokerEpoch) === null) return;
        image.brokers.delete(entry.record.brokerId);
        this.#brokersChanged.add(entry.record.brokerId);
        return;
      case 'FenceBrokerRecord':
        this.#changeBroker(entry.record.id, entry.record.epoch, { fenced: true });
        return;
      case 'UnfenceBrokerRecord':
        this.#changeBroker(entry.record.id, entry.record.epoch, { fenced: false });
        return;
      case 'BrokerRegistrationChangeRecord':
        this.#changeBroker(entry.record.brokerId, entry.record.brokerEpoch, registrationChange(entry.record));
        return;
      case 'TopicRecord': {
        const topic: MutableTopic = { id: entry.record.topicId, name: entry.record.name, partitions: [] };
        image.topicsByName.set(topic.name, topic);
        image.topicsById.set(topic.id, topic);
        this.#topicsChanged.add(topic.name);
        return;
      }
      case 'PartitionRecord':
        this.#setPartition(entry.record);
        return;
      case 'PartitionChangeRecord':
        this.#changePartition(entry.record);
        return;
      case 'RemoveTopicRecord':
        this.#removeTopic(entry.record.topicId);
        return;
      case 'ClearElrRecord':
        this.#clearElr(entry.record.topicName);
        return;
      case 'ConfigRecord': {
        const kind = configKindOf(entry.record.resourceType);
        if (kind === null) {
          this.dropped++;
          return;
        }
        this.#setConfig(kind, entry.record.resourceName, entry.record.name, entry.record.value);
        return;
      }
      case 'FeatureLevelRecord':
        if (entry.record.featureLevel === 0) image.features.delete(entry.record.name);
        else image.features.set(entry.record.name, entry.record.featureLevel);
        this.#featuresChanged = true;
        return;
      case 'ProducerIdsRecord':
        image.nextProducerId = entry.record.nextProducerId;
        return;
      case 'RegisterControllerRecord':
        image.controllers.set(entry.record.controllerId, entry.record);
        return;
      case 'ClientQuotaRecord':
        if (entry.record.remove) image.clientQuotas.delete(quotaKey(entry.record));
        else image.clientQuotas.set(quotaKey(entry.record), entry.record);
        return;
      case 'UserScramCredentialRecord':
        image.scramCredentials.set(scramKey(entry.record), entry.record);
        return;
      case 'RemoveUserScramCredentialRecord':
        image.scramCredentials.delete(scramKey(entry.record));
        return;
      case 'AccessControlEntryRecord':
        image.acls.set(entry.record.id, entry.record);
        return;
      case 'RemoveAccessControlEntryRecord':
        image.acls.delete(entry.record.id);
        return;
      case 'DelegationTokenRecord':
        image.delegationTokens.set(entry.record.tokenId, entry.record);
        return;
      case 'RemoveDelegationTokenRecord':
        image.delegationTokens.delete(entry.record.tokenId);
        return;
      case 'NoOpRecord':
      case 'ZkMigrationStateRecord':
      case 'BeginTransactionRecord':
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord':
        return;
    }
  }

  #brokerAt(id: number, epoch: number): RegisteredBroker | null {
    const broker = this.image.brokers.get(id);
    if (broker !== undefined && broker.epoch === epoch) return broker;
    this.dropped++;
    return null;
  }

  #changeBroker(id: number, epoch: number, change: Partial<RegisteredBroker>): void {
    const broker = this.#brokerAt(id, epoch);
    if (broker === null) return;
    this.image.brokers.set(id, { ...broker, ...change });
    this.#brokersChanged.add(id);
  }

  #setPartition(record: PartitionRecord): void {
    const topic = this.image.topicsById.get(record.topicId);
    if (topic === undefined) {
      this.dropped++;
      return;
    }
    topic.partitions[record.partitionId] = {
      topicId: topic.id,
      topic: topic.name,
      partition: record.partitionId,
      replicas: record.replicas,
      directories: directoriesOf(record.directories, record.replicas),
      isr: record.isr,
      elr: record.eligibleLeaderReplicas ?? [],
      lastKnownElr: record.lastKnownElr ?? [],
      addingReplicas: record.addingReplicas,
      removingReplicas: record.removingReplicas,
      leader: record.leader,
      leaderEpoch: record.leaderEpoch,
      partitionEpoch: record.partitionEpoch,
      recoveryState: record.leaderRecoveryState,
    };
    this.#topicsChanged.add(topic.name);
  }

  #changePartition(record: PartitionChangeRecord): void {
    const topic = this.image.topicsById.get(record.topicId);
    const before = topic?.partitions[record.partitionId];
    if (topic === undefined || before === undefined) {
      this.dropped++;
      return;
    }
    topic.partitions[record.partitionId] = mergePartitionChange(before, record);
    this.#topicsChanged.add(topic.name);
  }

  #removeTopic(id: string): void {
    const topic = this.image.topicsById.get(id);
    if (topic === undefined) {
      this.dropped++;
      return;
    }
    this.image.topicsById.delete(id);
    if (this.image.topicsByName.get(topic.name) === topic) this.image.topicsByName.delete(topic.name);
    this.image.configMaps('topic').delete(topic.name);
    this.#topicsChanged.delete(topic.name);
    this.#topicsDeleted.set(id, topic);
  }

  #clearElr(topicName: string): void {
    const named = this.image.topicsByName.get(topicName);
    const topics = topicName === '' ? this.image.sortedTopics() : named === undefined ? [] : [named];
    for (const topic of topics) {
      for (const [index, partition] of topic.partitions.entries()) {
        if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) continue;
        topic.partitions[index] = { ...partition, elr: [], lastKnownElr: [] };
        this.#topicsChanged.add(topic.name);
      }
    }
  }

  #setConfig(kind: ConfigResourceKind, resource: string, name: string, value: string | null): void {
    const maps = this.image.configMaps(kind);
    let values = maps.get(resource);
    if (value === null) {
      values?.delete(name);
      if (values?.size === 0) maps.delete(resource);
    } else {
      if (values === undefined) {
        values = new Map();
        maps.set(resource, values);
      }
      values.set(name, value);
    }
    this.#configsChanged.set(`${kind}:${resource}`, { kind, name: resource });
  }
}
