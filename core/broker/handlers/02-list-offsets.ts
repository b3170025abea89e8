import type { Log } from '../../log/index.ts';
import { ErrorCode, type ListOffsetsRequest, listOffsets } from '../../protocol/index.ts';
import { batchLeaderEpoch } from '../../records/index.ts';
import type { Partition } from '../../replication/index.ts';
import type { Handler, RequestContext } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** Timestamps that are none: what they ask for, and the first version that may. */
const SPECIAL = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPendingUpload: -6,
} as const;
const FIRST_VERSION_OF: ReadonlyMap<number, number> = new Map([
  [SPECIAL.maxTimestamp, 7],
  [SPECIAL.earliestLocal, 8],
  [SPECIAL.latestTiered, 9],
  [SPECIAL.earliestPendingUpload, 11],
]);
const LEADER_EPOCH_VERSION = 4;
const OFFSET_NOT_AVAILABLE_VERSION = 5;

/**
 * ListOffsets: the log's ends, or the first offset at or after a time, as far as the reader may see.
 *
 * v2 isolation level · v4 leader epochs · v5 OFFSET_NOT_AVAILABLE · v6 flexible · v7 the largest timestamp (KIP-734) · v8 the
 * earliest local offset (KIP-405) · v9 the last tiered offset · v10 timeout · v11 the earliest offset not yet tiered.
 * Nothing is tiered here: earliest local is the log start, and -5 and -6 find nothing.
 */
export function listOffsetsHandler(
  services: Pick<BrokerServices, 'replicas' | 'metadata'>,
): Handler<typeof listOffsets> {
  const { replicas, metadata } = services;
  const answer = (request: ListOffsetsRequest, context: RequestContext) => {
    const seen = new Set<string>();
    const twice = new Set<string>();
    for (const topic of request.topics) {
      for (const { partitionIndex } of topic.partitions) {
        const key = `${topic.name}/${partitionIndex}`;
        if (seen.has(key)) twice.add(key);
        seen.add(key);
      }
    }
    return {
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.flatMap((wanted) => {
          const { partitionIndex } = wanted;
          // Kafka refuses a partition that stands in the request twice, and says so once.
          const key = `${topic.name}/${partitionIndex}`;
          if (twice.has(key)) {
            const first = seen.delete(key);
            return first ? [{ partitionIndex, errorCode: ErrorCode.invalidRequest }] : [];
          }
          const partition = replicas.partition(topic.name, partitionIndex);
          if (partition === undefined) {
            const exists = metadata.image.topicsByName.get(topic.name)?.partitions[partitionIndex] !== undefined;
            const errorCode = exists ? ErrorCode.notLeaderOrFollower : ErrorCode.unknownTopicOrPartition;
            return { partitionIndex, errorCode };
          }
          const result = lookUp(partition, wanted, request, context.version);
          if (!('leaderEpoch' in result) || context.version >= LEADER_EPOCH_VERSION)
            return { partitionIndex, ...result };
          const { leaderEpoch: _, ...older } = result;
          return { partitionIndex, ...older };
        }),
      })),
    };
  };
  return {
    api: listOffsets,
    handle(request, context) {
      if (replicas.isSettled) return answer(request, context);
      return replicas.settledWithin(SETTLE_MS_MAX).then(() => answer(request, context));
    },
  };
}

/** How long a request waits for logs that are just being created. */
const SETTLE_MS_MAX = 5000;

type Found =
  | { readonly errorCode: number }
  | {
      readonly errorCode: number;
      readonly timestamp: number;
      readonly offset: number;
      readonly leaderEpoch: number;
    };

function lookUp(
  partition: Partition,
  wanted: { readonly timestamp: number; readonly currentLeaderEpoch: number },
  request: { readonly replicaId: number; readonly isolationLevel: number },
  version: number,
): Found {
  const { timestamp } = wanted;
  const firstVersion = FIRST_VERSION_OF.get(timestamp);
  if (timestamp < SPECIAL.earliestPendingUpload || (firstVersion !== undefined && version < firstVersion)) {
    return { errorCode: ErrorCode.unsupportedVersion };
  }
  const { state, log } = partition;
  if (state.kind === 'offline') return { errorCode: ErrorCode.kafkaStorageError };
  const epochError = partition.epochError(wanted.currentLeaderEpoch);
  if (epochError !== ErrorCode.none) return { errorCode: epochError };
  // Debugging tools ask replicas with -2; all others must ask the leader.
  if (log === null || (state.kind !== 'leader' && request.replicaId !== DEBUGGING_REPLICA)) {
    return { errorCode: ErrorCode.notLeaderOrFollower };
  }
  const isConsumer = request.replicaId === CONSUMER_REPLICA;
  let end = log.logEndOffset;
  if (isConsumer) end = request.isolationLevel === 1 ? log.lastStableOffset : log.highWatermark;
  // A new leader whose high watermark has not reached its own epoch might show offsets that go back in time (KIP-207).
  const unsettled = isConsumer && state.kind === 'leader' && state.epochStartOffset > end;
  const notAvailable = {
    errorCode: version >= OFFSET_NOT_AVAILABLE_VERSION ? ErrorCode.offsetNotAvailable : ErrorCode.leaderNotAvailable,
  };

  switch (timestamp) {
    case SPECIAL.latest:
      return unsettled ? notAvailable : found(NO_TIMESTAMP, end, log.latestEpoch);
    case SPECIAL.earliest:
    case SPECIAL.earliestLocal:
      return found(NO_TIMESTAMP, log.logStartOffset, epochAtStart(log));
    case SPECIAL.latestTiered:
    case SPECIAL.earliestPendingUpload:
      return NOTHING;
    default: {
      const match = timestamp === SPECIAL.maxTimestamp ? log.offsetOfMaxTimestamp() : log.offsetForTimestamp(timestamp);
      if (match !== null && match.offset < end) return found(match.timestampMs, match.offset, match.leaderEpoch);
      return unsettled ? notAvailable : NOTHING;
    }
  }
}

const NO_TIMESTAMP = -1;
const CONSUMER_REPLICA = -1;
const DEBUGGING_REPLICA = -2;
const NOTHING: Found = { errorCode: ErrorCode.none, timestamp: -1, offset: -1, leaderEpoch: -1 };

function found(timestamp: number, offset: number, leaderEpoch: number): Found {
  return { errorCode: ErrorCode.none, timestamp, offset, leaderEpoch };
}

/** The epoch of the first batch; of the next one in an empty log. */
function epochAtStart(log: Log): number {
  if (log.logStartOffset === log.logEndOffset) return log.latestEpoch;
  const first = log.read({ offset: log.logStartOffset, maxBytes: 1, minOneMessage: true, upTo: log.logEndOffset });
  return first.kind === 'read' && first.bytes.length > 0 ? batchLeaderEpoch(first.bytes, 0) : -1;
}
