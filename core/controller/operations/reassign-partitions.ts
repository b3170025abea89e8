import { alterPartitionReassignments, ErrorCode, type MetadataRecord } from '../../protocol/index.ts';
import { assignmentObjection } from '../assignment.ts';
import type { PartitionImage } from '../image.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { partitionChange } from '../partition-change.ts';
import { directoryFor, electionOf, partitionRules } from '../settings.ts';

interface Verdict {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * Moves partitions to other brokers (KIP-455): the new replicas join beside the old ones, and those leave when all new
 * ones are in sync. Replicas of null take a move back. v1: the replication factor may be held fixed (KIP-860).
 */
export const reassignPartitionsOperation: Operation<typeof alterPartitionReassignments> = {
  api: alterPartitionReassignments,
  run(context, request) {
    const records: MetadataRecord[] = [];
    const seen = new Set<string>();
    const responses = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }): Verdict => {
        const refuse = (errorCode: number, errorMessage: string): Verdict => ({
          partitionIndex,
          errorCode,
          errorMessage,
        });
        const topic = context.image.topicsByName.get(name);
        if (topic === undefined)
          return refuse(ErrorCode.unknownTopicOrPartition, `Unable to find a topic named ${name}.`);
        const partition = topic.partitions[partitionIndex];
        if (partition === undefined) {
          return refuse(ErrorCode.unknownTopicOrPartition, `Unable to find partition ${name}:${partitionIndex}.`);
        }
        if (seen.has(`${name}:${partitionIndex}`)) {
          return refuse(ErrorCode.invalidRequest, `Partition ${name}:${partitionIndex} appears more than once.`);
        }
        seen.add(`${name}:${partitionIndex}`);
        const made =
          replicas === null
            ? cancel(context, partition)
            : reassign(context, partition, replicas, request.allowReplicationFactorChange);
        if (made !== null && 'errorCode' in made) return refuse(made.errorCode, made.errorMessage);
        if (made !== null) records.push(made);
        return { partitionIndex, errorCode: ErrorCode.none, errorMessage: null };
      }),
    }));
    const { allowReplicationFactorChange } = request;
    return {
      records,
      response: { errorCode: ErrorCode.none, errorMessage: null, allowReplicationFactorChange, responses },
    };
  },
};

type Made = MetadataRecord | null | { readonly errorCode: number; readonly errorMessage: string };

function reassign(
  context: OperationContext,
  partition: PartitionImage,
  target: readonly number[],
  allowFactorChange: boolean,
): Made {
  const objection = assignmentObjection(context, target, null);
  if (objection !== null) return { errorCode: ErrorCode.invalidReplicaAssignment, errorMessage: objection };
  // What a move that is under way has already brought is not new, but still has to come into sync.
  const settled = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const factor = settled.length;
  if (!allowFactorChange && target.length !== factor) {
    return {
      errorCode: ErrorCode.invalidReplicationFactor,
      errorMessage: `The replication factor is changed from ${factor} to ${target.length}`,
    };
  }
  const removing = partition.replicas.filter((id) => !target.includes(id));
  const adding = target.filter((id) => !settled.includes(id));
  return partitionChange(
    partition,
    {
      replicas: [...target, ...removing],
      adding,
      removing,
      election: electionOf(context, partition.topic),
      directoryFor: (id) => directoryFor(context, id),
    },
    partitionRules(context, partition),
  );
}

function cancel(context: OperationContext, partition: PartitionImage): Made {
  if (partition.addingReplicas.length === 0 && partition.removingReplicas.length === 0) {
    return {
      errorCode: ErrorCode.noReassignmentInProgress,
      errorMessage: 'No partition reassignment is in progress.',
    };
  }
  const replicas = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const isr = partition.isr.filter((id) => replicas.includes(id));
  if (replicas.length === 0) {
    return { errorCode: ErrorCode.invalidReplicaAssignment, errorMessage: 'Nothing would be left of the partition.' };
  }
  // Only the new replicas are in sync: without them the partition would lose its data.
  if (isr.length === 0 && electionOf(context, partition.topic) !== 'unclean') {
    return {
      errorCode: ErrorCode.invalidReplicaAssignment,
      errorMessage: `Unable to revert partition assignment for ${partition.topic}:${partition.partition} because it would require an unclean leader election.`,
    };
  }
  return partitionChange(
    partition,
    { replicas, isr, adding: [], removing: [], election: electionOf(context, partition.topic) },
    partitionRules(context, partition),
  );
}
