import { ErrorCode, errorInfo, type JoinGroupResponse, joinGroup, syncGroup } from '../../../protocol/index.ts';
import type { TopicPartition } from '../../by-leader.ts';
import { ClientError, clientError, isRetriableFailure, refusal } from '../../client-error.ts';
import type { Cluster } from '../../cluster.ts';
import type { Coordinator } from '../../coordinator.ts';
import type { AssignorName } from '../config.ts';
import { assign, type GroupMemberSubscription } from './assignors.ts';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './protocol.ts';

const PROTOCOL_TYPE = 'consumer';
/** The answer to JoinGroup comes when all members have joined; this long after the rebalance timeout it must be there. */
const JOIN_GRACE_MS = 5000;
const FIRST_WITH_INSTANCE_ID = 5;
const FIRST_SYNC_WITH_INSTANCE_ID = 3;

export interface JoinRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
  readonly rackId: string | null;
  readonly assignors: readonly AssignorName[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly reason: string;
}

export type JoinOutcome =
  | {
      readonly kind: 'joined';
      readonly memberId: string;
      readonly generation: number;
      readonly assignor: AssignorName;
      readonly assigned: readonly TopicPartition[];
      /** What the leader based its decision on; null for others: topic → number of partitions. */
      readonly basis: ReadonlyMap<string, number> | null;
    }
  /** Join again under this id. `pause`: not at once. */
  | { readonly kind: 'again'; readonly memberId: string; readonly pause: boolean; readonly reason: string }
  /** The group has forgotten this member: what it owned is lost. */
  | { readonly kind: 'forgotten'; readonly reason: string };

/** One round of JoinGroup and SyncGroup. @throws ClientError for what no retry cures. */
export async function joinOnce(
  cluster: Cluster,
  coordinator: Coordinator,
  request: JoinRequest,
  timeoutMs: number,
): Promise<JoinOutcome> {
  try {
    const joined = await sendJoin(coordinator, request, timeoutMs);
    const refused = outcomeOf('JoinGroup', joined.errorCode, coordinator, joined.memberId, request.memberId);
    if (refused !== null) return refused;
    return await sync(cluster, coordinator, request, joined, timeoutMs);
  } catch (error) {
    if (!isRetriableFailure(error)) throw clientError(error);
    return { kind: 'again', memberId: request.memberId, pause: true, reason: clientError(error).message };
  }
}

function sendJoin(coordinator: Coordinator, request: JoinRequest, timeoutMs: number): Promise<JoinGroupResponse> {
  const { instanceId, memberId, sessionTimeoutMs, rebalanceTimeoutMs, reason } = request;
  const metadata = encodeSubscription(request);
  return coordinator.request(
    joinGroup,
    (version) => ({
      groupId: coordinator.groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId,
      ...(version >= FIRST_WITH_INSTANCE_ID || instanceId !== null ? { groupInstanceId: instanceId } : {}),
      protocolType: PROTOCOL_TYPE,
      protocols: request.assignors.map((name) => ({ name, metadata })),
      reason,
    }),
    timeoutMs,
    { answerTimeoutMs: rebalanceTimeoutMs + JOIN_GRACE_MS },
  );
}

async function sync(
  cluster: Cluster,
  coordinator: Coordinator,
  request: JoinRequest,
  joined: JoinGroupResponse,
  timeoutMs: number,
): Promise<JoinOutcome> {
  const { memberId, generationId } = joined;
  const assignor = request.assignors.find((name) => name === joined.protocolName);
  if (assignor === undefined) {
    const message = `the group chose the assignor ${joined.protocolName}, which this member did not offer`;
    throw new ClientError('malformed', message);
  }
  let basis: Map<string, number> | null = null;
  let assignments: { memberId: string; assignment: Uint8Array }[] = [];
  if (joined.leader === memberId) {
    const members = joined.members.map((member) =>
      decodeSubscription(member.memberId, member.groupInstanceId, member.metadata),
    );
    basis = await countPartitions(cluster, members, timeoutMs);
    if (!joined.skipAssignment) {
      assignments = [...assign(assignor, members, basis)].map(([id, partitions]) => ({
        memberId: id,
        assignment: encodeAssignment(partitions),
      }));
    }
  }
  const response = await coordinator.request(
    syncGroup,
    (version) => ({
      groupId: coordinator.groupId,
      generationId,
      memberId,
      ...(version >= FIRST_SYNC_WITH_INSTANCE_ID || request.instanceId !== null
        ? { groupInstanceId: request.instanceId }
        : {}),
      ...(version >= 5 ? { protocolType: PROTOCOL_TYPE, protocolName: assignor } : {}),
      assignments,
    }),
    timeoutMs,
    { answerTimeoutMs: request.rebalanceTimeoutMs + JOIN_GRACE_MS },
  );
  const refused = outcomeOf('SyncGroup', response.errorCode, coordinator, memberId, memberId);
  if (refused !== null) return refused;
  const assigned = decodeAssignment(response.assignment);
  return { kind: 'joined', memberId, generation: generationId, assignor, assigned, basis };
}

/** What an error code means for the round; null for none. @throws ClientError for what no retry cures. */
function outcomeOf(
  what: string,
  errorCode: number,
  coordinator: Coordinator,
  answeredId: string,
  askedId: string,
): JoinOutcome | null {
  const reason = `${what}: ${errorInfo(errorCode).name}`;
  switch (errorCode) {
    case ErrorCode.none:
      return null;
    case ErrorCode.memberIdRequired:
      return { kind: 'again', memberId: answeredId, pause: false, reason };
    case ErrorCode.unknownMemberId:
    case ErrorCode.illegalGeneration:
      return { kind: 'forgotten', reason };
    case ErrorCode.rebalanceInProgress:
      return { kind: 'again', memberId: askedId, pause: false, reason };
    default:
      coordinator.notice(errorCode);
      if (errorInfo(errorCode).retriable) return { kind: 'again', memberId: askedId, pause: true, reason };
      throw refusal(what, errorCode, `group ${coordinator.groupId}`, true);
  }
}

/** How many partitions each topic of the group has; a topic that does not exist is left out. */
async function countPartitions(
  cluster: Cluster,
  members: readonly GroupMemberSubscription[],
  timeoutMs: number,
): Promise<Map<string, number>> {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  for (const topic of topics) cluster.track(topic);
  if (topics.some((topic) => cluster.metadata.topic(topic) === undefined)) {
    await cluster.within(cluster.refresh(), timeoutMs);
  }
  const counts = new Map<string, number>();
  for (const topic of topics) {
    const count = cluster.metadata.topic(topic)?.partitions.length ?? 0;
    if (count > 0) counts.set(topic, count);
  }
  return counts;
}
