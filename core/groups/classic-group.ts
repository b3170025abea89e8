import { ErrorCode, type GroupMetadataValue, type GroupMetadataValueDraft } from '../protocol/index.ts';
import type { GroupFaults } from './faults.ts';
import {
  expectsHeartbeat,
  type Member,
  type MemberProtocol,
  NOTHING,
  protocolMetadata,
  sameProtocols,
  type Ticket,
} from './member.ts';
import { Members } from './members.ts';
import {
  type GroupEffect,
  type JoinReply,
  type JoinRequest,
  joinRefused,
  type LeavingMember,
  type LeftMember,
  type Now,
  type SyncRequest,
  syncRefused,
} from './messages.ts';
import { electProtocol, hasCommonProtocol } from './protocol-vote.ts';
import { memberFrom, storedMembers } from './stored-group.ts';
import { subscribedTopics } from './subscription.ts';

export type GroupState =
  | { readonly kind: 'Empty' }
  | {
      readonly kind: 'PreparingRebalance';
      /** When the members that have not joined again are given up. */
      deadlineMs: number;
      /** Of a group that was empty: it waits for more members, a little longer with each that comes. */
      readonly initial: { delayMs: number; remainingMs: number; newMemberAdded: boolean } | null;
    }
  | {
      readonly kind: 'CompletingRebalance';
      readonly unsynced: Set<string>;
      syncDeadlineMs: number;
      /** The assignment on its way into the log, null before the leader has sent it. */
      assigning: { readonly writeId: number; readonly assignments: ReadonlyMap<string, Uint8Array> } | null;
    }
  | {
      readonly kind: 'Stable';
      /** Members that have not asked for their assignment; dropped at the deadline. */
      readonly unsynced: Set<string>;
      syncDeadlineMs: number;
    }
  | { readonly kind: 'Dead' };

export interface ClassicGroupSettings {
  readonly initialRebalanceDelayMs: number;
  readonly groupSizeMax: number;
}

/** New members cannot send heartbeats, and their connections are not watched: after this long they have to ask again. */
const NEW_MEMBER_JOIN_MS = 5 * 60_000;

/** The return of a static member that changed nothing, on its way into the log. */
interface Replacement {
  readonly writeId: number;
  readonly ticket: Ticket;
  readonly before: Member;
  readonly member: Member;
  readonly reply: JoinReply;
}

/**
 * The state machine of one group under the classic protocol: who is a member, who leads, which generation counts and
 * what each member was assigned. Every event returns what is to be done about it; nothing happens in here by itself.
 */
export class ClassicGroup {
  readonly groupId: string;
  readonly #settings: ClassicGroupSettings;
  readonly #faults: GroupFaults;
  #state: GroupState = { kind: 'Empty' };
  #stateChangedWallMs: number | null = null;
  #generationId = 0;
  #protocolType: string | null = null;
  #protocolName: string | null = null;
  readonly #members = new Members();
  /** Ids given out whose members have not come back with them yet (KIP-394), and when they lapse. */
  readonly #pending = new Map<string, number>();
  readonly #replacements = new Map<number, Replacement>();
  #nextWriteId = 1;
  #effects: GroupEffect[] = [];

  constructor(groupId: string, settings: ClassicGroupSettings, faults: GroupFaults = {}) {
    this.groupId = groupId;
    this.#settings = settings;
    this.#faults = faults;
  }

  get state(): GroupState['kind'] {
    return this.#state.kind;
  }
  /** When it came into its state, as stored; null when that is not known. */
  get stateChangedWallMs(): number | null {
    return this.#stateChangedWallMs;
  }
  get generationId(): number {
    return this.#generationId;
  }
  /** Null before the first member, and for ever where only offsets are kept. */
  get protocolType(): string | null {
    return this.#protocolType;
  }
  get protocolName(): string | null {
    return this.#protocolName;
  }
  get leaderId(): string | null {
    return this.#members.leaderId;
  }
  get members(): ReadonlyMap<string, Member> {
    return this.#members.byId;
  }
  get pendingMembers(): ReadonlyMap<string, number> {
    return this.#pending;
  }

