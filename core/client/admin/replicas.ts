import {
  alterPartitionReassignments as alterReassignmentsApi,
  describeCluster as describeClusterApi,
  describeLogDirs as describeLogDirsApi,
  describeQuorum as describeQuorumApi,
  ErrorCode,
  electLeaders as electLeadersApi,
  listPartitionReassignments as listReassignmentsApi,
} from '../../protocol/index.ts';
import { groupByTopic, partitionIndexes, type TopicPartition } from '../by-leader.ts';
import { ClientError, refusal } from '../client-error.ts';
import type { NodeAddress } from '../metadata.ts';
import type { AdminRequests, ItemOutcome } from './requests.ts';

export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly NodeAddress[];
}

/** DescribeCluster where there is one (Kafka 2.8), otherwise the same from Metadata. @throws ClientError. */
export async function describeCluster(requests: AdminRequests, timeoutMs: number): Promise<ClusterDescription> {
  try {
    const response = await requests.any(describeClusterApi, {}, timeoutMs);
    if (response.errorCode !== ErrorCode.none) {
      throw refusal('DescribeCluster', response.errorCode, response.errorMessage);
    }
    const { clusterId, controllerId, brokers } = response;
    const addresses = brokers.map(({ brokerId, host, port, rack }) => ({ id: brokerId, host, port, rack }));
    return { clusterId, controllerId, brokers: addresses.sort((a, b) => a.id - b.id) };
  } catch (error) {
    if (!(error instanceof ClientError) || error.kind !== 'unsupportedVersion') throw error;
  }
  await requests.cluster.refresh();
  const { metadata } = requests.cluster;
  return { clusterId: metadata.clusterId ?? '', controllerId: metadata.controllerId, brokers: metadata.nodes() };
}

export interface LogDirDescription {
  readonly brokerId: number;
  readonly errorCode: number;
  readonly path: string;
  /** -1 when the broker is too old to say. */
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly replicas: readonly (TopicPartition & {
    readonly sizeBytes: number;
    readonly offsetLag: number;
    readonly isFuture: boolean;
  })[];
}

export async function describeLogDirs(
  requests: AdminRequests,
  brokerIds: readonly number[],
  timeoutMs: number,
): Promise<LogDirDescription[]> {
  const described: LogDirDescription[] = [];
  if (brokerIds.some((id) => requests.cluster.metadata.node(id) === undefined)) await requests.cluster.refresh();
  for (const brokerId of brokerIds) {
    const response = await requests.node(brokerId, describeLogDirsApi, { topics: null }, timeoutMs);
    if (response.errorCode !== ErrorCode.none) throw refusal(`log dirs of broker ${brokerId}`, response.errorCode);
    for (const { errorCode, logDir, totalBytes, usableBytes, topics } of response.results) {
      const replicas = topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
          topic: name,
          partition: partitionIndex,
          sizeBytes: partitionSize,
          offsetLag,
          isFuture: isFutureKey,
        })),
      );
      described.push({ brokerId, errorCode, path: logDir, totalBytes, usableBytes, replicas });
    }
  }
  return described;
}

/** All partitions when `partitions` is null: then only those that needed an election are answered. @throws ClientError. */
export async function electLeaders(
  requests: AdminRequests,
  kind: 'preferred' | 'unclean',
  partitions: readonly TopicPartition[] | null,
  timeoutMs: number,
): Promise<(TopicPartition & ItemOutcome)[]> {
  const topicPartitions =
    partitions === null
      ? null
      : [...groupByTopic(partitions)].map(([topic, own]) => ({ topic, partitions: own.map((one) => one.partition) }));
  const response = await requests.controller(
    electLeadersApi,
    (version) => ({
      ...(version >= 1 || kind === 'unclean' ? { electionType: kind === 'preferred' ? 0 : 1 } : {}),
      topicPartitions,
      timeoutMs,
    }),
    timeoutMs,
    (answer) => [answer.errorCode],
  );
  if (response.errorCode !== ErrorCode.none) throw refusal('ElectLeaders', response.errorCode);
  return response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => ({
      topic,
      partition: partitionId,
      errorCode,
      errorMessage,
    })),
  );
}

export interface QuorumReplica {
  readonly id: number;
  readonly logEndOffset: number;
  readonly lastFetchTimestamp: number;
  readonly lastCaughtUpTimestamp: number;
}

export interface QuorumDescription {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
}

const METADATA_TOPIC = '__cluster_metadata';

/** The controllers' quorum. @throws ClientError. */
export async function describeQuorum(requests: AdminRequests, timeoutMs: number): Promise<QuorumDescription> {
  const draft = { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] };
  const response = await requests.any(describeQuorumApi, draft, timeoutMs);
  const answer = response.topics[0]?.partitions[0];
  const errorCode = response.errorCode !== ErrorCode.none ? response.errorCode : (answer?.errorCode ?? -1);
  if (errorCode !== ErrorCode.none || answer === undefined) {
    throw refusal('DescribeQuorum', errorCode, answer?.errorMessage ?? response.errorMessage);
  }
  const replica = (state: (typeof answer.currentVoters)[number]): QuorumReplica => ({
    id: state.replicaId,
    logEndOffset: state.logEndOffset,
    lastFetchTimestamp: state.lastFetchTimestamp,
    lastCaughtUpTimestamp: state.lastCaughtUpTimestamp,
  });
  const { leaderId, leaderEpoch, highWatermark } = answer;
  const voters = answer.currentVoters.map(replica);
  return { leaderId, leaderEpoch, highWatermark, voters, observers: answer.observers.map(replica) };
}

/** `replicas` null cancels the partition's reassignment. @throws ClientError when the whole request is refused. */
export async function alterPartitionReassignments(
  requests: AdminRequests,
  wanted: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
  timeoutMs: number,
): Promise<(TopicPartition & ItemOutcome)[]> {
  const topics = [...groupByTopic(wanted)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition, replicas }) => ({ partitionIndex: partition, replicas })),
  }));
  const response = await requests.controller(alterReassignmentsApi, { topics, timeoutMs }, timeoutMs, (answer) => [
    answer.errorCode,
  ]);
  if (response.errorCode !== ErrorCode.none) {
    throw refusal('AlterPartitionReassignments', response.errorCode, response.errorMessage);
  }
  return response.responses.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, errorMessage }) => ({
      topic: name,
      partition: partitionIndex,
      errorCode,
      errorMessage,
    })),
  );
}

export interface OngoingReassignment extends TopicPartition {
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** All that are under way when `partitions` is null. @throws ClientError. */
export async function listPartitionReassignments(
  requests: AdminRequests,
  partitions: readonly TopicPartition[] | null,
  timeoutMs: number,
): Promise<OngoingReassignment[]> {
  const topics = partitions === null ? null : partitionIndexes(partitions);
  const response = await requests.controller(listReassignmentsApi, { topics, timeoutMs }, timeoutMs, (answer) => [
    answer.errorCode,
  ]);
  if (response.errorCode !== ErrorCode.none) {
    throw refusal('ListPartitionReassignments', response.errorCode, response.errorMessage);
  }
  return response.topics.flatMap(({ name, partitions: answers }) =>
    answers.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      addingReplicas,
      removingReplicas,
    })),
  );
}
