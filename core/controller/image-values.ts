import type { BrokerRegistrationChangeRecord, PartitionChangeRecord, RegisterBrokerRecord } from '../protocol/index.ts';
import { DIRECTORY_UNASSIGNED, type RegisteredBroker } from './cluster-image.ts';
import type { PartitionImage } from './image.ts';

/** PartitionChangeRecord.leader: the leader stays, and so does its epoch. */
const NO_LEADER_CHANGE = -2;

/** What a PartitionChangeRecord makes of a partition: every change raises the partition epoch, a new leader the leader epoch. */
export function mergePartitionChange(before: PartitionImage, record: PartitionChangeRecord): PartitionImage {
  const replicas = record.replicas ?? before.replicas;
  const leaderStays = record.leader === NO_LEADER_CHANGE;
  const directories =
    record.directories !== null && record.directories.length > 0 ? record.directories : before.directories;
  return {
    ...before,
    replicas,
    directories: directoriesOf(directories, replicas),
    isr: record.isr ?? before.isr,
    elr: record.eligibleLeaderReplicas ?? before.elr,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    leader: leaderStays ? before.leader : record.leader,
    leaderEpoch: leaderStays ? before.leaderEpoch : before.leaderEpoch + 1,
    partitionEpoch: before.partitionEpoch + 1,
    recoveryState: record.leaderRecoveryState === -1 ? before.recoveryState : record.leaderRecoveryState,
  };
}

export function directoriesOf(given: readonly string[], replicas: readonly number[]): readonly string[] {
  return given.length === replicas.length ? given : replicas.map(() => DIRECTORY_UNASSIGNED);
}

export function brokerOf(record: RegisterBrokerRecord): RegisteredBroker {
  return {
    id: record.brokerId,
    epoch: record.brokerEpoch,
    incarnationId: record.incarnationId,
    endpoints: record.endPoints.map(({ name, host, port, securityProtocol }) => ({
      name,
      host,
      port,
      securityProtocol,
    })),
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    directories: record.logDirs,
    cordonedDirectories: record.cordonedLogDirs ?? [],
    supportedFeatures: new Map(
      record.features.map((feature) => [
        feature.name,
        { min: feature.minSupportedVersion, max: feature.maxSupportedVersion },
      ]),
    ),
  };
}

export function registrationChange(record: BrokerRegistrationChangeRecord): Partial<RegisteredBroker> {
  return {
    ...(record.fenced === 0 ? {} : { fenced: record.fenced > 0 }),
    ...(record.inControlledShutdown === 0 ? {} : { inControlledShutdown: record.inControlledShutdown > 0 }),
    ...(record.logDirs.length === 0 ? {} : { directories: record.logDirs }),
    ...(record.cordonedLogDirs === null ? {} : { cordonedDirectories: record.cordonedLogDirs }),
  };
}
