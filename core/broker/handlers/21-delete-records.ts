import { internalTopics } from '../../controller/topic-name.ts';
import { type DeleteRecordsResponseDraft, deleteRecords, type ElementOf, ErrorCode } from '../../protocol/index.ts';
import { DelayedOperation, type Partition } from '../../replication/index.ts';
import type { DeferredHandler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

type Services = Pick<BrokerServices, 'runtime' | 'replicas' | 'metadata'>;
type PartitionResult = ElementOf<
  NonNullable<ElementOf<NonNullable<DeleteRecordsResponseDraft['topics']>>['partitions']>
>;

/**
 * DeleteRecords: moves the log start of partitions up (KIP-107), -1 to the high watermark; answers when every live
 * replica has followed. v2 flexible.
 */
export function deleteRecordsHandler(services: Services): DeferredHandler<typeof deleteRecords> {
  const { replicas, metadata, runtime } = services;
  return {
    api: deleteRecords,
    handleLater(request, context, respond) {
      const waiting: Waiting[] = [];
      const topics = request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex, offset }) => {
          const result: MutableResult = { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.none };
          if (internalTopics.has(topic.name)) {
            result.errorCode = ErrorCode.invalidTopicException;
            return result;
          }
          const partition = replicas.partition(topic.name, partitionIndex);
          if (partition === undefined) {
            const exists = metadata.image.topicsByName.get(topic.name)?.partitions[partitionIndex] !== undefined;
            result.errorCode = exists ? ErrorCode.notLeaderOrFollower : ErrorCode.unknownTopicOrPartition;
            return result;
          }
          const deleted = partition.deleteRecords(offset);
          result.errorCode = deleted.errorCode;
          if (deleted.errorCode === ErrorCode.none) {
            waiting.push({ partition, result, required: deleted.logStartOffset });
          }
          return result;
        }),
      }));
      const operation = new DeleteRecordsOperation(services, waiting, () => respond({ topics }));
      operation.start(
        runtime.timers,
        request.timeoutMs,
        waiting.map(({ partition }) => partition.deletes),
      );
      if (!operation.done) context.whenClosed(() => operation.abandon());
    },
  };
}

type MutableResult = { -readonly [K in keyof PartitionResult]: PartitionResult[K] };

interface Waiting {
  readonly partition: Partition;
  readonly result: MutableResult;
  readonly required: number;
}

class DeleteRecordsOperation extends DelayedOperation {
  readonly #services: Services;
  readonly #waiting: readonly Waiting[];
  readonly #answer: () => void;

  constructor(services: Services, waiting: readonly Waiting[], answer: () => void) {
    super();
    this.#services = services;
    this.#waiting = waiting;
    this.#answer = answer;
  }

  protected override tryComplete(): boolean {
    const { image } = this.#services.metadata;
    const isAlive = (replicaId: number): boolean => image.brokers.get(replicaId)?.fenced === false;
    let done = true;
    for (const { partition, result, required } of this.#waiting) {
      if (partition.leader === null) {
        result.errorCode =
          partition.state.kind === 'offline' ? ErrorCode.kafkaStorageError : ErrorCode.notLeaderOrFollower;
        continue;
      }
      result.lowWatermark = partition.lowWatermark(isAlive);
      if (result.lowWatermark < required) done = false;
    }
    if (done) this.#answer();
    return done;
  }

  protected override expire(): void {
    for (const { result, required } of this.#waiting) {
      if (result.errorCode === ErrorCode.none && (result.lowWatermark ?? -1) < required) {
        result.errorCode = ErrorCode.requestTimedOut;
        result.lowWatermark = -1;
      }
    }
    this.#answer();
  }
}
