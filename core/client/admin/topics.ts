import {
  createPartitions as createPartitionsApi,
  createTopics as createTopicsApi,
  deleteRecords as deleteRecordsApi,
  deleteTopics as deleteTopicsApi,
  metadata as metadataApi,
  ZERO_UUID,
} from '../../protocol/index.ts';
import { askLeaders, groupByTopic, type TopicPartition } from '../by-leader.ts';
import type { AdminRequests, ItemOutcome } from './requests.ts';

export interface NewTopic {
  readonly name: string;
  /** Default (or -1): the broker's num.partitions. */
  readonly partitions?: number;
  /** Default (or -1): the broker's default.replication.factor. */
  readonly replicationFactor?: number;
  /** Brokers by partition, first the preferred leader; instead of the two above. */
  readonly assignments?: readonly (readonly number[])[];
  readonly config?: Readonly<Record<string, string>>;
}

export interface TopicDescription extends ItemOutcome {
  readonly name: string;
  /** ZERO_UUID when the broker is too old to say. */
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: readonly {
    readonly partition: number;
    readonly errorCode: number;
    /** -1: none. */
    readonly leaderId: number;
    readonly leaderEpoch: number;
    readonly replicas: readonly number[];
    readonly inSyncReplicas: readonly number[];
    readonly offlineReplicas: readonly number[];
  }[];
}

export async function createTopics(
  requests: AdminRequests,
  topics: readonly NewTopic[],
  timeoutMs: number,
  validateOnly: boolean,
): Promise<(ItemOutcome & { readonly name: string; readonly id: string })[]> {
  const response = await requests.controller(
    createTopicsApi,
    {
      topics: topics.map(({ name, partitions, replicationFactor, assignments, config }) => ({
        name,
        numPartitions: assignments === undefined ? (partitions ?? -1) : -1,
        replicationFactor: assignments === undefined ? (replicationFactor ?? -1) : -1,
        assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
        configs: Object.entries(config ?? {}).map(([key, value]) => ({ name: key, value })),
      })),
      timeoutMs,
      validateOnly,
    },
    timeoutMs,
    (answer) => answer.topics.map((topic) => topic.errorCode),
  );
  return response.topics.map(({ name, topicId: id, errorCode, errorMessage }) => ({
    name,
    id,
    errorCode,
    errorMessage,
  }));
}

export async function deleteTopics(
  requests: AdminRequests,
  names: readonly string[],
  timeoutMs: number,
): Promise<(ItemOutcome & { readonly name: string })[]> {
  const response = await requests.controller(
    deleteTopicsApi,
    (version) => ({
      ...(version >= 6 ? { topics: names.map((name) => ({ name, topicId: ZERO_UUID })) } : { topicNames: names }),
      timeoutMs,
    }),
    timeoutMs,
    (answer) => answer.responses.map((topic) => topic.errorCode),
  );
  return response.responses.map(({ name, errorCode, errorMessage }) => ({ name: name ?? '', errorCode, errorMessage }));
}

/** All topics when `names` is null. */
export async function describeTopics(
  requests: AdminRequests,
  names: readonly string[] | null,
  timeoutMs: number,
): Promise<TopicDescription[]> {
  const response = await requests.any(
    metadataApi,
    (version) => ({
      topics: names === null ? (version === 0 ? [] : null) : names.map((name) => ({ name })),
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
    }),
    timeoutMs,
  );
  return response.topics.map((topic) => ({
    name: topic.name ?? '',
    id: topic.topicId,
    internal: topic.isInternal,
    errorCode: topic.errorCode,
    errorMessage: null,
    partitions: topic.partitions
      .map((one) => ({
        partition: one.partitionIndex,
        errorCode: one.errorCode,
        leaderId: one.leaderId,
        leaderEpoch: one.leaderEpoch,
        replicas: one.replicaNodes,
        inSyncReplicas: one.isrNodes,
        offlineReplicas: one.offlineReplicas,
      }))
      .sort((a, b) => a.partition - b.partition),
  }));
}

export async function createPartitions(
  requests: AdminRequests,
  topics: readonly { readonly name: string; readonly count: number }[],
  timeoutMs: number,
  validateOnly: boolean,
): Promise<(ItemOutcome & { readonly name: string })[]> {
  const response = await requests.controller(
    createPartitionsApi,
    { topics: topics.map(({ name, count }) => ({ name, count, assignments: null })), timeoutMs, validateOnly },
    timeoutMs,
    (answer) => answer.results.map((topic) => topic.errorCode),
  );
  return response.results;
}

export interface RecordsToDelete extends TopicPartition {
  /** Everything below goes; -1: all up to the high watermark. */
  readonly beforeOffset: number;
}

/** At the partitions' leaders. `value` is the new log start offset. */
export function deleteRecords(
  requests: AdminRequests,
  wanted: readonly RecordsToDelete[],
  timeoutMs: number,
): ReturnType<typeof askLeaders<RecordsToDelete, number>> {
  return askLeaders<RecordsToDelete, number>(requests.cluster, wanted, timeoutMs, async (nodeId, asked, leftMs) => {
    const topics = [...groupByTopic(asked)].map(([name, own]) => ({
      name,
      partitions: own.map(({ partition, beforeOffset }) => ({ partitionIndex: partition, offset: beforeOffset })),
    }));
    const draft = { topics, timeoutMs: Math.ceil(leftMs) };
    const response = await requests.cluster.request(nodeId, 'data', deleteRecordsApi, draft, leftMs);
    return response.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, lowWatermark }) => ({
        topic: name,
        partition: partitionIndex,
        errorCode,
        value: errorCode === 0 ? lowWatermark : null,
      })),
    );
  });
}
