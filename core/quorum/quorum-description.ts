import type { QuorumCore } from './core.ts';
import type { ReplicaProgress } from './election-types.ts';
import type { QuorumDescription, QuorumReplica } from './quorum.ts';

/** An observer that has not fetched for so long is gone. */
const OBSERVER_SESSION_MS = 300_000;

/** Who takes part and how far each is, in wall-clock time. */
export function describeQuorum(core: QuorumCore): QuorumDescription {
  const { clock } = core.runtime;
  const { role, leader } = core.election;
  const wallMs = clock.wallMs();
  const nowMs = clock.monotonicNs() / 1e6;
  const onWall = (ms: number): number => (ms < 0 ? -1 : Math.round(wallMs - (nowMs - ms)));
  const progress: ReadonlyMap<number, ReplicaProgress> = role.kind === 'leader' ? role.progress : new Map();
  const describe = (id: number, directoryId: string): QuorumReplica => {
    if (id === core.self.id) {
      return { id, directoryId, logEndOffset: core.log.endOffset, lastFetchMs: wallMs, lastCaughtUpMs: wallMs };
    }
    const known = progress.get(id);
    return {
      id,
      directoryId,
      logEndOffset: known?.endOffset ?? -1,
      lastFetchMs: onWall(known?.lastFetchMs ?? -1),
      lastCaughtUpMs: onWall(known?.lastCaughtUpMs ?? -1),
    };
  };
  const voterIds = new Set(core.voters().map((voter) => voter.id));
  return {
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
    highWatermark: core.election.highWatermark ?? -1,
    voters: core.voters().map((voter) => describe(voter.id, voter.directoryId)),
    observers: [...progress]
      .filter(([id, one]) => !voterIds.has(id) && nowMs - one.lastFetchMs < OBSERVER_SESSION_MS)
      .sort(([a], [b]) => a - b)
      .map(([id, one]) => describe(id, one.directoryId)),
  };
}
