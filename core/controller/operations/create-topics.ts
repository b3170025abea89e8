import { topicConfigObjection } from '../../config/index.ts';
import {
  type CreateTopicsRequest,
  type CreateTopicsResponseDraft,
  configRecord,
  createTopics,
  type ElementOf,
  ErrorCode,
  type MetadataRecord,
  metadataRecord,
  topicRecord,
} from '../../protocol/index.ts';
import { assignmentObjection } from '../assignment.ts';
import { ConfigResourceType } from '../image-builder.ts';
import { newPartition } from '../new-partition.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { placeReplicas } from '../placement.ts';
import { createdTopicConfigs } from '../topic-config-view.ts';
import { collisionKey, topicNameObjection } from '../topic-name.ts';
import { randomUuid } from '../uuid.ts';

type Creatable = ElementOf<CreateTopicsRequest['topics']>;
type Result = ElementOf<CreateTopicsResponseDraft['topics']>;

/** Records of one request: more would make a batch that no follower takes. */
export const MAX_RECORDS_PER_REQUEST = 10_000;

interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/**
 * Each topic of the request is created or refused on its own; all that are created stand in one batch. v5: the
 * effective configuration is answered; v7: the topic id.
 */
export const createTopicsOperation: Operation<typeof createTopics> = {
  api: createTopics,
  run(context, request) {
    const counts = new Map<string, number>();
    for (const topic of request.topics) counts.set(topic.name, (counts.get(topic.name) ?? 0) + 1);
    const taken = mayCollide(request.topics)
      ? new Map([...context.image.topicsByName.keys()].sort().map((name) => [collisionKey(name), name]))
      : new Map<string, string>();
    const records: MetadataRecord[] = [];
    const results: Result[] = [];
    const answered = new Set<string>();
    const errorMessage = 'Excessively large number of partitions per request.';
    const wanted = request.topics.reduce((sum, topic) => sum + partitionsOf(context, topic), 0);
    if (wanted > MAX_RECORDS_PER_REQUEST) {
      const refused = { errorCode: ErrorCode.policyViolation, errorMessage, configs: [] };
      return { records, response: { topics: [...counts.keys()].map((name) => ({ name, ...refused })) } };
    }
    for (const topic of request.topics) {
      if (answered.has(topic.name)) continue;
      answered.add(topic.name);
      const made =
        counts.get(topic.name)! > 1
          ? { errorCode: ErrorCode.invalidRequest, errorMessage: 'Duplicate topic name.' }
          : createOne(context, topic, taken);
      if ('errorCode' in made) {
        results.push({ name: topic.name, ...made, configs: [] });
        continue;
      }
      if (records.length + made.records.length > MAX_RECORDS_PER_REQUEST) {
        results.push({
          name: topic.name,
          errorCode: ErrorCode.policyViolation,
          errorMessage,
          configs: [],
        });
        continue;
      }
      records.push(...made.records);
      taken.set(collisionKey(topic.name), topic.name);
      results.push(made.result);
    }
    return { records: request.validateOnly ? [] : records, response: { topics: results } };
  },
};

/** Only names with '.' or '_' can collide: for all others the existing names need not be walked. */
function mayCollide(topics: readonly Creatable[]): boolean {
  return topics.some(({ name }) => name.includes('.') || name.includes('_'));
}

/** How many partitions a topic asks for, as far as it makes sense. */
function partitionsOf(context: OperationContext, topic: Creatable): number {
  if (topic.assignments.length > 0) return topic.assignments.length;
  return topic.numPartitions === -1 ? context.config.numPartitions : Math.max(0, topic.numPartitions);
}

