import type { GroupMetadataValue, GroupMetadataValueDraft } from '../protocol/index.ts';
import { type Member, protocolMetadata } from './member.ts';

type StoredMember = GroupMetadataValue['members'][number];

/** A member as its group's record has it: of its protocols only the chosen one, with no session running yet. */
export function memberFrom(stored: StoredMember, protocolName: string | null): Member {
  return {
    id: stored.memberId,
    instanceId: stored.groupInstanceId,
    clientId: stored.clientId,
    clientHost: stored.clientHost,
    sessionTimeoutMs: stored.sessionTimeout,
    rebalanceTimeoutMs: stored.rebalanceTimeout === -1 ? stored.sessionTimeout : stored.rebalanceTimeout,
    protocols: protocolName === null ? [] : [{ name: protocolName, metadata: stored.subscription }],
    assignment: stored.assignment,
    isNew: false,
    join: null,
    sync: null,
    deadlineMs: Number.POSITIVE_INFINITY,
  };
}

export function storedMembers(
  members: Iterable<Member>,
  protocolName: string | null,
  assignmentOf: (member: Member) => Uint8Array,
): NonNullable<GroupMetadataValueDraft['members']> {
  return Array.from(members, (member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: protocolMetadata(member, protocolName),
    assignment: assignmentOf(member),
  }));
}
