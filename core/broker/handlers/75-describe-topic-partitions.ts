import type { BrokerImage, PartitionImage } from '../../controller/image.ts';
import { internalTopics, topicNameObjection } from '../../controller/topic-name.ts';
import {
  type DescribeTopicPartitionsResponseDraft,
  describeTopicPartitions,
  type ElementOf,
  ErrorCode,
} from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';
import { authorizedOperations } from './authorized-operations.ts';

type TopicDraft = ElementOf<DescribeTopicPartitionsResponseDraft['topics']>;

/**
 * Topics with their eligible leader replicas, in the order of their names and in portions (KIP-966): a cursor says
 * where the next one begins.
 */
export function describeTopicPartitionsHandler(
  services: Pick<BrokerServices, 'metadata' | 'config'>,
): Handler<typeof describeTopicPartitions> {
  return {
    api: describeTopicPartitions,
    handle(request) {
      const { image } = services.metadata;
      const { cursor } = request;
      const all = request.topics.length === 0;
      const asked = all ? [...image.topicsByName.keys()] : [...new Set(request.topics.map((topic) => topic.name))];
      const names = asked.filter((name) => cursor === null || name >= cursor.topicName).sort();
      let room = Math.max(
        1,
        Math.min(request.responsePartitionLimit, services.config.number('max.request.partition.size.limit')),
      );
      const topics: TopicDraft[] = [];
      for (const name of names) {
        const topic = image.topicsByName.get(name);
        const operations = { topicAuthorizedOperations: authorizedOperations.topic };
        if (topic === undefined) {
          const invalid = topicNameObjection(name) !== null;
          const errorCode = invalid ? ErrorCode.invalidTopicException : ErrorCode.unknownTopicOrPartition;
          topics.push({ name, errorCode, isInternal: internalTopics.has(name), ...operations });
          continue;
        }
        const first = cursor?.topicName === name ? Math.max(0, cursor.partitionIndex) : 0;
        if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
        const partitions = topic.partitions.slice(first, first + room);
        room -= partitions.length;
        topics.push({
          name,
          errorCode: ErrorCode.none,
          topicId: topic.id,
          isInternal: internalTopics.has(name),
          partitions: partitions.map((partition) => describe(partition, image.brokers)),
          ...operations,
        });
        const next = first + partitions.length;
        if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } };
      }
      return { topics, nextCursor: null };
    },
  };
}

function describe(
  partition: PartitionImage,
  brokers: ReadonlyMap<number, BrokerImage>,
): ElementOf<TopicDraft['partitions']> {
  const isAlive = (id: number): boolean => brokers.get(id)?.fenced === false;
  const hasLeader = isAlive(partition.leader);
  return {
    errorCode: hasLeader ? ErrorCode.none : ErrorCode.leaderNotAvailable,
    partitionIndex: partition.partition,
    leaderId: hasLeader ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    eligibleLeaderReplicas: partition.elr,
    lastKnownElr: partition.lastKnownElr,
    offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
  };
}
