import { ErrorCode, type GroupMetadataValue } from '../protocol/index.ts';
import type { GroupFaults } from './faults.ts';
import { type ClassicGroupSettings, GroupCore, type GroupState } from './group-core.ts';
import { Joining } from './joining.ts';
import { expectsHeartbeat, type Member, NOTHING, protocolMetadata, type Ticket } from './member.ts';
import type { GroupEffect, JoinRequest, LeavingMember, LeftMember, Now, SyncRequest } from './messages.ts';
import { Rebalance } from './rebalance.ts';
import { StaticMembers } from './static-members.ts';
import { memberFrom } from './stored-group.ts';
import { subscribedTopics } from './subscription.ts';

/**
 * The state machine of one group under the classic protocol: who is a member, who leads, which generation counts and
 * what each member was assigned. Every event returns what is to be done about it; nothing happens in here by itself.
 */
export class ClassicGroup {
  readonly groupId: string;
  readonly #group: GroupCore;
  readonly #rebalance: Rebalance;
  readonly #statics: StaticMembers;
  readonly #joining: Joining;

  constructor(groupId: string, settings: ClassicGroupSettings, faults: GroupFaults = {}) {
    this.groupId = groupId;
    this.#group = new GroupCore(settings, faults);
    this.#rebalance = new Rebalance(this.#group);
    this.#statics = new StaticMembers(this.#group, this.#rebalance);
    this.#joining = new Joining(this.#group, this.#rebalance, this.#statics);
  }

  get state(): GroupState['kind'] {
    return this.#group.state.kind;
  }
  /** When it came into its state, as stored; null when that is not known. */
  get stateChangedWallMs(): number | null {
    return this.#group.stateChangedWallMs;
  }
  get generationId(): number {
    return this.#group.generationId;
  }
  /** Null before the first member, and for ever where only offsets are kept. */
  get protocolType(): string | null {
    return this.#group.protocolType;
  }
  get protocolName(): string | null {
    return this.#group.protocolName;
  }
  get leaderId(): string | null {
    return this.#group.members.leaderId;
  }
  get members(): ReadonlyMap<string, Member> {
    return this.#group.members.byId;
  }
  get pendingMembers(): ReadonlyMap<string, number> {
    return this.#group.pending;
  }

