import {
  type AlterPartitionRequest,
  type AlterPartitionResponseDraft,
  alterPartition,
  type ElementOf,
  ErrorCode,
  type MetadataRecord,
} from '../../protocol/index.ts';
import type { PartitionImage } from '../image.ts';
import { mergePartitionChange } from '../image-values.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { partitionChange } from '../partition-change.ts';
import { directoryFor, electionOf, partitionRules } from '../settings.ts';

type TopicData = ElementOf<AlterPartitionRequest['topics']>;
type PartitionData = ElementOf<TopicData['partitions']>;
type Result = ElementOf<ElementOf<AlterPartitionResponseDraft['topics']>['partitions']>;

const RECOVERING = 1;

/**
 * A leader proposes a new in-sync set (KIP-497). It is taken only if it was made from the current leader epoch and
 * partition epoch, by the leader, out of live replicas: v3 names their broker epochs, so that one that has restarted
 * since is not taken for its former life (KIP-903).
 */
export const alterPartitionOperation: Operation<typeof alterPartition> = {
  api: alterPartition,
  run(context, request, version) {
    const broker = context.image.brokers.get(request.brokerId);
    if (broker === undefined || broker.epoch !== request.brokerEpoch) {
      return { records: [], response: { errorCode: ErrorCode.staleBrokerEpoch } };
    }
    const records: MetadataRecord[] = [];
    const seen = new Set<string>();
    const topics = request.topics.map((topic) => ({
      topicId: topic.topicId,
      partitions: topic.partitions.map((data) => {
        const key = `${topic.topicId}:${data.partitionIndex}`;
        if (seen.has(key)) return { partitionIndex: data.partitionIndex, errorCode: ErrorCode.invalidRequest };
        seen.add(key);
        return alterOne(context, request.brokerId, topic, data, version, records);
      }),
    }));
    return { records, response: { errorCode: ErrorCode.none, topics } };
  },
};

function alterOne(
  context: OperationContext,
  brokerId: number,
  topic: TopicData,
  data: PartitionData,
  version: number,
  records: MetadataRecord[],
): Result {
  const { partitionIndex } = data;
  const found = context.image.topicsById.get(topic.topicId);
  if (found === undefined) return { partitionIndex, errorCode: ErrorCode.unknownTopicId };
  const partition = found.partitions[partitionIndex];
  if (partition === undefined) return { partitionIndex, errorCode: ErrorCode.unknownTopicOrPartition };
  const proposed = version >= 3 ? data.newIsrWithEpochs : data.newIsr.map((id) => ({ brokerId: id, brokerEpoch: -1 }));
  const errorCode = objection(context, brokerId, partition, data, proposed);
  if (errorCode !== ErrorCode.none) return { partitionIndex, errorCode };
  const record = partitionChange(
    partition,
    {
      isr: proposed.map((replica) => replica.brokerId),
      recoveryState: data.leaderRecoveryState,
      election: electionOf(context, partition.topic),
      directoryFor: (id) => directoryFor(context, id),
    },
    partitionRules(context, partition),
  );
  if (record === null || record.type !== 'PartitionChangeRecord') return answer(partition);
  records.push(record);
  const after = mergePartitionChange(partition, record.record);
  // The change completed a reassignment that took the leadership away: the proposer must not go on leading.
  if (after.leaderEpoch !== partition.leaderEpoch && after.leader !== brokerId) {
    return { partitionIndex, errorCode: ErrorCode.newLeaderElected };
  }
  return answer(after);
}

function objection(
  context: OperationContext,
  brokerId: number,
  partition: PartitionImage,
  data: PartitionData,
  proposed: readonly { readonly brokerId: number; readonly brokerEpoch: number }[],
): number {
  // From the future: the proposer has heard of a later controller than this one is.
  if (data.leaderEpoch > partition.leaderEpoch || data.partitionEpoch > partition.partitionEpoch) {
    return ErrorCode.notController;
  }
  if (data.leaderEpoch < partition.leaderEpoch) return ErrorCode.fencedLeaderEpoch;
  if (brokerId !== partition.leader) return ErrorCode.invalidRequest;
  if (data.partitionEpoch < partition.partitionEpoch && context.faults.ignorePartitionEpoch !== true) {
    return ErrorCode.invalidUpdateVersion;
  }
  const ids = proposed.map((replica) => replica.brokerId);
  if (new Set(ids).size !== ids.length || !ids.every((id) => partition.replicas.includes(id))) {
    return ErrorCode.invalidRequest;
  }
  if (!ids.includes(partition.leader)) return ErrorCode.invalidRequest;
  if (data.leaderRecoveryState !== 0 && data.leaderRecoveryState !== RECOVERING) return ErrorCode.invalidRequest;
  if (data.leaderRecoveryState === RECOVERING && (ids.length > 1 || partition.recoveryState !== RECOVERING)) {
    return ErrorCode.invalidRequest;
  }
  const eligible = proposed.every((replica) => {
    const broker = context.image.brokers.get(replica.brokerId);
    if (broker === undefined || !context.image.isActive(replica.brokerId)) return false;
    if (replica.brokerEpoch === -1 || context.faults.ignoreBrokerEpoch === true) return true;
    return replica.brokerEpoch === broker.epoch;
  });
  return eligible ? ErrorCode.none : ErrorCode.ineligibleReplica;
}

function answer(partition: PartitionImage): Result {
  return {
    partitionIndex: partition.partition,
    errorCode: ErrorCode.none,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: [...partition.isr],
    leaderRecoveryState: partition.recoveryState,
    partitionEpoch: partition.partitionEpoch,
  };
}
