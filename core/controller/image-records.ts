import {
  accessControlEntryRecord,
  clientQuotaRecord,
  configRecord,
  delegationTokenRecord,
  featureLevelRecord,
  type MetadataRecord,
  metadataRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  registerControllerRecord,
  topicRecord,
  userScramCredentialRecord,
} from '../protocol/index.ts';
import { type ClusterImage, METADATA_VERSION_FEATURE } from './cluster-image.ts';
import type { ConfigResourceKind } from './image.ts';
import { ConfigResourceType } from './image-builder.ts';
import { recordVersions } from './record-versions.ts';

const configKinds: readonly (readonly [ConfigResourceKind, number])[] = [
  ['topic', ConfigResourceType.topic],
  ['broker', ConfigResourceType.broker],
  ['group', ConfigResourceType.group],
  ['client-metrics', ConfigResourceType.clientMetrics],
];

/** The shortest sequence of records that replays to this image, in one canonical order (KIP-630). */
export function imageRecords(image: ClusterImage): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  const versions = recordVersions(image.metadataVersion);
  const sorted = <V>(map: ReadonlyMap<string, V>): V[] => [...map.keys()].sort().map((key) => map.get(key)!);

  const features = [...image.features.keys()].sort();
  // metadata.version first: it says how the rest is to be read.
  features.sort((a, b) => Number(b === METADATA_VERSION_FEATURE) - Number(a === METADATA_VERSION_FEATURE));
  for (const name of features) {
    records.push(metadataRecord(featureLevelRecord, 0, { name, featureLevel: image.features.get(name)! }));
  }
  for (const id of [...image.controllers.keys()].sort((a, b) => a - b)) {
    records.push(metadataRecord(registerControllerRecord, 0, image.controllers.get(id)!));
  }
  for (const id of image.brokerIds()) {
    const broker = image.brokers.get(id)!;
    records.push(
      metadataRecord(registerBrokerRecord, versions.registerBroker, {
        brokerId: broker.id,
        incarnationId: broker.incarnationId,
        brokerEpoch: broker.epoch,
        endPoints: broker.endpoints,
        features: [...broker.supportedFeatures.keys()].sort().map((name) => {
          const { min, max } = broker.supportedFeatures.get(name)!;
          return { name, minSupportedVersion: min, maxSupportedVersion: max };
        }),
        rack: broker.rack,
        fenced: broker.fenced,
        inControlledShutdown: broker.inControlledShutdown,
        logDirs: versions.registerBroker >= 3 ? broker.directories : [],
        cordonedLogDirs:
          versions.registerBroker >= 4 && broker.cordonedDirectories.length > 0 ? broker.cordonedDirectories : null,
      }),
    );
  }
  for (const topic of image.sortedTopics()) {
    records.push(metadataRecord(topicRecord, 0, { name: topic.name, topicId: topic.id }));
    for (const partition of topic.partitions) {
      records.push(
        metadataRecord(partitionRecord, versions.partition, {
          partitionId: partition.partition,
          topicId: partition.topicId,
          replicas: partition.replicas,
          isr: partition.isr,
          removingReplicas: partition.removingReplicas,
          addingReplicas: partition.addingReplicas,
          leader: partition.leader,
          leaderRecoveryState: partition.recoveryState,
          leaderEpoch: partition.leaderEpoch,
          partitionEpoch: partition.partitionEpoch,
          directories: versions.partition >= 1 ? partition.directories : [],
          eligibleLeaderReplicas: versions.partition >= 2 && partition.elr.length > 0 ? partition.elr : null,
          lastKnownElr: versions.partition >= 2 && partition.lastKnownElr.length > 0 ? partition.lastKnownElr : null,
        }),
      );
    }
  }
  for (const [kind, resourceType] of configKinds) {
    for (const resourceName of image.configuredNames(kind)) {
      const values = image.configs(kind, resourceName);
      for (const name of [...values.keys()].sort()) {
        records.push(metadataRecord(configRecord, 0, { resourceType, resourceName, name, value: values.get(name)! }));
      }
    }
  }
  for (const quota of sorted(image.clientQuotas)) records.push(metadataRecord(clientQuotaRecord, 0, quota));
  if (image.nextProducerId > 0) {
    records.push(metadataRecord(producerIdsRecord, 0, { brokerId: -1, nextProducerId: image.nextProducerId }));
  }
  for (const acl of sorted(image.acls)) records.push(metadataRecord(accessControlEntryRecord, 0, acl));
  for (const scram of sorted(image.scramCredentials)) {
    records.push(metadataRecord(userScramCredentialRecord, 0, scram));
  }
  for (const token of sorted(image.delegationTokens)) records.push(metadataRecord(delegationTokenRecord, 0, token));
  return records;
}