  /** What a member has to say to the leader under the chosen protocol. */
  metadataOf(member: Member): Uint8Array {
    return protocolMetadata(member, this.#group.protocolName);
  }

  /** The topics that members of a consumer group subscribe to; null when that cannot be told. */
  subscribedTopics(): ReadonlySet<string> | null {
    if (this.#group.protocolType !== 'consumer') return null;
    const topics = new Set<string>();
    for (const member of this.#group.members) {
      const subscribed = subscribedTopics(this.metadataOf(member));
      if (subscribed === null) return null;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }

  // ---- events

  join(request: JoinRequest, ticket: Ticket, now: Now): readonly GroupEffect[] {
    this.#joining.join(request, ticket, now);
    return this.#group.done();
  }

  sync(request: SyncRequest, ticket: Ticket, now: Now): readonly GroupEffect[] {
    const errorCode = this.#syncError(request);
    const member = this.#group.members.get(request.memberId);
    const state = this.#group.state;
    if (errorCode !== ErrorCode.none || member === undefined) this.#group.refuseSync(ticket, errorCode);
    else if (state.kind === 'PreparingRebalance') this.#group.refuseSync(ticket, ErrorCode.rebalanceInProgress);
    else if (state.kind === 'CompletingRebalance') {
      if (member.sync !== null) this.#group.refuseSync(member.sync, ErrorCode.rebalanceInProgress);
      member.sync = ticket;
      state.unsynced.delete(member.id);
      if (member.id === this.#group.members.leaderId && state.assigning === null) {
        const assignments = new Map(request.assignments.map((each) => [each.memberId, each.assignment]));
        state.assigning = { writeId: this.#group.newWriteId(), assignments };
        this.#group.persist(state.assigning.writeId, now, (each) => assignments.get(each.id) ?? NOTHING);
      }
    } else if (state.kind === 'Stable') {
      state.unsynced.delete(member.id);
      member.sync = ticket;
      this.#group.answerSync(member, now);
    } else this.#group.refuseSync(ticket, ErrorCode.unknownMemberId);
    return this.#group.done();
  }

  /** The error code of the answer. */
  heartbeat(memberId: string, instanceId: string | null, generationId: number, now: Now): number {
    const state = this.#group.state.kind;
    if (state === 'Dead') return ErrorCode.coordinatorNotAvailable;
    const memberError = this.#group.members.errorOf(memberId, instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    if (generationId !== this.#group.generationId && this.#group.faults.ignoreGeneration !== true) {
      return ErrorCode.illegalGeneration;
    }
    if (state === 'Empty') return ErrorCode.unknownMemberId;
    this.#group.extend(this.#group.members.get(memberId)!, now);
    return state === 'PreparingRebalance' ? ErrorCode.rebalanceInProgress : ErrorCode.none;
  }

  leave(
    leaving: readonly LeavingMember[],
    now: Now,
  ): { readonly results: readonly LeftMember[]; readonly effects: readonly GroupEffect[] } {
    const results = leaving.map((each) => ({ ...each, errorCode: this.#leaveOne(each) }));
    if (results.some(({ errorCode }) => errorCode === ErrorCode.none)) this.#rebalance.membersLeft(now);
    return { results, effects: this.#group.done() };
  }

  /** What a `persist` came to. */
  persisted(writeId: number, errorCode: number, now: Now): readonly GroupEffect[] {
    this.#statics.persisted(writeId, errorCode, now);
    const state = this.#group.state;
    if (state.kind === 'CompletingRebalance' && state.assigning?.writeId === writeId) {
      if (errorCode === ErrorCode.none) this.#rebalance.assigned(state, state.assigning.assignments, now);
      else {
        this.#rebalance.clearAssignments(errorCode, now);
        this.#rebalance.prepare(now);
      }
    }
    return this.#group.done();
  }

  /** Lets what is due happen; ends with the time of the next look. */
  tick(now: Now): readonly GroupEffect[] {
    const nowMs = now.monotonicMs;
    let lapsed = false;
    for (const [memberId, deadlineMs] of this.#group.pending) {
      if (deadlineMs > nowMs) continue;
      this.#group.pending.delete(memberId);
      lapsed = true;
    }
    for (const member of [...this.#group.members]) {
      if (member.deadlineMs > nowMs || !expectsHeartbeat(member)) continue;
      this.#group.remove(member);
      lapsed = true;
    }
    if (lapsed) this.#rebalance.membersLeft(now);
    const state = this.#group.state;
    if (state.kind === 'PreparingRebalance' && state.deadlineMs <= nowMs) this.#rebalance.preparationOver(state, now);
    else if ((state.kind === 'CompletingRebalance' || state.kind === 'Stable') && state.syncDeadlineMs <= nowMs) {
      state.syncDeadlineMs = Number.POSITIVE_INFINITY;
      const silent = [...state.unsynced];
      for (const memberId of silent) this.#group.remove(this.#group.members.get(memberId)!);
      if (silent.length > 0) this.#rebalance.membersLeft(now);
    }
    this.#group.wake(this.nextDeadlineMs());
    return this.#group.done();
  }

  /** 0, or why a member's (or with generation -1 anybody's) offsets are not taken. */
  commitError(
    memberId: string,
    instanceId: string | null,
    generationId: number,
    kind: 'plain' | 'transactional',
  ): number {
    const state = this.#group.state.kind;
    if (state === 'Dead') return ErrorCode.coordinatorNotAvailable;
    if (generationId < 0 && state === 'Empty') return ErrorCode.none;
    if (generationId >= 0 || memberId !== '' || instanceId !== null) {
      const memberError =
        this.#group.faults.ignoreMembership === true ? 0 : this.#group.members.errorOf(memberId, instanceId);
      if (memberError !== ErrorCode.none) return memberError;
      if (generationId !== this.#group.generationId && this.#group.faults.ignoreGeneration !== true) {
        return ErrorCode.illegalGeneration;
      }
    } else if (kind === 'plain' && state !== 'Empty') {
      // Whoever is no member may only commit where nobody is one.
      return ErrorCode.unknownMemberId;
    }
    if (kind === 'plain' && state === 'CompletingRebalance') return ErrorCode.rebalanceInProgress;
    return ErrorCode.none;
  }

  /** A commit shows that its member lives. */
  committed(memberId: string, now: Now): void {
    const member = this.#group.members.get(memberId);
    const state = this.#group.state.kind;
    if (member !== undefined && (state === 'Stable' || state === 'PreparingRebalance')) this.#group.extend(member, now);
  }

  /** The end of it here: deleted, or another broker's now. Everything that waits is answered with `errorCode`. */
  end(errorCode: number): readonly GroupEffect[] {
    this.#group.state = { kind: 'Dead' };
    this.#statics.forget();
    for (const member of this.#group.members) {
      if (member.join !== null) this.#group.refuseJoin(member.join, errorCode, '');
      if (member.sync !== null) this.#group.refuseSync(member.sync, errorCode);
      member.join = null;
      member.sync = null;
    }
    this.#group.pending.clear();
    return this.#group.done();
  }

  // ---- what is stored

  /** Takes over what the log says, once, before any event. */
  restore(record: GroupMetadataValue): void {
    this.#group.generationId = record.generation;
    this.#group.protocolType = record.protocolType === '' ? null : record.protocolType;
    this.#group.protocolName = record.protocol;
    this.#group.stateChangedWallMs = record.currentStateTimestamp === -1 ? null : record.currentStateTimestamp;
    this.#group.members.restore(
      record.members.map((each) => memberFrom(each, record.protocol)),
      record.leader,
    );
    this.#group.state =
      this.#group.members.size === 0
        ? { kind: 'Empty' }
        : { kind: 'Stable', unsynced: new Set(), syncDeadlineMs: Number.POSITIVE_INFINITY };
  }

  /** Loading is over: from now on members have to be heard of. */
  resume(now: Now): readonly GroupEffect[] {
    for (const member of this.#group.members) this.#group.heardOf(member, now);
    if (this.#group.members.size > this.#group.settings.groupSizeMax) this.#rebalance.prepare(now);
    this.#group.wake(this.nextDeadlineMs());
    return this.#group.done();
  }

  nextDeadlineMs(): number {
    const state = this.#group.state;
    let next = Number.POSITIVE_INFINITY;
    if (state.kind === 'PreparingRebalance') next = state.deadlineMs;
    else if (state.kind === 'CompletingRebalance' || state.kind === 'Stable') next = state.syncDeadlineMs;
    for (const deadlineMs of this.#group.pending.values()) next = Math.min(next, deadlineMs);
    for (const member of this.#group.members) {
      if (expectsHeartbeat(member)) next = Math.min(next, member.deadlineMs);
    }
    return next;
  }

  // ---- leaving

  #leaveOne({ memberId, instanceId }: LeavingMember): number {
    if (this.#group.state.kind === 'Dead') return ErrorCode.coordinatorNotAvailable;
    if (memberId === '') {
      // An administrator removes a static member by its instance id alone.
      const member = this.#group.members.ofInstance(instanceId);
      if (member === undefined) return ErrorCode.unknownMemberId;
      this.#group.remove(member);
      return ErrorCode.none;
    }
    if (this.#group.pending.delete(memberId)) return ErrorCode.none;
    const memberError = this.#group.members.errorOf(memberId, instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    this.#group.remove(this.#group.members.get(memberId)!);
    return ErrorCode.none;
  }

  #syncError(request: SyncRequest): number {
    if (this.#group.state.kind === 'Dead') return ErrorCode.coordinatorNotAvailable;
    const memberError = this.#group.members.errorOf(request.memberId, request.instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    if (request.generationId !== this.#group.generationId) return ErrorCode.illegalGeneration;
    const wrongType = request.protocolType !== null && request.protocolType !== this.#group.protocolType;
    const wrongName = request.protocolName !== null && request.protocolName !== this.#group.protocolName;
    return wrongType || wrongName ? ErrorCode.inconsistentGroupProtocol : ErrorCode.none;
  }
}
