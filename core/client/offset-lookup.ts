import { listOffsets, offsetForLeaderEpoch } from '../protocol/index.ts';
import { askLeaders, groupByTopic, type LeaderAnswer, type TopicPartition } from './by-leader.ts';
import { refusal } from './client-error.ts';
import type { Cluster } from './cluster.ts';

/** Timestamps of ListOffsets with a meaning of their own. */
export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;
/** The offset of the record with the largest timestamp (KIP-734, ListOffsets 7). */
export const MAX_TIMESTAMP = -3;

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds, or one of the above. */
  readonly timestamp: number;
}

export interface FoundOffset {
  /** -1: there is no record of that time or later. */
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/** ListOffsets at the leaders. With `readCommitted` the latest offset is the last stable one. */
export function lookUpOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  readCommitted: boolean,
  timeoutMs: number,
): Promise<LeaderAnswer<FoundOffset>[]> {
  return askLeaders(cluster, queries, timeoutMs, async (nodeId, asked, leftMs) => {
    const topics = [...groupByTopic(asked)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ topic, partition, timestamp }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
        timestamp,
      })),
    }));
    const draft = { replicaId: -1, isolationLevel: readCommitted ? 1 : 0, topics };
    const requestMs = Math.min(leftMs, cluster.config['request.timeout.ms']);
    const response = await cluster.request(nodeId, 'data', listOffsets, draftWithTimeout(draft, requestMs), requestMs);
    return response.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, offset, timestamp, leaderEpoch }) => ({
        topic: name,
        partition: partitionIndex,
        errorCode,
        value: errorCode === 0 ? { offset, timestamp, leaderEpoch } : null,
      })),
    );
  });
}

/** As `lookUpOffsets`, where every partition must have an answer. @throws ClientError. */
export async function offsetsOf(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  readCommitted: boolean,
  timeoutMs: number,
): Promise<FoundOffset[]> {
  const answers = await lookUpOffsets(cluster, queries, readCommitted, timeoutMs);
  return answers.map(({ topic, partition, errorCode, value }) => {
    if (value === null) throw refusal(`offsets of ${topic}-${partition}`, errorCode);
    return value;
  });
}

function draftWithTimeout<D extends object>(draft: D, timeoutMs: number): D & { timeoutMs: number } {
  return { ...draft, timeoutMs: Math.ceil(timeoutMs) };
}

export interface EpochQuery extends TopicPartition {
  readonly leaderEpoch: number;
}

export interface EpochEnd {
  /** The largest epoch at most the one that was asked for; -1: the leader has none. */
  readonly leaderEpoch: number;
  /** Where that epoch ends in the leader's log; -1 with it. */
  readonly endOffset: number;
}

/** OffsetForLeaderEpoch at the leaders (KIP-320). */
export function lookUpEpochEnds(
  cluster: Cluster,
  queries: readonly EpochQuery[],
  timeoutMs: number,
): Promise<LeaderAnswer<EpochEnd>[]> {
  return askLeaders(cluster, queries, timeoutMs, async (nodeId, asked, leftMs) => {
    const topics = [...groupByTopic(asked)].map(([name, partitions]) => ({
      topic: name,
      partitions: partitions.map(({ topic, partition, leaderEpoch }) => ({
        partition,
        currentLeaderEpoch: cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
        leaderEpoch,
      })),
    }));
    const requestMs = Math.min(leftMs, cluster.config['request.timeout.ms']);
    const draft = { replicaId: -1, topics };
    const response = await cluster.request(nodeId, 'data', offsetForLeaderEpoch, draft, requestMs);
    return response.topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, errorCode, leaderEpoch, endOffset }) => ({
        topic,
        partition,
        errorCode,
        value: errorCode === 0 ? { leaderEpoch, endOffset } : null,
      })),
    );
  });
}
