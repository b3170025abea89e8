import { describeProducers, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

const UNKNOWN_TOPIC = 'This server does not host this topic-partition.';

/** DescribeProducers: who writes to a partition with a producer id, and which transactions are open in it (KIP-664). */
export function describeProducersHandler(
  services: Pick<BrokerServices, 'replicas' | 'metadata'>,
): Handler<typeof describeProducers> {
  const { replicas, metadata } = services;
  return {
    api: describeProducers,
    handle(request) {
      return {
        topics: request.topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => {
            const partition = replicas.partition(name, partitionIndex);
            if (partition === undefined) {
              const exists = metadata.image.topicsByName.get(name)?.partitions[partitionIndex] !== undefined;
              const errorCode = exists ? ErrorCode.notLeaderOrFollower : ErrorCode.unknownTopicOrPartition;
              const errorMessage = metadata.image.topicsByName.has(name) ? null : UNKNOWN_TOPIC;
              return { partitionIndex, errorCode, errorMessage, activeProducers: [] };
            }
            if (partition.leader === null || partition.log === null) {
              const offline = partition.state.kind === 'offline';
              const errorCode = offline ? ErrorCode.kafkaStorageError : ErrorCode.notLeaderOrFollower;
              return { partitionIndex, errorCode, activeProducers: [] };
            }
            return {
              partitionIndex,
              errorCode: ErrorCode.none,
              activeProducers: partition.log.activeProducers().map((producer) => ({
                producerId: producer.producerId,
                producerEpoch: producer.producerEpoch,
                lastSequence: producer.lastSequence,
                lastTimestamp: producer.lastTimestampMs,
                coordinatorEpoch: producer.coordinatorEpoch,
                currentTxnStartOffset: producer.currentTransactionStartOffset,
              })),
            };
          }),
        })),
      };
    },
  };
}
