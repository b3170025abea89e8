import { brokerRegistrationChangeRecord, type MetadataRecord, metadataRecord } from '../protocol/index.ts';
import { NO_LEADER } from './cluster-image.ts';
import type { PartitionImage } from './image.ts';
import type { OperationContext } from './operation.ts';
import { type PartitionTarget, partitionChange } from './partition-change.ts';
import { electionOf, partitionRules } from './settings.ts';

const brokerChangeVersion = 0;
const controlledShutdownVersion = 1;
const directoriesVersion = 2;
const cordonedVersion = 3;

/** Partitions in the order of their topics' names: what a change of one broker walks. */
function* partitionsWith(
  context: OperationContext,
  wanted: (partition: PartitionImage) => boolean,
): Generator<PartitionImage> {
  for (const topic of context.image.sortedTopics()) {
    for (const partition of topic.partitions) if (wanted(partition)) yield partition;
  }
}

/** The broker is out: it leaves every in-sync set, and its partitions get other leaders. */
function withdraw(
  context: OperationContext,
  brokerId: number,
  extra: (partition: PartitionImage) => Pick<PartitionTarget, 'uncleanReplicas' | 'emptyReplicas'> = () => ({}),
  only: (partition: PartitionImage) => boolean = () => true,
): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  const concerned = (partition: PartitionImage): boolean => {
    if (partition.isr.includes(brokerId) || partition.leader === brokerId) return true;
    const { uncleanReplicas = [], emptyReplicas = [] } = extra(partition);
    return (
      (uncleanReplicas.length > 0 && partition.elr.includes(brokerId)) ||
      (emptyReplicas.length > 0 && partition.lastKnownElr.includes(brokerId))
    );
  };
  for (const partition of partitionsWith(context, (one) => concerned(one) && only(one))) {
    const record = partitionChange(
      partition,
      {
        isr: partition.isr.filter((id) => id !== brokerId),
        election: context.faults.electAnyone === true ? 'unclean' : electionOf(context, partition.topic),
        ...extra(partition),
      },
      partitionRules(context, partition, { except: brokerId }),
    );
    if (record !== null) records.push(record);
  }
  return records;
}

export function fenceBroker(context: OperationContext, brokerId: number): MetadataRecord[] {
  const broker = context.image.brokers.get(brokerId);
  if (broker === undefined) return [];
  const change = { brokerId, brokerEpoch: broker.epoch, fenced: 1 };
  return [...withdraw(context, brokerId), metadataRecord(brokerRegistrationChangeRecord, brokerChangeVersion, change)];
}

/**
 * It came back. Where it had not closed its logs it may hold less than it acknowledged (KIP-966), and of the partitions
 * whose directory is gone it holds nothing.
 */
export function newLife(
  context: OperationContext,
  brokerId: number,
  isClean: boolean,
  isEmpty: (partition: PartitionImage) => boolean,
): MetadataRecord[] {
  const replica = [brokerId];
  return withdraw(context, brokerId, (partition) => {
    if (isEmpty(partition)) return { uncleanReplicas: replica, emptyReplicas: replica };
    return isClean ? {} : { uncleanReplicas: replica };
  });
}

export function removeBroker(context: OperationContext, brokerId: number): MetadataRecord[] {
  return withdraw(context, brokerId);
}

/** Log directories of a broker have failed: the replicas in them leave the in-sync sets (KIP-858). */
export function directoriesFailed(
  context: OperationContext,
  brokerId: number,
  failed: ReadonlySet<string>,
): MetadataRecord[] {
  const broker = context.image.brokers.get(brokerId);
  const online = broker?.directories.filter((id) => !failed.has(id)) ?? [];
  if (broker === undefined || online.length === broker.directories.length || online.length === 0) return [];
  const change = { brokerId, brokerEpoch: broker.epoch, logDirs: online };
  const lies = (partition: PartitionImage): boolean =>
    failed.has(partition.directories[partition.replicas.indexOf(brokerId)] ?? '') &&
    (partition.isr.includes(brokerId) || partition.leader === brokerId);
  return [
    ...withdraw(context, brokerId, () => ({}), lies),
    metadataRecord(brokerRegistrationChangeRecord, directoriesVersion, change),
  ];
}

/** The broker has other cordoned directories than before: nothing new is placed in them. */
export function cordonDirectories(
  context: OperationContext,
  brokerId: number,
  cordoned: readonly string[],
): MetadataRecord[] {
  const broker = context.image.brokers.get(brokerId);
  const sorted = [...cordoned].sort();
  if (broker === undefined || sorted.join() === [...broker.cordonedDirectories].sort().join()) return [];
  const change = { brokerId, brokerEpoch: broker.epoch, cordonedLogDirs: sorted };
  return [metadataRecord(brokerRegistrationChangeRecord, cordonedVersion, change)];
}

export function unfenceBroker(context: OperationContext, brokerId: number): MetadataRecord[] {
  const broker = context.image.brokers.get(brokerId);
  if (broker === undefined) return [];
  const change = { brokerId, brokerEpoch: broker.epoch, fenced: -1 };
  const records: MetadataRecord[] = [metadataRecord(brokerRegistrationChangeRecord, brokerChangeVersion, change)];
  const leaderless = (partition: PartitionImage): boolean =>
    partition.leader === NO_LEADER && partition.replicas.includes(brokerId);
  for (const partition of partitionsWith(context, leaderless)) {
    const record = partitionChange(
      partition,
      { election: electionOf(context, partition.topic) },
      partitionRules(context, partition, { plus: brokerId }),
    );
    if (record !== null) records.push(record);
  }
  return records;
}

export function beginControlledShutdown(context: OperationContext, brokerId: number): MetadataRecord[] {
  const broker = context.image.brokers.get(brokerId);
  if (broker === undefined) return [];
  const change = { brokerId, brokerEpoch: broker.epoch, inControlledShutdown: 1 };
  return [
    metadataRecord(brokerRegistrationChangeRecord, controlledShutdownVersion, change),
    ...withdraw(context, brokerId),
  ];
}

export function leadsAnything(context: OperationContext, brokerId: number): boolean {
  for (const topic of context.image.topicsByName.values()) {
    if (topic.partitions.some((partition) => partition.leader === brokerId)) return true;
  }
  return false;
}
