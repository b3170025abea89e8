import type { QuorumCore } from './core.ts';
import type { ReplicaKey, ReplicaProgress } from './election-types.ts';
import type { QuorumDescription, QuorumReplica } from './quorum.ts';
import { progressKey } from './replica-progress.ts';
import { isSameVoter } from './voter-set.ts';

/** An observer that has not fetched for so long is gone. */
const OBSERVER_SESSION_MS = 300_000;

/** Who takes part and how far each is, in wall-clock time. */
export function describeQuorum(core: QuorumCore): QuorumDescription {
  const { clock } = core.runtime;
  const { role, leader } = core.election;
  const wallMs = clock.wallMs();
  const nowMs = clock.monotonicNs() / 1e6;
  const onWall = (ms: number): number => (ms < 0 ? -1 : Math.round(wallMs - (nowMs - ms)));
  const progress: ReadonlyMap<string, ReplicaProgress> = role.kind === 'leader' ? role.progress : new Map();
  const voters = core.voters();
  const describe = ({ id, directoryId }: ReplicaKey): QuorumReplica => {
    if (isSameVoter({ id, directoryId }, core.self)) {
      return { id, directoryId, logEndOffset: core.log.endOffset, lastFetchMs: wallMs, lastCaughtUpMs: wallMs };
    }
    const known = progress.get(progressKey({ id, directoryId }, voters));
    return {
      id,
      directoryId,
      logEndOffset: known?.endOffset ?? -1,
      lastFetchMs: onWall(known?.lastFetchMs ?? -1),
      lastCaughtUpMs: onWall(known?.lastCaughtUpMs ?? -1),
    };
  };
  return {
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
    highWatermark: core.election.highWatermark ?? -1,
    voters: voters.map((voter) => ({ ...describe(voter), endpoints: voter.endpoints })),
    observers: [...progress.values()]
      .filter((one) => !voters.some((voter) => isSameVoter(voter, one)))
      .filter((one) => isSameVoter(one, core.self) || nowMs - one.lastFetchMs < OBSERVER_SESSION_MS)
      .sort((a, b) => a.id - b.id)
      .map(describe),
  };
}
