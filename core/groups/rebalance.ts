import { ErrorCode } from '../protocol/index.ts';
import type { GroupCore, GroupState } from './group-core.ts';
import { NOTHING } from './member.ts';
import type { Now } from './messages.ts';
import { electProtocol } from './protocol-vote.ts';

/** From one generation to the next: who is waited for, when that is over, and who is told what. */
export class Rebalance {
  readonly #group: GroupCore;

  constructor(group: GroupCore) {
    this.#group = group;
  }

  rebalanceOrComplete(now: Now): void {
    if (this.#group.state.kind === 'PreparingRebalance') this.completeIfAllJoined(now);
    else this.prepare(now);
  }

  prepare(now: Now): void {
    const { kind } = this.#group.state;
    if (kind === 'CompletingRebalance') this.clearAssignments(ErrorCode.rebalanceInProgress, now);
    const delayMs = this.#group.settings.initialRebalanceDelayMs;
    const timeoutMs = this.#group.members.rebalanceTimeoutMs();
    const initial =
      kind === 'Empty' ? { delayMs, remainingMs: Math.max(timeoutMs - delayMs, 0), newMemberAdded: false } : null;
    const deadlineMs = now.monotonicMs + (initial === null ? timeoutMs : delayMs);
    this.#group.enter({ kind: 'PreparingRebalance', deadlineMs, initial }, now);
    this.#group.wake(deadlineMs);
    this.completeIfAllJoined(now);
  }

  completeIfAllJoined(now: Now): void {
    const state = this.#group.state;
    if (state.kind !== 'PreparingRebalance' || state.initial !== null || this.#group.pending.size > 0) return;
    for (const { join } of this.#group.members) if (join === null) return;
    this.#completeJoin(now);
  }

  preparationOver(state: Extract<GroupState, { kind: 'PreparingRebalance' }>, now: Now): void {
    const { initial } = state;
    if (initial === null || !initial.newMemberAdded || initial.remainingMs === 0) {
      this.#completeJoin(now);
      return;
    }
    const delayMs = Math.min(this.#group.settings.initialRebalanceDelayMs, initial.remainingMs);
    initial.remainingMs = Math.max(initial.remainingMs - initial.delayMs, 0);
    initial.delayMs = delayMs;
    initial.newMemberAdded = false;
    state.deadlineMs = now.monotonicMs + delayMs;
  }

  /** Everybody has come, or time is up for those who have not: the next generation begins. */
  #completeJoin(now: Now): void {
    const state = this.#group.state;
    if (state.kind !== 'PreparingRebalance') return;
    for (const member of [...this.#group.members]) {
      if (member.join === null && member.instanceId === null) this.#group.remove(member);
    }
    if (this.#group.members.size === 0) {
      this.#group.generationId++;
      this.#group.protocolName = null;
      this.#group.enter({ kind: 'Empty' }, now);
      this.#group.persist(this.#group.newWriteId(), now, () => NOTHING);
      return;
    }
    if (!this.#group.members.electLeader()) {
      // Static members alone, and none is back: they stay until their sessions end.
      state.deadlineMs = now.monotonicMs + this.#group.members.rebalanceTimeoutMs();
      this.#group.wake(state.deadlineMs);
      return;
    }
    this.#group.generationId++;
    this.#group.protocolName = electProtocol(this.#group.members);
    const syncDeadlineMs = now.monotonicMs + this.#group.members.rebalanceTimeoutMs();
    const unsynced = new Set(this.#group.members.byId.keys());
    this.#group.enter({ kind: 'CompletingRebalance', unsynced, syncDeadlineMs, assigning: null }, now);
    this.#group.wake(syncDeadlineMs);
    for (const member of this.#group.members) {
      if (member.join !== null)
        this.#group.joined(member.join, this.#group.joinReply(member, this.#group.members.leaderId ?? ''));
      member.join = null;
      member.isNew = false;
      this.#group.heardOf(member, now);
    }
  }

  assigned(
    state: Extract<GroupState, { kind: 'CompletingRebalance' }>,
    assignments: ReadonlyMap<string, Uint8Array>,
    now: Now,
  ): void {
    const first = this.#group.faults.assignToAll === true ? [...assignments.values()][0] : undefined;
    for (const member of this.#group.members) member.assignment = first ?? assignments.get(member.id) ?? NOTHING;
    const { unsynced, syncDeadlineMs } = state;
    this.#group.enter({ kind: 'Stable', unsynced, syncDeadlineMs }, now);
    for (const member of this.#group.members) if (member.sync !== null) this.#group.answerSync(member, now);
  }

  clearAssignments(errorCode: number, now: Now): void {
    for (const member of this.#group.members) {
      member.assignment = NOTHING;
      if (member.sync === null) continue;
      this.#group.refuseSync(member.sync, errorCode);
      member.sync = null;
      this.#group.heardOf(member, now);
    }
  }

  /** Some went, or ids lapsed: those who are left may have been waiting for them alone. */
  membersLeft(now: Now): void {
    const state = this.#group.state.kind;
    if (state === 'PreparingRebalance') this.completeIfAllJoined(now);
    else if (state === 'Stable' || state === 'CompletingRebalance') {
      // A lapsed id that never became a member changes nothing here.
      if (this.#group.membersChanged) this.prepare(now);
    }
    this.#group.membersChanged = false;
  }
}
