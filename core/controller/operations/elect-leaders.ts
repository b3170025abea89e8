import { ErrorCode, electLeaders, type MetadataRecord } from '../../protocol/index.ts';
import { NO_LEADER } from '../cluster-image.ts';
import type { PartitionImage } from '../image.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { partitionChange } from '../partition-change.ts';
import { partitionRules } from '../settings.ts';

const UNCLEAN = 1;

interface Verdict {
  readonly partitionId: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Moves leadership to the first replica, or (v1) to any live one where no eligible one lives. v1: top-level error. */
export const electLeadersOperation: Operation<typeof electLeaders> = {
  api: electLeaders,
  run(context, request) {
    const records: MetadataRecord[] = [];
    const unclean = request.electionType === UNCLEAN;
    // v0 knows preferred elections only.
    if (request.electionType !== UNCLEAN && request.electionType !== 0) {
      return { records, response: { errorCode: ErrorCode.invalidRequest, replicaElectionResults: [] } };
    }
    const all = request.topicPartitions === null;
    const asked =
      request.topicPartitions ??
      context.image
        .sortedTopics()
        .map((topic) => ({ topic: topic.name, partitions: topic.partitions.map((one) => one.partition) }));
    const replicaElectionResults = asked.map(({ topic, partitions }) => ({
      topic,
      partitionResult: [...new Set(partitions)]
        .map((partitionId) => electOne(context, topic, partitionId, unclean, records))
        .filter((verdict) => !all || verdict.errorCode !== ErrorCode.electionNotNeeded),
    }));
    return { records, response: { errorCode: ErrorCode.none, replicaElectionResults } };
  },
};

function electOne(
  context: OperationContext,
  topicName: string,
  partitionId: number,
  unclean: boolean,
  records: MetadataRecord[],
): Verdict {
  const refuse = (errorCode: number, errorMessage: string): Verdict => ({ partitionId, errorCode, errorMessage });
  const topic = context.image.topicsByName.get(topicName);
  if (topic === undefined) return refuse(ErrorCode.unknownTopicOrPartition, `No such topic as ${topicName}`);
  const partition = topic.partitions[partitionId];
  if (partition === undefined) {
    return refuse(ErrorCode.unknownTopicOrPartition, `No such partition as ${topicName}-${partitionId}`);
  }
  const needed = unclean ? partition.leader === NO_LEADER : partition.leader !== partition.replicas[0];
  if (!needed) return refuse(ErrorCode.electionNotNeeded, 'Leader election not needed for topic partition.');
  const record = electionRecord(context, partition, unclean ? 'unclean' : 'preferred');
  if (record === null) {
    return unclean
      ? refuse(ErrorCode.eligibleLeadersNotAvailable, 'Eligible topic partition leaders are not available.')
      : refuse(ErrorCode.preferredLeaderNotAvailable, 'The preferred leader was not available.');
  }
  records.push(record);
  return { partitionId, errorCode: ErrorCode.none, errorMessage: null };
}

/** The record that gives a partition another leader, null when the election would change none. */
export function electionRecord(
  context: OperationContext,
  partition: PartitionImage,
  election: 'preferred' | 'unclean' | 'online',
): MetadataRecord | null {
  const record = partitionChange(partition, { election }, partitionRules(context, partition));
  if (record?.type !== 'PartitionChangeRecord') return null;
  // -2: the leader stays. The preferred election must bring the preferred leader or nothing.
  const { leader } = record.record;
  if (leader === -2 || leader === NO_LEADER) return null;
  return election === 'preferred' && leader !== partition.replicas[0] ? null : record;
}
