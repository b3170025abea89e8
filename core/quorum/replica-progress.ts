import type { ElectionTiming, LogEnd, QuorumRole, ReplicaKey, ReplicaProgress } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';
import { majorityOf } from './voting.ts';

export type LeaderRole = Extract<QuorumRole, { kind: 'leader' }>;

/** What a leader measures the progress of its replicas by. */
export interface Measure {
  readonly self: ReplicaKey;
  readonly voters: () => readonly ReplicaKey[];
  readonly log: LogEnd;
  readonly timing: ElectionTiming;
  readonly faults?: QuorumFaults;
}

/** How long a leader leads without having heard of a majority (check-quorum). */
export function checkQuorumMs(timing: ElectionTiming): number {
  return timing.fetchTimeoutMs * 1.5;
}

/** Nothing is known yet of any voter. */
export function unknownProgress(voters: readonly ReplicaKey[], nowMs: number): ReadonlyMap<number, ReplicaProgress> {
  return new Map(voters.map((voter) => [voter.id, fresh(voter.directoryId, nowMs)]));
}

/** A replica, or the leader itself, has everything below `endOffset`. */
export function progressed(
  role: LeaderRole,
  replica: ReplicaKey,
  endOffset: number,
  nowMs: number,
  measure: Measure,
): LeaderRole {
  const { self, log, timing } = measure;
  const voters = measure.voters();
  const progress = new Map(role.progress);
  const before = progress.get(replica.id) ?? fresh(replica.directoryId, nowMs);
  progress.set(replica.id, {
    endOffset: Math.max(before.endOffset, endOffset),
    directoryId: replica.directoryId,
    lastFetchMs: nowMs,
    lastCaughtUpMs: endOffset >= log.endOffset ? nowMs : before.lastCaughtUpMs,
    informed: true,
  });
  let { deadlineMs } = role;
  if (replica.id !== self.id && voters.some((voter) => voter.id === replica.id)) {
    // The deadline follows the newest moment at which a majority, this node in it, had fetched.
    const remote = voters.filter((voter) => voter.id !== self.id);
    const fetches = remote.map((voter) => progress.get(voter.id)?.lastFetchMs ?? 0).sort((a, b) => b - a);
    const needed = majorityOf(voters.length) - (remote.length < voters.length ? 1 : 0);
    const reached = needed <= 0 ? nowMs : (fetches[needed - 1] ?? 0);
    deadlineMs = Math.max(deadlineMs, reached + checkQuorumMs(timing));
  }
  return { ...role, progress, deadlineMs };
}

/** The voter has answered that it knows of this leader. */
export function acknowledged(role: LeaderRole, from: number): LeaderRole {
  const before = role.progress.get(from);
  if (before === undefined) return role;
  return { ...role, progress: new Map(role.progress).set(from, { ...before, informed: true }) };
}

/** The largest offset that a majority of voters holds, once it covers the start of this epoch; null before. */
export function heldByMajority(role: LeaderRole, measure: Measure): number | null {
  const voters = measure.voters();
  const offsets = voters.map((voter) => role.progress.get(voter.id)?.endOffset ?? -1).sort((a, b) => b - a);
  const needed = measure.faults?.commitAlone === true ? 1 : majorityOf(voters.length);
  const reached = offsets[needed - 1] ?? -1;
  return reached > role.epochStartOffset ? reached : null;
}

function fresh(directoryId: string, nowMs: number): ReplicaProgress {
  return { endOffset: -1, lastFetchMs: nowMs, lastCaughtUpMs: -1, directoryId, informed: false };
}
