import { ZERO_UUID } from '../protocol/index.ts';
import type { ElectionTiming, LogEnd, QuorumRole, ReplicaKey, ReplicaProgress } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';
import { isSameVoter } from './voter-set.ts';
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

/** What a leader knows a replica by: a voter of the configuration by its id, any other by its directory as well. */
export function progressKey(replica: ReplicaKey, voters: readonly ReplicaKey[]): string {
  const isConfigured = voters.some((voter) => voter.id === replica.id && voter.directoryId === ZERO_UUID);
  return isConfigured ? `${replica.id}` : `${replica.id} ${replica.directoryId}`;
}

/** Nothing is known yet of any voter. */
export function unknownProgress(voters: readonly ReplicaKey[], nowMs: number): ReadonlyMap<string, ReplicaProgress> {
  return new Map(voters.map((voter) => [progressKey(voter, voters), fresh(voter, nowMs)]));
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
  const key = progressKey(replica, voters);
  const before = progress.get(key) ?? fresh(replica, nowMs);
  progress.set(key, {
    id: replica.id,
    endOffset: Math.max(before.endOffset, endOffset),
    directoryId: replica.directoryId,
    lastFetchMs: nowMs,
    lastCaughtUpMs: endOffset >= log.endOffset ? nowMs : before.lastCaughtUpMs,
    informed: true,
  });
  let { deadlineMs } = role;
  if (!isSameVoter(self, replica) && voters.some((voter) => isSameVoter(voter, replica))) {
    // The deadline follows the newest moment at which a majority, this node in it, had fetched.
    const remote = voters.filter((voter) => !isSameVoter(voter, self));
    const fetches = remote.map((voter) => progress.get(progressKey(voter, voters))?.lastFetchMs ?? 0);
    const needed = majorityOf(voters.length) - (remote.length < voters.length ? 1 : 0);
    const reached = needed <= 0 ? nowMs : (fetches.sort((a, b) => b - a)[needed - 1] ?? 0);
    deadlineMs = Math.max(deadlineMs, reached + checkQuorumMs(timing));
  }
  return { ...role, progress, deadlineMs };
}

/**
 * The leader goes on with another set of voters. What it knows of a replica stays, whether that begins to vote or
 * ceases to; the new majority gets as long to fetch as that of a new leader.
 */
export function withVoters(role: LeaderRole, nowMs: number, measure: Measure): LeaderRole {
  const voters = measure.voters();
  const known = [...role.progress.values()];
  const progress = new Map(known.map((one): [string, ReplicaProgress] => [progressKey(one, voters), one]));
  for (const voter of voters) {
    const key = progressKey(voter, voters);
    if (!progress.has(key)) progress.set(key, fresh(voter, nowMs));
  }
  const deadlineMs = Math.max(role.deadlineMs, nowMs + checkQuorumMs(measure.timing));
  return { ...role, progress, deadlineMs };
}

/** The voter has answered that it knows of this leader. */
export function acknowledged(role: LeaderRole, from: ReplicaKey, measure: Pick<Measure, 'voters'>): LeaderRole {
  const key = progressKey(from, measure.voters());
  const before = role.progress.get(key);
  if (before === undefined) return role;
  return { ...role, progress: new Map(role.progress).set(key, { ...before, informed: true }) };
}

/** The largest offset that a majority of voters holds, once it covers the start of this epoch; null before. */
export function heldByMajority(role: LeaderRole, measure: Measure): number | null {
  const voters = measure.voters();
  const offsets = voters.map((voter) => role.progress.get(progressKey(voter, voters))?.endOffset ?? -1);
  const needed = measure.faults?.commitAlone === true ? 1 : majorityOf(voters.length);
  const reached = offsets.sort((a, b) => b - a)[needed - 1] ?? -1;
  return reached > role.epochStartOffset ? reached : null;
}

function fresh({ id, directoryId }: ReplicaKey, nowMs: number): ReplicaProgress {
  return { id, endOffset: -1, lastFetchMs: nowMs, lastCaughtUpMs: -1, directoryId, informed: false };
}