  /** What a member has to say to the leader under the chosen protocol. */
  metadataOf(member: Member): Uint8Array {
    return protocolMetadata(member, this.#protocolName);
  }

  /** The topics that members of a consumer group subscribe to; null when that cannot be told. */
  subscribedTopics(): ReadonlySet<string> | null {
    if (this.#protocolType !== 'consumer') return null;
    const topics = new Set<string>();
    for (const member of this.#members) {
      const subscribed = subscribedTopics(this.metadataOf(member));
      if (subscribed === null) return null;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }

  // ---- events

  join(request: JoinRequest, ticket: Ticket, now: Now): readonly GroupEffect[] {
    const { memberId } = request;
    if (this.#state.kind === 'Dead') this.#refuseJoin(ticket, ErrorCode.coordinatorNotAvailable, memberId);
    else if (!this.#hasRoomFor(memberId)) {
      const member = this.#members.get(memberId);
      if (member !== undefined) this.#remove(member);
      this.#pending.delete(memberId);
      this.#refuseJoin(ticket, ErrorCode.groupMaxSizeReached, '');
      this.#membersLeft(now);
    } else if (!this.#speaks(request.protocolType, request.protocols)) {
      this.#refuseJoin(ticket, ErrorCode.inconsistentGroupProtocol, memberId);
    } else if (memberId === '') this.#joinNew(request, ticket, now);
    else this.#joinKnown(request, ticket, now);
    return this.#done();
  }

  sync(request: SyncRequest, ticket: Ticket, now: Now): readonly GroupEffect[] {
    const errorCode = this.#syncError(request);
    const member = this.#members.get(request.memberId);
    const state = this.#state;
    if (errorCode !== ErrorCode.none || member === undefined) this.#refuseSync(ticket, errorCode);
    else if (state.kind === 'PreparingRebalance') this.#refuseSync(ticket, ErrorCode.rebalanceInProgress);
    else if (state.kind === 'CompletingRebalance') {
      if (member.sync !== null) this.#refuseSync(member.sync, ErrorCode.rebalanceInProgress);
      member.sync = ticket;
      state.unsynced.delete(member.id);
      if (member.id === this.#members.leaderId && state.assigning === null) {
        const assignments = new Map(request.assignments.map((each) => [each.memberId, each.assignment]));
        state.assigning = { writeId: this.#nextWriteId++, assignments };
        this.#persist(state.assigning.writeId, now, (each) => assignments.get(each.id) ?? NOTHING);
      }
    } else if (state.kind === 'Stable') {
      state.unsynced.delete(member.id);
      member.sync = ticket;
      this.#answerSync(member, now);
    } else this.#refuseSync(ticket, ErrorCode.unknownMemberId);
    return this.#done();
  }

  /** The error code of the answer. */
  heartbeat(memberId: string, instanceId: string | null, generationId: number, now: Now): number {
    const state = this.#state.kind;
    if (state === 'Dead') return ErrorCode.coordinatorNotAvailable;
    const memberError = this.#members.errorOf(memberId, instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    if (generationId !== this.#generationId && this.#faults.ignoreGeneration !== true) {
      return ErrorCode.illegalGeneration;
    }
    if (state === 'Empty') return ErrorCode.unknownMemberId;
    this.#extend(this.#members.get(memberId)!, now);
    return state === 'PreparingRebalance' ? ErrorCode.rebalanceInProgress : ErrorCode.none;
  }

  leave(
    leaving: readonly LeavingMember[],
    now: Now,
  ): { readonly results: readonly LeftMember[]; readonly effects: readonly GroupEffect[] } {
    const results = leaving.map((each) => ({ ...each, errorCode: this.#leaveOne(each) }));
    if (results.some(({ errorCode }) => errorCode === ErrorCode.none)) this.#membersLeft(now);
    return { results, effects: this.#done() };
  }

  /** What a `persist` came to. */
  persisted(writeId: number, errorCode: number, now: Now): readonly GroupEffect[] {
    const replacement = this.#replacements.get(writeId);
    if (replacement !== undefined) {
      this.#replacements.delete(writeId);
      this.#replaced(replacement, errorCode, now);
    }
    const state = this.#state;
    if (state.kind === 'CompletingRebalance' && state.assigning?.writeId === writeId) {
      if (errorCode === ErrorCode.none) this.#assigned(state, state.assigning.assignments, now);
      else {
        this.#clearAssignments(errorCode, now);
        this.#prepareRebalance(now);
      }
    }
    return this.#done();
  }

  /** Lets what is due happen; ends with the time of the next look. */
  tick(now: Now): readonly GroupEffect[] {
    const nowMs = now.monotonicMs;
    let lapsed = false;
    for (const [memberId, deadlineMs] of this.#pending) {
      if (deadlineMs > nowMs) continue;
      this.#pending.delete(memberId);
      lapsed = true;
    }
    for (const member of [...this.#members]) {
      if (member.deadlineMs > nowMs || !expectsHeartbeat(member)) continue;
      this.#remove(member);
      lapsed = true;
    }
    if (lapsed) this.#membersLeft(now);
    const state = this.#state;
    if (state.kind === 'PreparingRebalance' && state.deadlineMs <= nowMs) this.#preparationOver(state, now);
    else if ((state.kind === 'CompletingRebalance' || state.kind === 'Stable') && state.syncDeadlineMs <= nowMs) {
      state.syncDeadlineMs = Number.POSITIVE_INFINITY;
      const silent = [...state.unsynced];
      for (const memberId of silent) this.#remove(this.#members.get(memberId)!);
      if (silent.length > 0) this.#membersLeft(now);
    }
    this.#wake(this.nextDeadlineMs());
    return this.#done();
  }

  /** 0, or why a member's (or with generation -1 anybody's) offsets are not taken. */
  commitError(
    memberId: string,
    instanceId: string | null,
    generationId: number,
    kind: 'plain' | 'transactional',
  ): number {
    const state = this.#state.kind;
    if (state === 'Dead') return ErrorCode.coordinatorNotAvailable;
    if (generationId < 0 && state === 'Empty') return ErrorCode.none;
    if (generationId >= 0 || memberId !== '' || instanceId !== null) {
      const memberError = this.#faults.ignoreMembership === true ? 0 : this.#members.errorOf(memberId, instanceId);
      if (memberError !== ErrorCode.none) return memberError;
      if (generationId !== this.#generationId && this.#faults.ignoreGeneration !== true) {
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
    const member = this.#members.get(memberId);
    const state = this.#state.kind;
    if (member !== undefined && (state === 'Stable' || state === 'PreparingRebalance')) this.#extend(member, now);
  }

  /** The end of it here: deleted, or another broker's now. Everything that waits is answered with `errorCode`. */
  end(errorCode: number): readonly GroupEffect[] {
    this.#state = { kind: 'Dead' };
    this.#replacements.clear();
    for (const member of this.#members) {
      if (member.join !== null) this.#refuseJoin(member.join, errorCode, '');
      if (member.sync !== null) this.#refuseSync(member.sync, errorCode);
      member.join = null;
      member.sync = null;
    }
    this.#pending.clear();
    return this.#done();
  }

  // ---- what is stored

  /** Takes over what the log says, once, before any event. */
  restore(record: GroupMetadataValue): void {
    this.#generationId = record.generation;
    this.#protocolType = record.protocolType === '' ? null : record.protocolType;
    this.#protocolName = record.protocol;
    this.#stateChangedWallMs = record.currentStateTimestamp === -1 ? null : record.currentStateTimestamp;
    this.#members.restore(
      record.members.map((each) => memberFrom(each, record.protocol)),
      record.leader,
    );
    this.#state =
      this.#members.size === 0
        ? { kind: 'Empty' }
        : { kind: 'Stable', unsynced: new Set(), syncDeadlineMs: Number.POSITIVE_INFINITY };
  }

  /** Loading is over: from now on members have to be heard of. */
  resume(now: Now): readonly GroupEffect[] {
    for (const member of this.#members) this.#heardOf(member, now);
    if (this.#members.size > this.#settings.groupSizeMax) this.#prepareRebalance(now);
    this.#wake(this.nextDeadlineMs());
    return this.#done();
  }

  nextDeadlineMs(): number {
    const state = this.#state;
    let next = Number.POSITIVE_INFINITY;
    if (state.kind === 'PreparingRebalance') next = state.deadlineMs;
    else if (state.kind === 'CompletingRebalance' || state.kind === 'Stable') next = state.syncDeadlineMs;
    for (const deadlineMs of this.#pending.values()) next = Math.min(next, deadlineMs);
    for (const member of this.#members) {
      if (expectsHeartbeat(member)) next = Math.min(next, member.deadlineMs);
    }
    return next;
  }

  // ---- joining

  #hasRoomFor(memberId: string): boolean {
    const max = this.#settings.groupSizeMax;
    switch (this.#state.kind) {
      case 'PreparingRebalance': {
        // Only who has come counts: a group that is too large by now loses its last to come back.
        const joined = this.#members.joinedCount();
        return joined < max || (this.#members.get(memberId)?.join ?? null) !== null;
      }
      case 'CompletingRebalance':
      case 'Stable':
        return this.#members.get(memberId) !== undefined || this.#members.size < max;
      default:
        return true;
    }
  }

  #speaks(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state.kind === 'Empty') return protocolType !== '' && protocols.length > 0;
    return protocolType === this.#protocolType && hasCommonProtocol(this.#members, protocols);
  }

  #joinNew(request: JoinRequest, ticket: Ticket, now: Now): void {
    const { instanceId, newMemberId } = request;
    const replaced = this.#members.ofInstance(instanceId);
    if (replaced !== undefined) this.#replaceStatic(replaced, request, ticket, now);
    else if (instanceId === null && request.requiresKnownMemberId) {
      const lapsesMs = now.monotonicMs + request.sessionTimeoutMs;
      this.#pending.set(newMemberId, lapsesMs);
      this.#wake(lapsesMs);
      this.#refuseJoin(ticket, ErrorCode.memberIdRequired, newMemberId);
    } else this.#add(newMemberId, request, ticket, now);
  }

  #joinKnown(request: JoinRequest, ticket: Ticket, now: Now): void {
    const { memberId, instanceId } = request;
    if (this.#pending.has(memberId) && instanceId === null) {
      this.#add(memberId, request, ticket, now);
      return;
    }
    const memberError = this.#members.errorOf(memberId, instanceId);
    const member = this.#members.get(memberId);
    if (memberError !== ErrorCode.none || member === undefined) {
      this.#refuseJoin(ticket, memberError, memberId);
      return;
    }
    const unchanged = sameProtocols(member.protocols, request.protocols);
    const state = this.#state.kind;
    // A client that lost its answer asks again; what it has is what counts.
    if (state === 'CompletingRebalance' && unchanged)
      this.#joined(ticket, this.#joinReply(member, this.#members.leaderId ?? ''));
    // A leader asks for a new assignment by joining; a follower that changed nothing may go on.
    else if (state === 'Stable' && unchanged && member.id !== this.#members.leaderId) {
      this.#joined(ticket, this.#joinReply(member, this.#members.leaderId ?? ''));
    } else if (state === 'Empty') this.#refuseJoin(ticket, ErrorCode.unknownMemberId, memberId);
    else {
      this.#rejoin(member, request, ticket);
      this.#rebalanceOrComplete(now);
    }
  }

  #add(memberId: string, request: JoinRequest, ticket: Ticket, now: Now): void {
    const state = this.#state;
    if (state.kind === 'PreparingRebalance' && state.initial !== null) state.initial.newMemberAdded = true;
    if (this.#members.size === 0) this.#protocolType = request.protocolType;
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
    this.#members.add(member);
    this.#pending.delete(memberId);
    this.#wake(member.deadlineMs);
    this.#rebalanceOrComplete(now);
  }

  #rejoin(member: Member, request: JoinRequest, ticket: Ticket): void {
    if (member.join !== null) this.#refuseJoin(member.join, ErrorCode.rebalanceInProgress, member.id);
    member.join = ticket;
    member.protocols = request.protocols;
    member.sessionTimeoutMs = request.sessionTimeoutMs;
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  }

  /** KIP-345: a static member that starts again takes the place of its former self, whose id is fenced. */
  #replaceStatic(before: Member, request: JoinRequest, ticket: Ticket, now: Now): void {
    const formerLeader = this.#members.leaderId ?? '';
    if (before.join !== null) this.#refuseJoin(before.join, ErrorCode.fencedInstanceId, before.id);
    if (before.sync !== null) this.#refuseSync(before.sync, ErrorCode.fencedInstanceId);
    before.join = null;
    before.sync = null;
    const member: Member = {
      ...before,
      id: request.newMemberId,
      clientId: request.clientId,
      clientHost: request.clientHost,
    };
    this.#rejoin(member, request, ticket);
    this.#swap(before, member);
    this.#heardOf(member, now);
    const state = this.#state.kind;
    if (state === 'PreparingRebalance') this.#completeIfAllJoined(now);
    else if (state === 'Stable' && electProtocol(this.#members) === this.#protocolName) {
      // Nothing to distribute anew: the assignment stands, under the new id.
      const leads = member.id === this.#members.leaderId;
      const skip = leads && request.canSkipAssignment;
      const reply = this.#joinReply(member, request.canSkipAssignment ? (this.#members.leaderId ?? '') : formerLeader);
      const writeId = this.#nextWriteId++;
      this.#replacements.set(writeId, {
        writeId,
        ticket,
        before,
        member,
        reply: { ...reply, skipAssignment: skip, members: skip ? reply.members : [] },
      });
      this.#persist(writeId, now, (each) => each.assignment);
    } else this.#prepareRebalance(now);
  }

  #replaced({ ticket, before, member, reply }: Replacement, errorCode: number, now: Now): void {
    // Meanwhile it may have left, or been answered by a rebalance.
    if (member.join !== ticket || this.#members.get(member.id) !== member) return;
    member.join = null;
    if (errorCode === ErrorCode.none) {
      this.#joined(ticket, reply);
      this.#heardOf(member, now);
      return;
    }
    this.#swap(member, before);
    this.#heardOf(before, now);
    this.#refuseJoin(ticket, errorCode, '');
  }

  #swap(before: Member, after: Member): void {
    this.#members.replace(before, after);
    const state = this.#state;
    if ((state.kind === 'CompletingRebalance' || state.kind === 'Stable') && state.unsynced.delete(before.id)) {
      state.unsynced.add(after.id);
    }
  }

  // ---- rebalance

  #rebalanceOrComplete(now: Now): void {
    if (this.#state.kind === 'PreparingRebalance') this.#completeIfAllJoined(now);
    else this.#prepareRebalance(now);
  }

  #prepareRebalance(now: Now): void {
    const { kind } = this.#state;
    if (kind === 'CompletingRebalance') this.#clearAssignments(ErrorCode.rebalanceInProgress, now);
    const delayMs = this.#settings.initialRebalanceDelayMs;
    const timeoutMs = this.#members.rebalanceTimeoutMs();
    const initial =
      kind === 'Empty' ? { delayMs, remainingMs: Math.max(timeoutMs - delayMs, 0), newMemberAdded: false } : null;
    const deadlineMs = now.monotonicMs + (initial === null ? timeoutMs : delayMs);
    this.#enter({ kind: 'PreparingRebalance', deadlineMs, initial }, now);
    this.#wake(deadlineMs);
    this.#completeIfAllJoined(now);
  }

  #completeIfAllJoined(now: Now): void {
    const state = this.#state;
    if (state.kind !== 'PreparingRebalance' || state.initial !== null || this.#pending.size > 0) return;
    for (const { join } of this.#members) if (join === null) return;
    this.#completeJoin(now);
  }

  #preparationOver(state: Extract<GroupState, { kind: 'PreparingRebalance' }>, now: Now): void {
    const { initial } = state;
    if (initial === null || !initial.newMemberAdded || initial.remainingMs === 0) {
      this.#completeJoin(now);
      return;
    }
    const delayMs = Math.min(this.#settings.initialRebalanceDelayMs, initial.remainingMs);
    initial.remainingMs = Math.max(initial.remainingMs - initial.delayMs, 0);
    initial.delayMs = delayMs;
    initial.newMemberAdded = false;
    state.deadlineMs = now.monotonicMs + delayMs;
  }

  /** Everybody has come, or time is up for those who have not: the next generation begins. */
  #completeJoin(now: Now): void {
    const state = this.#state;
    if (state.kind !== 'PreparingRebalance') return;
    for (const member of [...this.#members]) {
      if (member.join === null && member.instanceId === null) this.#remove(member);
    }
    if (this.#members.size === 0) {
      this.#generationId++;
      this.#protocolName = null;
      this.#enter({ kind: 'Empty' }, now);
      this.#persist(this.#nextWriteId++, now, () => NOTHING);
      return;
    }
    if (!this.#members.electLeader()) {
      // Static members alone, and none is back: they stay until their sessions end.
      state.deadlineMs = now.monotonicMs + this.#members.rebalanceTimeoutMs();
      this.#wake(state.deadlineMs);
      return;
    }
    this.#generationId++;
    this.#protocolName = electProtocol(this.#members);
    const syncDeadlineMs = now.monotonicMs + this.#members.rebalanceTimeoutMs();
    const unsynced = new Set(this.#members.byId.keys());
    this.#enter({ kind: 'CompletingRebalance', unsynced, syncDeadlineMs, assigning: null }, now);
    this.#wake(syncDeadlineMs);
    for (const member of this.#members) {
      if (member.join !== null) this.#joined(member.join, this.#joinReply(member, this.#members.leaderId ?? ''));
      member.join = null;
      member.isNew = false;
      this.#heardOf(member, now);
    }
  }

  #assigned(
    state: Extract<GroupState, { kind: 'CompletingRebalance' }>,
    assignments: ReadonlyMap<string, Uint8Array>,
    now: Now,
  ): void {
    const first = this.#faults.assignToAll === true ? [...assignments.values()][0] : undefined;
    for (const member of this.#members) member.assignment = first ?? assignments.get(member.id) ?? NOTHING;
    const { unsynced, syncDeadlineMs } = state;
    this.#enter({ kind: 'Stable', unsynced, syncDeadlineMs }, now);
    for (const member of this.#members) if (member.sync !== null) this.#answerSync(member, now);
  }

  #clearAssignments(errorCode: number, now: Now): void {
    for (const member of this.#members) {
      member.assignment = NOTHING;
      if (member.sync === null) continue;
      this.#refuseSync(member.sync, errorCode);
      member.sync = null;
      this.#heardOf(member, now);
    }
  }

  // ---- leaving

  #leaveOne({ memberId, instanceId }: LeavingMember): number {
    if (this.#state.kind === 'Dead') return ErrorCode.coordinatorNotAvailable;
    if (memberId === '') {
      // An administrator removes a static member by its instance id alone.
      const member = this.#members.ofInstance(instanceId);
      if (member === undefined) return ErrorCode.unknownMemberId;
      this.#remove(member);
      return ErrorCode.none;
    }
    if (this.#pending.delete(memberId)) return ErrorCode.none;
    const memberError = this.#members.errorOf(memberId, instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    this.#remove(this.#members.get(memberId)!);
    return ErrorCode.none;
  }

  #membersLeft(now: Now): void {
    const state = this.#state.kind;
    if (state === 'PreparingRebalance') this.#completeIfAllJoined(now);
    else if (state === 'Stable' || state === 'CompletingRebalance') {
      // A lapsed id that never became a member changes nothing here.
      if (this.#membersChanged) this.#prepareRebalance(now);
    }
    this.#membersChanged = false;
  }
  #membersChanged = false;

  #remove(member: Member): void {
    if (member.join !== null) this.#refuseJoin(member.join, ErrorCode.unknownMemberId, member.id);
    if (member.sync !== null) this.#refuseSync(member.sync, ErrorCode.unknownMemberId);
    member.join = null;
    member.sync = null;
    this.#members.remove(member);
    const state = this.#state;
    if (state.kind === 'CompletingRebalance' || state.kind === 'Stable') state.unsynced.delete(member.id);
    this.#membersChanged = true;
  }

  // ---- pieces

  #syncError(request: SyncRequest): number {
    if (this.#state.kind === 'Dead') return ErrorCode.coordinatorNotAvailable;
    const memberError = this.#members.errorOf(request.memberId, request.instanceId);
    if (memberError !== ErrorCode.none) return memberError;
    if (request.generationId !== this.#generationId) return ErrorCode.illegalGeneration;
    const wrongType = request.protocolType !== null && request.protocolType !== this.#protocolType;
    const wrongName = request.protocolName !== null && request.protocolName !== this.#protocolName;
    return wrongType || wrongName ? ErrorCode.inconsistentGroupProtocol : ErrorCode.none;
  }

  #heardOf(member: Member, now: Now): void {
    this.#extend(member, now);
    this.#wake(member.deadlineMs);
  }

  /** As `heardOf`, of a member whose deadline is being watched: a later one needs no new alarm. */
  #extend(member: Member, now: Now): void {
    member.deadlineMs = now.monotonicMs + member.sessionTimeoutMs;
  }

  #enter(state: GroupState, now: Now): void {
    this.#state = state;
    this.#stateChangedWallMs = now.wallMs;
  }

  #joinReply(member: Member, leader: string): JoinReply {
    const leads = member.id === this.#members.leaderId;
    return {
      errorCode: ErrorCode.none,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader,
      skipAssignment: false,
      memberId: member.id,
      members: leads
        ? Array.from(this.#members, (each) => ({
            memberId: each.id,
            groupInstanceId: each.instanceId,
            metadata: protocolMetadata(each, this.#protocolName),
          }))
        : [],
    };
  }

  #persist(writeId: number, now: Now, assignmentOf: (member: Member) => Uint8Array): void {
    const record: GroupMetadataValueDraft = {
      protocolType: this.#protocolType ?? '',
      generation: this.#generationId,
      protocol: this.#protocolName,
      leader: this.#members.leaderId,
      currentStateTimestamp: this.#stateChangedWallMs ?? now.wallMs,
      members: storedMembers(this.#members, this.#protocolName, assignmentOf),
    };
    this.#effects.push({ kind: 'persist', writeId, record });
  }

  #joined(ticket: Ticket, reply: JoinReply): void {
    this.#effects.push({ kind: 'joined', ticket, reply });
  }

  #refuseJoin(ticket: Ticket, errorCode: number, memberId: string): void {
    this.#joined(ticket, joinRefused(errorCode, memberId));
  }

  #answerSync(member: Member, now: Now): void {
    this.#effects.push({
      kind: 'synced',
      ticket: member.sync!,
      reply: {
        errorCode: ErrorCode.none,
        protocolType: this.#protocolType,
        protocolName: this.#protocolName,
        assignment: member.assignment,
      },
    });
    member.sync = null;
    this.#heardOf(member, now);
  }

  #refuseSync(ticket: Ticket, errorCode: number): void {
    this.#effects.push({ kind: 'synced', ticket, reply: syncRefused(errorCode) });
  }

  #wake(atMs: number): void {
    if (atMs < Number.POSITIVE_INFINITY) this.#effects.push({ kind: 'wake', atMs });
  }

  #done(): readonly GroupEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
