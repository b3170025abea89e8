import {
  deleteGroups as deleteGroupsApi,
  describeGroups as describeGroupsApi,
  ErrorCode,
  errorInfo,
  listGroups as listGroupsApi,
  offsetDelete as offsetDeleteApi,
  offsetFetch,
} from '../../protocol/index.ts';
import { groupByTopic, partitionIndexes, type TopicPartition } from '../by-leader.ts';
import { clientError, refusal } from '../client-error.ts';
import { commitOffsets, type OffsetToCommit } from '../consumer/group/commits.ts';
import { decodeAssignment } from '../consumer/group/protocol.ts';
import { Coordinator, Retry } from '../coordinator.ts';
import type { AdminRequests, ItemOutcome } from './requests.ts';

const LAST_FETCH_BY_NAME = 9;

export interface GroupListing {
  readonly groupId: string;
  readonly protocolType: string;
  /** '' when the broker is too old to say. */
  readonly state: string;
  readonly type: string;
}

export interface GroupDescription extends ItemOutcome {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string;
  /** The assignor. */
  readonly protocol: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    /** null when the assignment is not one of the consumer protocol. */
    readonly assigned: readonly TopicPartition[] | null;
  }[];
}

export interface GroupOffset extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: number;
}

/** All groups of all brokers. @throws ClientError when one broker does not answer: the list would be incomplete. */
export async function listGroups(requests: AdminRequests, timeoutMs: number): Promise<GroupListing[]> {
  await requests.cluster.refresh();
  const groups = new Map<string, GroupListing>();
  for (const { id } of requests.cluster.metadata.nodes()) {
    const response = await requests.node(id, listGroupsApi, {}, timeoutMs);
    if (response.errorCode !== ErrorCode.none) throw refusal(`groups of broker ${id}`, response.errorCode);
    for (const { groupId, protocolType, groupState, groupType } of response.groups) {
      groups.set(groupId, { groupId, protocolType, state: groupState, type: groupType });
    }
  }
  return [...groups.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

export function describeGroups(
  requests: AdminRequests,
  groupIds: readonly string[],
  timeoutMs: number,
): Promise<GroupDescription[]> {
  return each(groupIds, async (groupId) => {
    const group = await atCoordinator(requests, groupId, timeoutMs, async (coordinator, leftMs) => {
      const response = await coordinator.request(describeGroupsApi, { groups: [groupId] }, leftMs);
      return response.groups.find((one) => one.groupId === groupId) ?? null;
    });
    return {
      groupId,
      errorCode: group.errorCode,
      errorMessage: group.errorMessage,
      state: group.groupState,
      protocolType: group.protocolType,
      protocol: group.protocolData,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        instanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        assigned: group.protocolType === 'consumer' ? assignmentOf(member.memberAssignment) : null,
      })),
    };
  });
}

export function deleteGroups(
  requests: AdminRequests,
  groupIds: readonly string[],
  timeoutMs: number,
): Promise<(ItemOutcome & { readonly groupId: string })[]> {
  return each(groupIds, async (groupId) => {
    const { errorCode } = await atCoordinator(requests, groupId, timeoutMs, async (coordinator, leftMs) => {
      const response = await coordinator.request(deleteGroupsApi, { groupsNames: [groupId] }, leftMs);
      return response.results.find((one) => one.groupId === groupId) ?? null;
    });
    return { groupId, errorCode, errorMessage: null };
  });
}

/** Committed offsets; all of them when `partitions` is null. @throws ClientError. */
export async function listGroupOffsets(
  requests: AdminRequests,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  timeoutMs: number,
): Promise<GroupOffset[]> {
  const topics = partitions === null ? null : partitionIndexes(partitions);
  const group = await atCoordinator(requests, groupId, timeoutMs, async (coordinator, leftMs) => {
    const response = await coordinator.request(
      offsetFetch,
      (version) => (version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }),
      leftMs,
      { cap: LAST_FETCH_BY_NAME },
    );
    return response.groups.find((one) => one.groupId === groupId) ?? response;
  });
  if (group.errorCode !== ErrorCode.none) throw refusal(`offsets of group ${groupId}`, group.errorCode);
  const offsets: GroupOffset[] = [];
  for (const { name, partitions: answers } of group.topics) {
    for (const answer of answers) {
      if (answer.committedOffset < 0 && answer.errorCode === ErrorCode.none) continue;
      offsets.push({
        topic: name,
        partition: answer.partitionIndex,
        offset: answer.committedOffset,
        leaderEpoch: answer.committedLeaderEpoch,
        metadata: answer.metadata ?? '',
        errorCode: answer.errorCode,
      });
    }
  }
  return offsets;
}

/** Sets committed offsets of a group without members. @throws ClientError. */
export function alterGroupOffsets(
  requests: AdminRequests,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  timeoutMs: number,
): Promise<void> {
  const outsider = { memberId: '', generation: -1, instanceId: null };
  return commitOffsets(new Coordinator(requests.cluster, groupId), outsider, offsets, timeoutMs);
}

/** @throws ClientError when the whole request is refused. */
export async function deleteGroupOffsets(
  requests: AdminRequests,
  groupId: string,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<(TopicPartition & { readonly errorCode: number })[]> {
  const topics = [...groupByTopic(partitions)].map(([name, own]) => ({
    name,
    partitions: own.map((one) => ({ partitionIndex: one.partition })),
  }));
  const response = await atCoordinator(requests, groupId, timeoutMs, (coordinator, leftMs) =>
    coordinator.request(offsetDeleteApi, { groupId, topics }, leftMs),
  );
  if (response.errorCode !== ErrorCode.none) throw refusal(`offsets of group ${groupId}`, response.errorCode);
  return response.topics.flatMap(({ name, partitions: answers }) =>
    answers.map(({ partitionIndex, errorCode }) => ({ topic: name, partition: partitionIndex, errorCode })),
  );
}

/** Asks the group's coordinator until its answer is not one of those that another attempt may cure. */
function atCoordinator<V extends { readonly errorCode: number }>(
  requests: AdminRequests,
  groupId: string,
  timeoutMs: number,
  ask: (coordinator: Coordinator, leftMs: number) => Promise<V | null>,
): Promise<V> {
  const coordinator = new Coordinator(requests.cluster, groupId);
  return coordinator.retry(timeoutMs, `group ${groupId}`, async (leftMs) => {
    const answer = await ask(coordinator, leftMs);
    if (answer === null) return new Retry(ErrorCode.unknownServerError, false, 'the answer does not name the group');
    return errorInfo(answer.errorCode).retriable ? new Retry(answer.errorCode, false) : answer;
  });
}

/** One after another. @throws ClientError when the coordinator of one cannot be reached. */
async function each<R extends ItemOutcome>(
  groupIds: readonly string[],
  one: (groupId: string) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const groupId of groupIds) results.push(await one(groupId));
  return results;
}

function assignmentOf(bytes: Uint8Array): TopicPartition[] | null {
  try {
    return decodeAssignment(bytes);
  } catch (error) {
    if (clientError(error).kind === 'malformed') return null;
    throw error;
  }
}
