import { ErrorCode } from '../protocol/index.ts';
import type { GroupCore } from './group-core.ts';
import { type Member, type MemberProtocol, NOTHING, sameProtocols, type Ticket } from './member.ts';
import type { JoinRequest, Now } from './messages.ts';
import { hasCommonProtocol } from './protocol-vote.ts';
import type { Rebalance } from './rebalance.ts';
import { rejoin, type StaticMembers } from './static-members.ts';

/** New members cannot send heartbeats, and their connections are not watched: after this long they have to ask again. */
const NEW_MEMBER_JOIN_MS = 5 * 60_000;

/** JoinGroup: who may come in, as whom, and what it sets off. */
export class Joining {
  readonly #group: GroupCore;
  readonly #rebalance: Rebalance;
  readonly #statics: StaticMembers;

  constructor(group: GroupCore, rebalance: Rebalance, statics: StaticMembers) {
    this.#group = group;
    this.#rebalance = rebalance;
    this.#statics = statics;
  }

  join(request: JoinRequest, ticket: Ticket, now: Now): void {
    const { memberId } = request;
    if (this.#group.state.kind === 'Dead') this.#group.refuseJoin(ticket, ErrorCode.coordinatorNotAvailable, memberId);
    else if (!this.#hasRoomFor(memberId)) {
      const member = this.#group.members.get(memberId);
      if (member !== undefined) this.#group.remove(member);
      this.#group.pending.delete(memberId);
      this.#group.refuseJoin(ticket, ErrorCode.groupMaxSizeReached, '');
      this.#rebalance.membersLeft(now);
    } else if (!this.#speaks(request.protocolType, request.protocols)) {
      this.#group.refuseJoin(ticket, ErrorCode.inconsistentGroupProtocol, memberId);
    } else if (memberId === '') this.#joinNew(request, ticket, now);
    else this.#joinKnown(request, ticket, now);
  }

  #hasRoomFor(memberId: string): boolean {
    const max = this.#group.settings.groupSizeMax;
    switch (this.#group.state.kind) {
      case 'PreparingRebalance': {
        // Only who has come counts: a group that is too large by now loses its last to come back.
        const joined = this.#group.members.joinedCount();
        return joined < max || (this.#group.members.get(memberId)?.join ?? null) !== null;
      }
      case 'CompletingRebalance':
      case 'Stable':
        return this.#group.members.get(memberId) !== undefined || this.#group.members.size < max;
      default:
        return true;
    }
  }

  #speaks(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#group.state.kind === 'Empty') return protocolType !== '' && protocols.length > 0;
    return protocolType === this.#group.protocolType && hasCommonProtocol(this.#group.members, protocols);
  }

  #joinNew(request: JoinRequest, ticket: Ticket, now: Now): void {
    const { instanceId, newMemberId } = request;
    const replaced = this.#group.members.ofInstance(instanceId);
    if (replaced !== undefined) this.#statics.replace(replaced, request, ticket, now);
    else if (instanceId === null && request.requiresKnownMemberId) {
      const lapsesMs = now.monotonicMs + request.sessionTimeoutMs;
      this.#group.pending.set(newMemberId, lapsesMs);
      this.#group.wake(lapsesMs);
      this.#group.refuseJoin(ticket, ErrorCode.memberIdRequired, newMemberId);
    } else this.#add(newMemberId, request, ticket, now);
  }

  #joinKnown(request: JoinRequest, ticket: Ticket, now: Now): void {
    const { memberId, instanceId } = request;
    if (this.#group.pending.has(memberId) && instanceId === null) {
      this.#add(memberId, request, ticket, now);
      return;
    }
    const memberError = this.#group.members.errorOf(memberId, instanceId);
    const member = this.#group.members.get(memberId);
    if (memberError !== ErrorCode.none || member === undefined) {
      this.#group.refuseJoin(ticket, memberError, memberId);
      return;
    }
    const unchanged = sameProtocols(member.protocols, request.protocols);
    const state = this.#group.state.kind;
    // A client that lost its answer asks again; what it has is what counts.
    if (state === 'CompletingRebalance' && unchanged)
      this.#group.joined(ticket, this.#group.joinReply(member, this.#group.members.leaderId ?? ''));
    // A leader asks for a new assignment by joining; a follower that changed nothing may go on.
    else if (state === 'Stable' && unchanged && member.id !== this.#group.members.leaderId) {
      this.#group.joined(ticket, this.#group.joinReply(member, this.#group.members.leaderId ?? ''));
    } else if (state === 'Empty') this.#group.refuseJoin(ticket, ErrorCode.unknownMemberId, memberId);
    else {
      rejoin(this.#group, member, request, ticket);
      this.#rebalance.rebalanceOrComplete(now);
    }
  }

  #add(memberId: string, request: JoinRequest, ticket: Ticket, now: Now): void {
    const state = this.#group.state;
    if (state.kind === 'PreparingRebalance' && state.initial !== null) state.initial.newMemberAdded = true;
    if (this.#group.members.size === 0) this.#group.protocolType = request.protocolType;
    const member: Member = {
      id: memberId,
      instanceId: request.instanceId,
      clientId: request.clientId,
      clientHost: request.clientHost,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols: request.protocols,
      assignment: NOTHING,
      isNew: true,
      join: ticket,
      sync: null,
      deadlineMs: now.monotonicMs + NEW_MEMBER_JOIN_MS,
    };
    this.#group.members.add(member);
    this.#group.pending.delete(memberId);
    this.#group.wake(member.deadlineMs);
    this.#rebalance.rebalanceOrComplete(now);
  }
}
