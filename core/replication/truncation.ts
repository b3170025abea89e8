import type { Log } from '../log/index.ts';

/**
 * Where a follower cuts its log when its leader says that `epoch`, the newest that it has at or below the follower's, ends
 * at `endOffset` (KIP-101, KIP-279, KIP-595). What the follower has of later epochs the leader never had; beyond
 * `endOffset` the leader has later epochs only. The next fetch shows whether older epochs differ too.
 */
export function truncationOffset(log: Log, leader: { readonly epoch: number; readonly endOffset: number }): number {
  if (leader.endOffset < 0) return log.highWatermark;
  if (leader.epoch < 0) return Math.min(leader.endOffset, log.logEndOffset);
  const own = log.endOffsetForEpoch(leader.epoch);
  if (own.leaderEpoch < 0 || own.endOffset < 0) return Math.min(leader.endOffset, log.logEndOffset);
  return Math.min(own.endOffset, leader.endOffset, log.logEndOffset);
}
