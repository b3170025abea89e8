import { ErrorCode, type GroupMetadataValueDraft } from '../protocol/index.ts';
import type { GroupFaults } from './faults.ts';
import { type Member, protocolMetadata, type Ticket } from './member.ts';
import { Members } from './members.ts';
import { type GroupEffect, type JoinReply, joinRefused, type Now, syncRefused } from './messages.ts';
import { storedMembers } from './stored-group.ts';

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

/**
 * What one classic group knows, and what its parts (joining, static members, rebalance) do to it alike. Whatever an event
 * is to bring about gathers here as effects, in their order, until the event is over.
 */
export class GroupCore {
  readonly settings: ClassicGroupSettings;
  readonly faults: GroupFaults;
  readonly members: Members = new Members();
  /** Ids given out whose members have not come back with them yet (KIP-394), and when they lapse. */
  readonly pending: Map<string, number> = new Map();
  state: GroupState = { kind: 'Empty' };
  /** When it came into its state, as stored; null when that is not known. */
  stateChangedWallMs: number | null = null;
  generationId = 0;
  /** Null before the first member, and for ever where only offsets are kept. */
  protocolType: string | null = null;
  protocolName: string | null = null;
  /** Whether a member went since the group last looked. */
  membersChanged = false;
  #nextWriteId = 1;
  #effects: GroupEffect[] = [];

  constructor(settings: ClassicGroupSettings, faults: GroupFaults) {
    this.settings = settings;
    this.faults = faults;
  }

  newWriteId(): number {
    return this.#nextWriteId++;
  }

  heardOf(member: Member, now: Now): void {
    this.extend(member, now);
    this.wake(member.deadlineMs);
  }

  /** As `heardOf`, of a member whose deadline is being watched: a later one needs no new alarm. */
  extend(member: Member, now: Now): void {
    member.deadlineMs = now.monotonicMs + member.sessionTimeoutMs;
  }

  enter(state: GroupState, now: Now): void {
    this.state = state;
    this.stateChangedWallMs = now.wallMs;
  }

  joinReply(member: Member, leader: string): JoinReply {
    const leads = member.id === this.members.leaderId;
    return {
      errorCode: ErrorCode.none,
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader,
      skipAssignment: false,
      memberId: member.id,
      members: leads
        ? Array.from(this.members, (each) => ({
            memberId: each.id,
            groupInstanceId: each.instanceId,
            metadata: protocolMetadata(each, this.protocolName),
          }))
        : [],
    };
  }

  persist(writeId: number, now: Now, assignmentOf: (member: Member) => Uint8Array): void {
    const record: GroupMetadataValueDraft = {
      protocolType: this.protocolType ?? '',
      generation: this.generationId,
      protocol: this.protocolName,
      leader: this.members.leaderId,
      currentStateTimestamp: this.stateChangedWallMs ?? now.wallMs,
      members: storedMembers(this.members, this.protocolName, assignmentOf),
    };
    this.#effects.push({ kind: 'persist', writeId, record });
  }

  joined(ticket: Ticket, reply: JoinReply): void {
    this.#effects.push({ kind: 'joined', ticket, reply });
  }

  refuseJoin(ticket: Ticket, errorCode: number, memberId: string): void {
    this.joined(ticket, joinRefused(errorCode, memberId));
  }

  answerSync(member: Member, now: Now): void {
    this.#effects.push({
      kind: 'synced',
      ticket: member.sync!,
      reply: {
        errorCode: ErrorCode.none,
        protocolType: this.protocolType,
        protocolName: this.protocolName,
        assignment: member.assignment,
      },
    });
    member.sync = null;
    this.heardOf(member, now);
  }

  refuseSync(ticket: Ticket, errorCode: number): void {
    this.#effects.push({ kind: 'synced', ticket, reply: syncRefused(errorCode) });
  }

  wake(atMs: number): void {
    if (atMs < Number.POSITIVE_INFINITY) this.#effects.push({ kind: 'wake', atMs });
  }

  remove(member: Member): void {
    if (member.join !== null) this.refuseJoin(member.join, ErrorCode.unknownMemberId, member.id);
    if (member.sync !== null) this.refuseSync(member.sync, ErrorCode.unknownMemberId);
    member.join = null;
    member.sync = null;
    this.members.remove(member);
    const state = this.state;
    if (state.kind === 'CompletingRebalance' || state.kind === 'Stable') state.unsynced.delete(member.id);
    this.membersChanged = true;
  }

  done(): readonly GroupEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
