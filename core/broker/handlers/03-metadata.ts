import { AutoTopicCreator } from '../../controller/auto-topics.ts';
import type { BrokerImage, MetadataImage, PartitionImage, TopicImage } from '../../controller/image.ts';
import { internalTopics, topicNameObjection } from '../../controller/topic-name.ts';
import {
  type ElementOf,
  ErrorCode,
  type MetadataRequest,
  type MetadataResponseDraft,
  metadata,
  ZERO_UUID,
} from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';
import { authorizedOperations } from './authorized-operations.ts';
import { clientEndpoint } from './client-endpoint.ts';

type TopicDraft = ElementOf<MetadataResponseDraft['topics']>;
type PartitionDraft = ElementOf<TopicDraft['partitions']>;

/** How long an answer waits for a topic that it has caused to be created. */
const AUTO_CREATE_WAIT_MS = 2000;

/**
 * Brokers and topics. v0: an empty list means all topics, from v1 on null does; v4: the client may forbid automatic
 * creation; v5: offline replicas; v7: leader epochs; v8–10: authorized operations; v10: topic ids, v12: asked for by
 * id; v13: a top-level error (KIP-1102).
 */
export function metadataHandler(
  services: Pick<BrokerServices, 'metadata' | 'config' | 'clusterId' | 'controller' | 'replicas'>,
): Handler<typeof metadata> {
  const creator = new AutoTopicCreator(services.controller, services.config);
  return {
    api: metadata,
    handle(request, context) {
      const missing = missingTopics(request, context.version, services.metadata.image);
      const create = request.allowAutoTopicCreation && services.config.autoCreateTopics;
      if (missing.length === 0 || !create) return answer(services, request, context.version, new Map());
      return creator.create(missing, AUTO_CREATE_WAIT_MS).then(async (codes) => {
        await services.replicas.settledWithin(AUTO_CREATE_WAIT_MS);
        return answer(services, request, context.version, codes);
      });
    },
  };
}

/** Valid names that are asked for and do not exist. */
function missingTopics(request: MetadataRequest, version: number, image: MetadataImage): string[] {
  if (request.topics === null || byId(request, version)) return [];
  const names = new Set<string>();
  for (const { name } of request.topics) {
    if (name !== null && !image.topicsByName.has(name) && topicNameObjection(name) === null) names.add(name);
  }
  return [...names];
}

/** A request that names one topic by id is answered by ids alone, as Kafka does. */
function byId(request: MetadataRequest, version: number): boolean {
  return version >= 10 && (request.topics ?? []).some((topic) => topic.topicId !== ZERO_UUID);
}

function answer(
  services: Pick<BrokerServices, 'metadata' | 'clusterId' | 'config'>,
  request: MetadataRequest,
  version: number,
  created: ReadonlyMap<string, number>,
): MetadataResponseDraft {
  const { image, controllerId } = services.metadata;
  const brokers = [...image.brokers.values()].filter((broker) => !broker.fenced).sort((a, b) => a.id - b.id);
  const listed = brokers.flatMap((broker) => {
    const endpoint = clientEndpoint(broker, services.config);
    return endpoint === null
      ? []
      : [{ nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack }];
  });
  const clusterOperations = request.includeClusterAuthorizedOperations ? authorizedOperations.cluster : undefined;
  return {
    brokers: listed,
    clusterId: services.clusterId,
    // A controller that is no broker cannot be reached by clients; any broker passes their requests on.
    controllerId: listed.some((broker) => broker.nodeId === controllerId) ? controllerId : (listed[0]?.nodeId ?? -1),
    topics: topics(request, version, image, created),
    clusterAuthorizedOperations: clusterOperations,
  };
}

function topics(
  request: MetadataRequest,
  version: number,
  image: MetadataImage,
  created: ReadonlyMap<string, number>,
): TopicDraft[] {
  const operations = request.includeTopicAuthorizedOperations ? authorizedOperations.topic : undefined;
  const known = (topic: TopicImage): TopicDraft => ({
    name: topic.name,
    topicId: topic.id,
    isInternal: internalTopics.has(topic.name),
    partitions: topic.partitions.map((partition) => describe(partition, image.brokers, version)),
    topicAuthorizedOperations: operations,
  });
  if (request.topics === null || (version === 0 && request.topics.length === 0)) {
    return Array.from(image.topicsByName.values(), known);
  }
  if (byId(request, version)) {
    const ids = new Set(request.topics.map((topic) => topic.topicId).filter((id) => id !== ZERO_UUID));
    return Array.from(ids, (topicId) => {
      const topic = image.topicsById.get(topicId);
      return topic === undefined
        ? { name: version >= 12 ? null : '', topicId, errorCode: ErrorCode.unknownTopicId }
        : known(topic);
    });
  }
  const names = new Set(request.topics.map((topic) => topic.name ?? ''));
  return Array.from(names, (name) => {
    const topic = image.topicsByName.get(name);
    return topic === undefined
      ? { name, errorCode: absence(name, created), isInternal: internalTopics.has(name) }
      : known(topic);
  });
}

function absence(name: string, created: ReadonlyMap<string, number>): number {
  if (topicNameObjection(name) !== null) return ErrorCode.invalidTopicException;
  const code = created.get(name) ?? ErrorCode.none;
  // Refused for good, or on its way: the client asks again.
  const final: number[] = [
    ErrorCode.invalidReplicationFactor,
    ErrorCode.invalidTopicException,
    ErrorCode.policyViolation,
    ErrorCode.invalidPartitions,
  ];
  return final.includes(code) ? code : ErrorCode.unknownTopicOrPartition;
}

function describe(
  partition: PartitionImage,
  brokers: ReadonlyMap<number, BrokerImage>,
  version: number,
): PartitionDraft {
  const isAlive = (id: number): boolean => brokers.get(id)?.fenced === false;
  const hasLeader = isAlive(partition.leader);
  // v0 clients cannot cope with brokers that the answer does not list.
  const visible = (ids: readonly number[]): readonly number[] => (version === 0 ? ids.filter(isAlive) : ids);
  return {
    errorCode: hasLeader ? ErrorCode.none : ErrorCode.leaderNotAvailable,
    partitionIndex: partition.partition,
    leaderId: hasLeader ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: visible(partition.replicas),
    isrNodes: visible(partition.isr),
    offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
  };
}