function createOne(
  context: OperationContext,
  topic: Creatable,
  taken: ReadonlyMap<string, string>,
): Refusal | { readonly records: MetadataRecord[]; readonly result: Result } {
  const { name } = topic;
  if (name === '__cluster_metadata') {
    return refuse(ErrorCode.invalidRequest, 'Creation of internal topic __cluster_metadata is prohibited.');
  }
  const badName = topicNameObjection(name);
  if (badName !== null) return refuse(ErrorCode.invalidTopicException, badName);
  if (context.image.topicsByName.has(name))
    return refuse(ErrorCode.topicAlreadyExists, `Topic '${name}' already exists.`);
  const other = taken.get(collisionKey(name));
  if (other !== undefined) {
    return refuse(ErrorCode.invalidTopicException, `Topic '${name}' collides with existing topic: ${other}`);
  }
  const configs = new Map(topic.configs.map((entry) => [entry.name, entry.value]));
  const badConfig = topicConfigObjection(configs);
  if (badConfig !== null) return refuse(ErrorCode.invalidConfig, badConfig);
  const replicas = topic.assignments.length > 0 ? manualReplicas(context, topic) : placedReplicas(context, topic);
  if ('errorCode' in replicas) return replicas;

  const topicId = randomUuid(context.random);
  const records: MetadataRecord[] = [metadataRecord(topicRecord, 0, { name, topicId })];
  for (const configName of [...configs.keys()].sort()) {
    const value = configs.get(configName)!;
    const record = { resourceType: ConfigResourceType.topic, resourceName: name, name: configName, value };
    records.push(metadataRecord(configRecord, 0, record));
  }
  for (const [partitionId, assigned] of replicas.entries()) {
    records.push(newPartition(context, topicId, partitionId, assigned));
  }
  const result: Result = {
    name,
    topicId,
    errorCode: ErrorCode.none,
    errorMessage: null,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]!.length,
    configs: createdTopicConfigs(context, configs),
  };
  return { records, result };
}

function placedReplicas(context: OperationContext, topic: Creatable): Refusal | number[][] {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    return refuse(
      ErrorCode.invalidReplicationFactor,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    return refuse(ErrorCode.invalidPartitions, 'Number of partitions was set to an invalid non-positive value.');
  }
  const partitions = topic.numPartitions === -1 ? context.config.numPartitions : topic.numPartitions;
  const factor = topic.replicationFactor === -1 ? context.config.defaultReplicationFactor : topic.replicationFactor;
  const placement = placeReplicas(usableBrokers(context), partitions, factor, context.random);
  if (placement.kind === 'refused') {
    return refuse(
      ErrorCode.invalidReplicationFactor,
      `Unable to replicate the partition ${factor} time(s): ${placement.message}`,
    );
  }
  const replicas = placement.replicas.map((ids) => [...ids]);
  // A placed partition may start with no live replica only when all are fenced, which placement refuses.
  return replicas;
}

/** Brokers that may be given replicas: not on their way out, and with a directory that is not cordoned. */
export function usableBrokers(
  context: OperationContext,
): { readonly id: number; readonly rack: string | null; readonly fenced: boolean }[] {
  return context.image
    .brokerIds()
    .map((id) => context.image.brokers.get(id)!)
    .filter((broker) => !broker.inControlledShutdown)
    .filter(
      ({ directories, cordonedDirectories }) =>
        directories.length === 0 || directories.some((id) => !cordonedDirectories.includes(id)),
    )
    .map(({ id, rack, fenced }) => ({ id, rack, fenced }));
}

function manualReplicas(context: OperationContext, topic: Creatable): Refusal | number[][] {
  if (topic.replicationFactor !== -1) {
    return refuse(
      ErrorCode.invalidRequest,
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    );
  }
  if (topic.numPartitions !== -1) {
    return refuse(
      ErrorCode.invalidRequest,
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    );
  }
  const replicas: number[][] = [];
  const sorted = [...topic.assignments].sort((a, b) => a.partitionIndex - b.partitionIndex);
  for (const [index, { partitionIndex, brokerIds }] of sorted.entries()) {
    if (index > 0 && sorted[index - 1]!.partitionIndex === partitionIndex) {
      return refuse(
        ErrorCode.invalidReplicaAssignment,
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      );
    }
    const objection = assignmentObjection(context, brokerIds, replicas[0]?.length ?? null);
    if (objection !== null) return refuse(ErrorCode.invalidReplicaAssignment, objection);
    if (!brokerIds.some((id) => context.image.isActive(id))) {
      return refuse(
        ErrorCode.invalidReplicaAssignment,
        `All brokers specified in the manual partition assignment for partition ${partitionIndex} are fenced or in controlled shutdown.`,
      );
    }
    replicas.push(brokerIds);
  }
  if (sorted.some(({ partitionIndex }, index) => partitionIndex !== index)) {
    return refuse(ErrorCode.invalidReplicaAssignment, 'partitions should be a consecutive 0-based integer sequence');
  }
  return replicas;
}

function refuse(errorCode: number, errorMessage: string): Refusal {
  return { errorCode, errorMessage };
}
