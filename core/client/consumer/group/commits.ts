import { ErrorCode, errorInfo, offsetCommit, offsetFetch } from '../../../protocol/index.ts';
import { groupByTopic, partitionIndexes, type TopicPartition } from '../../by-leader.ts';
import { ClientError, clientError, refusal } from '../../client-error.ts';
import { type Coordinator, Retry } from '../../coordinator.ts';
import type { CommittedOffset } from '../positions.ts';

/** Versions above name topics by id, for the groups of KIP-848. */
const LAST_BY_NAME = 9;
/** The first OffsetFetch that asks for several groups, and the first that can wait for transactions (KIP-447). */
const FIRST_OF_MANY = 8;
const FIRST_STABLE = 7;

export interface OffsetToCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** Who commits: a member of a generation, or (memberId '', generation -1) somebody outside of the group. */
export interface CommitIdentity {
  readonly memberId: string;
  readonly generation: number;
  readonly instanceId: string | null;
}

/**
 * Refusals that are given before anything is written. COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR and REQUEST_TIMED_OUT
 * are not among them: a coordinator answers so too when its log's followers did not confirm in time.
 */
const NOT_APPLIED: ReadonlySet<number> = new Set<number>([
  ErrorCode.offsetMetadataTooLarge,
  ErrorCode.coordinatorLoadInProgress,
  ErrorCode.illegalGeneration,
  ErrorCode.invalidGroupId,
  ErrorCode.unknownMemberId,
  ErrorCode.rebalanceInProgress,
  ErrorCode.invalidCommitOffsetSize,
  ErrorCode.topicAuthorizationFailed,
  ErrorCode.groupAuthorizationFailed,
  ErrorCode.unknownTopicOrPartition,
  ErrorCode.fencedInstanceId,
  ErrorCode.groupIdNotFound,
]);

/** The generation is over: another member may have the partition now. */
const MEMBERSHIP_LOST: ReadonlySet<number> = new Set<number>([
  ErrorCode.illegalGeneration,
  ErrorCode.unknownMemberId,
  ErrorCode.fencedInstanceId,
  ErrorCode.rebalanceInProgress,
]);

/**
 * OffsetCommit until it succeeds. @throws ClientError: 'rebalanced' when the generation is over; `definite` tells
 * whether no attempt can have been applied.
 */
export async function commitOffsets(
  coordinator: Coordinator,
  who: CommitIdentity,
  offsets: readonly OffsetToCommit[],
  timeoutMs: number,
): Promise<void> {
  let maybeApplied = false;
  await coordinator.retry(timeoutMs, `commit to group ${coordinator.groupId}`, async (leftMs) => {
    let response: Awaited<ReturnType<typeof coordinator.request<typeof offsetCommit>>>;
    try {
      const draft = commitDraft(coordinator.groupId, who, offsets);
      response = await coordinator.request(offsetCommit, draft, leftMs, { cap: LAST_BY_NAME });
    } catch (error) {
      if (!clientError(error).definite) maybeApplied = true;
      throw error;
    }
    let retry: Retry | null = null;
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode === ErrorCode.none) continue;
        if (!NOT_APPLIED.has(errorCode)) maybeApplied = true;
        const what = `commit of ${name}-${partitionIndex}`;
        if (MEMBERSHIP_LOST.has(errorCode)) {
          const message = `${what}: ${errorInfo(errorCode).name}`;
          throw new ClientError('rebalanced', message, errorCode, !maybeApplied);
        }
        coordinator.notice(errorCode);
        if (!errorInfo(errorCode).retriable) throw refusal(what, errorCode, null, !maybeApplied);
        retry = new Retry(errorCode, NOT_APPLIED.has(errorCode));
      }
    }
    return retry ?? undefined;
  });
}

function commitDraft(groupId: string, who: CommitIdentity, offsets: readonly OffsetToCommit[]) {
  return (version: number) => ({
    groupId,
    generationIdOrMemberEpoch: who.generation,
    memberId: who.memberId,
    ...(version >= 7 ? { groupInstanceId: who.instanceId } : {}),
    topics: offsetTopics(offsets),
  });
}

/** As OffsetCommit and TxnOffsetCommit carry offsets. */
export function offsetTopics(offsets: readonly OffsetToCommit[]): {
  name: string;
  partitions: {
    partitionIndex: number;
    committedOffset: number;
    committedLeaderEpoch: number;
    committedMetadata: string;
  }[];
}[] {
  return [...groupByTopic(offsets)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition, offset, leaderEpoch, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch ?? -1,
      committedMetadata: metadata ?? '',
    })),
  }));
}

/**
 * OffsetFetch. null for a partition without a committed offset. `stable`: waits for transactions that are committing
 * offsets of the partition (KIP-447). @throws ClientError.
 */
export async function fetchCommitted(
  coordinator: Coordinator,
  partitions: readonly TopicPartition[],
  stable: boolean,
  timeoutMs: number,
): Promise<(CommittedOffset | null)[]> {
  const { groupId } = coordinator;
  const what = `committed offsets of group ${groupId}`;
  return coordinator.retry(timeoutMs, what, async (leftMs) => {
    const topics = partitionIndexes(partitions);
    const response = await coordinator.request(
      offsetFetch,
      (version) => ({
        ...(version >= FIRST_OF_MANY ? { groups: [{ groupId, topics }] } : { groupId, topics }),
        ...(version >= FIRST_STABLE ? { requireStable: stable } : {}),
      }),
      leftMs,
      { cap: LAST_BY_NAME },
    );
    const group = response.groups.find((one) => one.groupId === groupId) ?? response;
    if (group.errorCode !== ErrorCode.none) {
      if (errorInfo(group.errorCode).retriable) return new Retry(group.errorCode, true);
      throw refusal(what, group.errorCode, null, true);
    }
    const found = new Map<string, CommittedOffset>();
    for (const { name, partitions: answers } of group.topics) {
      for (const answer of answers) {
        const { errorCode, committedOffset, committedLeaderEpoch, metadata, partitionIndex } = answer;
        if (errorCode !== ErrorCode.none) {
          if (errorInfo(errorCode).retriable) return new Retry(errorCode, true);
          throw refusal(`${what}, ${name}-${partitionIndex}`, errorCode, null, true);
        }
        if (committedOffset < 0) continue;
        const committed = { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata: metadata ?? '' };
        found.set(`${name} ${partitionIndex}`, committed);
      }
    }
    return partitions.map(({ topic, partition }) => found.get(`${topic} ${partition}`) ?? null);
  });
}
