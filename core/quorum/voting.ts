import { ZERO_UUID } from '../protocol/index.ts';
import type { LogEnd, QuorumRole, ReplicaKey, VoteAnswer, VoteRequested } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';

type Standing = Extract<QuorumRole, { kind: 'prospective' | 'candidate' }>;

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

export function isMajority(ids: ReadonlySet<number>, voters: readonly ReplicaKey[]): boolean {
  return voters.filter((voter) => ids.has(voter.id)).length >= majorityOf(voters.length);
}

/** No majority is left that might still grant its vote. */
export function isLost(role: Standing, voters: readonly ReplicaKey[]): boolean {
  return voters.length - role.rejected.size - role.unreachable.size < majorityOf(voters.length);
}

/** Every voter has said something, or has no process that could. */
export function hasHeardAll(role: Standing, voters: readonly ReplicaKey[]): boolean {
  return voters.every(({ id }) => role.granted.has(id) || role.rejected.has(id) || role.unreachable.has(id));
}

/** Counts a voter's answer. One that nobody listens for may be back, and grant its vote after all. */
export function tallied(role: Standing, from: number, answer: VoteAnswer): Standing {
  if (answer === 'unreachable' && (role.granted.has(from) || role.rejected.has(from))) return role;
  const without = (ids: ReadonlySet<number>): Set<number> => new Set([...ids].filter((id) => id !== from));
  const granted = new Set(role.granted);
  const rejected = without(role.rejected);
  const unreachable = without(role.unreachable);
  if (answer === 'granted') granted.add(from);
  else if (answer === 'refused') rejected.add(from);
  else unreachable.add(from);
  return { ...role, granted, rejected, unreachable };
}

/** Whether a voter in this role, and with this log, gives its vote to a candidate of the role's own epoch. */
export function grantsVote(
  role: QuorumRole,
  request: VoteRequested,
  voter: { readonly self: ReplicaKey; readonly log: LogEnd; readonly faults?: QuorumFaults },
): boolean {
  const { log, self, faults } = voter;
  const upToDate =
    faults?.voteForAnyone === true ||
    request.lastEpoch > log.lastEpoch ||
    (request.lastEpoch === log.lastEpoch && request.lastOffset >= log.endOffset);
  if (role.kind === 'leader') return false;
  if (request.preVote) return upToDate && !(role.kind === 'follower' && role.fetched);
  if (role.kind === 'candidate' || role.kind === 'resigned') return isSameReplica(request.candidate, self);
  if (role.voted !== null) return isSameReplica(role.voted, request.candidate);
  if (role.kind === 'follower' || role.leaderId !== -1) return false;
  return upToDate;
}

/** A directory that is not known (members before KIP-853 do not tell it) may be any. */
function isSameReplica(a: ReplicaKey, b: ReplicaKey): boolean {
  return a.id === b.id && (a.directoryId === b.directoryId || isUnknown(a) || isUnknown(b));
}

function isUnknown(key: ReplicaKey): boolean {
  return key.directoryId === ZERO_UUID;
}
