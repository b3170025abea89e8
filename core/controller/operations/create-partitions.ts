import {
  type CreatePartitionsRequest,
  createPartitions,
  type ElementOf,
  ErrorCode,
  type MetadataRecord,
} from '../../protocol/index.ts';
import { assignmentObjection } from '../assignment.ts';
import { newPartition } from '../new-partition.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { placeReplicas } from '../placement.ts';
import { MAX_RECORDS_PER_REQUEST, usableBrokers } from './create-topics.ts';

type Growth = ElementOf<CreatePartitionsRequest['topics']>;

interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Partitions are added behind the last one; none is ever taken away. */
export const createPartitionsOperation: Operation<typeof createPartitions> = {
  api: createPartitions,
  run(context, request) {
    const counts = new Map<string, number>();
    for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
    const records: MetadataRecord[] = [];
    const results: { name: string; errorCode: number; errorMessage: string | null }[] = [];
    const answered = new Set<string>();
    for (const growth of request.topics) {
      const { name } = growth;
      if (answered.has(name)) continue;
      answered.add(name);
      const grown =
        counts.get(name)! > 1
          ? { errorCode: ErrorCode.invalidRequest, errorMessage: 'Duplicate topic name.' }
          : grow(context, growth, MAX_RECORDS_PER_REQUEST - records.length);
      if ('errorCode' in grown) {
        results.push({ name, ...grown });
        continue;
      }
      records.push(...grown);
      results.push({ name, errorCode: ErrorCode.none, errorMessage: null });
    }
    return { records: request.validateOnly ? [] : records, response: { results } };
  },
};

function grow(context: OperationContext, growth: Growth, room: number): Refusal | MetadataRecord[] {
  const topic = context.image.topicsByName.get(growth.name);
  if (topic === undefined) return { errorCode: ErrorCode.unknownTopicOrPartition, errorMessage: null };
  const before = topic.partitions.length;
  if (growth.count === before) {
    return { errorCode: ErrorCode.invalidPartitions, errorMessage: `Topic already has ${before} partition(s).` };
  }
  if (growth.count < before) {
    return {
      errorCode: ErrorCode.invalidPartitions,
      errorMessage: `The topic ${growth.name} currently has ${before} partition(s); ${growth.count} would not be an increase.`,
    };
  }
  const additional = growth.count - before;
  if (additional > room) {
    return {
      errorCode: ErrorCode.policyViolation,
      errorMessage: 'Excessively large number of partitions per request.',
    };
  }
  const replicas = newReplicas(context, growth, additional, topic.partitions[0]!.replicas.length);
  if ('errorCode' in replicas) return replicas;
  return replicas.map((assigned, index) => newPartition(context, topic.id, before + index, assigned));
}

function newReplicas(
  context: OperationContext,
  growth: Growth,
  additional: number,
  replicationFactor: number,
): Refusal | (readonly number[])[] {
  if (growth.assignments === null) {
    const placement = placeReplicas(usableBrokers(context), additional, replicationFactor, context.random);
    if (placement.kind === 'placed') return [...placement.replicas];
    return {
      errorCode: ErrorCode.invalidReplicationFactor,
      errorMessage: `Unable to replicate the partition ${replicationFactor} time(s): ${placement.message}`,
    };
  }
  if (growth.assignments.length !== additional) {
    return {
      errorCode: ErrorCode.invalidReplicaAssignment,
      errorMessage:
        `Attempted to add ${additional} additional partition(s), but only ` +
        `${growth.assignments.length} assignment(s) were specified.`,
    };
  }
  for (const { brokerIds } of growth.assignments) {
    const objection = assignmentObjection(context, brokerIds, replicationFactor);
    if (objection !== null) return { errorCode: ErrorCode.invalidReplicaAssignment, errorMessage: objection };
    if (!brokerIds.some((id) => context.image.isActive(id))) {
      return {
        errorCode: ErrorCode.invalidReplicaAssignment,
        errorMessage: 'All brokers specified in the manual partition assignment are fenced or in controlled shutdown.',
      };
    }
  }
  return growth.assignments.map((assignment) => assignment.brokerIds);
}
