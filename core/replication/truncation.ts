import type { Log } from '../log/index.ts';

/**
 * Where a follower cuts its log when its leader says that its own log holds `epoch` up to `endOffset` and nothing newer
 * that this follower has (KIP-101, KIP-279, KIP-595). Where the follower does not know that epoch it cuts back to the last
 * one that it does know below it, and the next fetch shows whether that was enough.
 */
export function truncationOffset(log: Log, leader: { readonly epoch: number; readonly endOffset: number }): number {
  if (leader.endOffset < 0) return log.highWatermark;
  if (leader.epoch < 0) return Math.min(leader.endOffset, log.logEndOffset);
  const own = log.endOffsetForEpoch(leader.epoch);
  if (own.leaderEpoch < 0 || own.endOffset < 0) return Math.min(leader.endOffset, log.logEndOffset);
  if (own.leaderEpoch !== leader.epoch) return Math.min(own.endOffset, log.logEndOffset);
  return Math.min(own.endOffset, leader.endOffset, log.logEndOffset);
}
