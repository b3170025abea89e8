import type { MetadataImage } from '../controller/image.ts';
import type { Partition } from '../replication/index.ts';

/** Kafka's selector by rack; no other class can be named, and without one consumers read from leaders. */
const RACK_AWARE = /(^|\.)RackAwareReplicaSelector$/;

export function selectsByRack(selectorClass: string | null): boolean {
  return selectorClass !== null && RACK_AWARE.test(selectorClass);
}

/**
 * KIP-392: the in-sync replica in the consumer's rack that has what it asks for, the one furthest ahead first; null when
 * the leader is in that rack itself, or nobody is. A replica outside the ISR, or one that does not hold the offset yet, would
 * only send the consumer back.
 */
export function preferredReplica(
  partition: Partition,
  image: MetadataImage,
  rackId: string,
  fetchOffset: number,
): number | null {
  const { leader } = partition;
  if (rackId === '' || leader === null || image.brokers.get(partition.host.nodeId)?.rack === rackId) return null;
  let best: { readonly replicaId: number; readonly endOffset: number } | null = null;
  for (const follower of leader.followers.values()) {
    const broker = image.brokers.get(follower.replicaId);
    if (broker === undefined || broker.fenced || broker.rack !== rackId) continue;
    if (!leader.isr.includes(follower.replicaId)) continue;
    if (fetchOffset < follower.logStartOffset || fetchOffset > follower.endOffset) continue;
    if (best === null || follower.endOffset > best.endOffset) best = follower;
  }
  return best?.replicaId ?? null;
}
