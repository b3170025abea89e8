import { ErrorCode, offsetForLeaderEpoch } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

const NOTHING = { leaderEpoch: -1, endOffset: -1 };

/**
 * OffsetForLeaderEpoch: where an epoch ended in the leader's log (KIP-101, KIP-279), so that followers and consumers
 * (KIP-320) see where they left it. v3 replica id · v4 flexible.
 */
export function offsetForLeaderEpochHandler(
  services: Pick<BrokerServices, 'replicas' | 'metadata'>,
): Handler<typeof offsetForLeaderEpoch> {
  const { replicas, metadata } = services;
  return {
    api: offsetForLeaderEpoch,
    handle(request) {
      return {
        topics: request.topics.map((topic) => ({
          topic: topic.topic,
          partitions: topic.partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
            const refuse = (errorCode: number) => ({ partition: index, errorCode, ...NOTHING });
            const partition = replicas.partition(topic.topic, index);
            if (partition === undefined) {
              const exists = metadata.image.topicsByName.get(topic.topic)?.partitions[index] !== undefined;
              return refuse(exists ? ErrorCode.notLeaderOrFollower : ErrorCode.unknownTopicOrPartition);
            }
            if (partition.state.kind === 'offline') return refuse(ErrorCode.kafkaStorageError);
            const epochError = partition.epochError(currentLeaderEpoch);
            if (epochError !== ErrorCode.none) return refuse(epochError);
            const { leader, log } = partition;
            if (leader === null || log === null) return refuse(ErrorCode.notLeaderOrFollower);
            // The epoch in progress ends where the log does, also before it has written anything.
            if (leaderEpoch === leader.epoch) {
              return { partition: index, errorCode: ErrorCode.none, leaderEpoch, endOffset: log.logEndOffset };
            }
            return { partition: index, errorCode: ErrorCode.none, ...log.endOffsetForEpoch(leaderEpoch) };
          }),
        })),
      };
    },
  };
}
