import { ErrorCode } from '../protocol/index.ts';
import type { GroupCore } from './group-core.ts';
import type { Member, Ticket } from './member.ts';
import type { JoinReply, JoinRequest, Now } from './messages.ts';
import { electProtocol } from './protocol-vote.ts';
import type { Rebalance } from './rebalance.ts';

/** The return of a static member that changed nothing, on its way into the log. */
interface Replacement {
  readonly ticket: Ticket;
  readonly before: Member;
  readonly member: Member;
  readonly reply: JoinReply;
}

/** A member that is there joins again, with what it says now. */
export function rejoin(group: GroupCore, member: Member, request: JoinRequest, ticket: Ticket): void {
  if (member.join !== null) group.refuseJoin(member.join, ErrorCode.rebalanceInProgress, member.id);
  member.join = ticket;
  member.protocols = request.protocols;
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
}

/** Members with a `group.instance.id`, whose place outlives their process (KIP-345). */
export class StaticMembers {
  readonly #group: GroupCore;
  readonly #rebalance: Rebalance;
  readonly #replacements = new Map<number, Replacement>();

  constructor(group: GroupCore, rebalance: Rebalance) {
    this.#group = group;
    this.#rebalance = rebalance;
  }

  /** No replacement that is on its way counts any more. */
  forget(): void {
    this.#replacements.clear();
  }

  /** KIP-345: a static member that starts again takes the place of its former self, whose id is fenced. */
  replace(before: Member, request: JoinRequest, ticket: Ticket, now: Now): void {
    const formerLeader = this.#group.members.leaderId ?? '';
    if (before.join !== null) this.#group.refuseJoin(before.join, ErrorCode.fencedInstanceId, before.id);
    if (before.sync !== null) this.#group.refuseSync(before.sync, ErrorCode.fencedInstanceId);
    before.join = null;
    before.sync = null;
    const member: Member = {
      ...before,
      id: request.newMemberId,
      clientId: request.clientId,
      clientHost: request.clientHost,
    };
    rejoin(this.#group, member, request, ticket);
    this.#swap(before, member);
    this.#group.heardOf(member, now);
    const state = this.#group.state.kind;
    if (state === 'PreparingRebalance') this.#rebalance.completeIfAllJoined(now);
    else if (state === 'Stable' && electProtocol(this.#group.members) === this.#group.protocolName) {
      // Nothing to distribute anew: the assignment stands, under the new id.
      const leads = member.id === this.#group.members.leaderId;
      const skip = leads && request.canSkipAssignment;
      const reply = this.#group.joinReply(
        member,
        request.canSkipAssignment ? (this.#group.members.leaderId ?? '') : formerLeader,
      );
      const writeId = this.#group.newWriteId();
      this.#replacements.set(writeId, {
        ticket,
        before,
        member,
        reply: { ...reply, skipAssignment: skip, members: skip ? reply.members : [] },
      });
      this.#group.persist(writeId, now, (each) => each.assignment);
    } else this.#rebalance.prepare(now);
  }

  /** What a `persist` came to: nothing, if it was none of these. */
  persisted(writeId: number, errorCode: number, now: Now): void {
    const replacement = this.#replacements.get(writeId);
    if (replacement === undefined) return;
    this.#replacements.delete(writeId);
    const { ticket, before, member, reply } = replacement;
    // Meanwhile it may have left, or been answered by a rebalance.
    if (member.join !== ticket || this.#group.members.get(member.id) !== member) return;
    member.join = null;
    if (errorCode === ErrorCode.none) {
      this.#group.joined(ticket, reply);
      this.#group.heardOf(member, now);
      return;
    }
    this.#swap(member, before);
    this.#group.heardOf(before, now);
    this.#group.refuseJoin(ticket, errorCode, '');
  }

  #swap(before: Member, after: Member): void {
    this.#group.members.replace(before, after);
    const state = this.#group.state;
    if ((state.kind === 'CompletingRebalance' || state.kind === 'Stable') && state.unsynced.delete(before.id)) {
      state.unsynced.add(after.id);
    }
  }
}
