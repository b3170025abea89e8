import type { PartitionImage } from '../controller/image.ts';

/** What the leader knows of one follower, from its fetches in this leader epoch. */
export interface FollowerProgress {
  readonly replicaId: number;
  /** Where its log ends, -1 before its first fetch. */
  endOffset: number;
  logStartOffset: number;
  /** Broker epoch that its last fetch carried, -1 unknown (KIP-903). */
  brokerEpoch: number;
  /** The last time its log ended where the leader's did, on the monotonic clock. */
  caughtUpNs: number;
  lastFetchNs: number;
  /** The leader's log end at its last fetch: reaching it with the next means that it keeps up. */
  leaderEndAtLastFetch: number;
}

/** A change of the in-sync replicas that was proposed to the controller and is not answered yet. */
export type IsrChange =
  | { readonly kind: 'expand'; readonly replicaId: number; readonly proposed: readonly number[] }
  | { readonly kind: 'shrink'; readonly removed: readonly number[]; readonly proposed: readonly number[] };

/**
 * A replica in the role of the leader, for one leader epoch. Committed ISR: what the controller has decided. Maximal
 * ISR: committed and proposed, whoever counts in either; the high watermark honours all of them, because the
 * controller may already have decided for the proposal (KIP-497).
 */
export class LeaderState {
  readonly kind = 'leader';
  readonly epoch: number;
  /** Where this leader's own epoch begins: a follower joins the ISR only beyond it. */
  readonly epochStartOffset: number;
  readonly followers: ReadonlyMap<number, FollowerProgress>;
  replicas: readonly number[];
  isr: readonly number[];
  partitionEpoch: number;
  change: IsrChange | null = null;

  constructor(image: PartitionImage, nodeId: number, epochStartOffset: number, nowNs: number) {
    this.epoch = image.leaderEpoch;
    this.epochStartOffset = epochStartOffset;
    this.replicas = image.replicas;
    this.isr = image.isr;
    this.partitionEpoch = image.partitionEpoch;
    this.followers = followersOf(image, nodeId, new Map(), nowNs);
    this.#nodeId = nodeId;
  }
  readonly #nodeId: number;

  /** The controller's newer view of the same leader epoch. */
  update(image: PartitionImage, nowNs: number): void {
    this.replicas = image.replicas;
    this.isr = image.isr;
    this.partitionEpoch = image.partitionEpoch;
    this.change = null;
    const followers = this.followers as Map<number, FollowerProgress>;
    const kept = followersOf(image, this.#nodeId, followers, nowNs);
    followers.clear();
    for (const [id, follower] of kept) followers.set(id, follower);
  }

  inMaximalIsr(replicaId: number): boolean {
    if (this.isr.includes(replicaId)) return true;
    return this.change?.kind === 'expand' && this.change.replicaId === replicaId;
  }

  /** min.insync.replicas above the number of replicas counts as that number. */
  belowMinIsr(minInsyncReplicas: number): boolean {
    return this.isr.length < Math.min(minInsyncReplicas, this.replicas.length);
  }

  /**
   * Takes what a follower's fetch tells: it has everything below `fetchOffset`. Returns false for a replica that is
   * none of this partition's.
   */
  fetched(
    replicaId: number,
    fetchOffset: number,
    followerLogStart: number,
    brokerEpoch: number,
    leaderEnd: number,
    nowNs: number,
  ): boolean {
    const follower = this.followers.get(replicaId);
    if (follower === undefined) return false;
    if (fetchOffset >= leaderEnd) follower.caughtUpNs = nowNs;
    else if (fetchOffset >= follower.leaderEndAtLastFetch && follower.lastFetchNs > follower.caughtUpNs) {
      follower.caughtUpNs = follower.lastFetchNs;
    }
    follower.endOffset = fetchOffset;
    follower.logStartOffset = followerLogStart;
    follower.brokerEpoch = brokerEpoch;
    follower.lastFetchNs = nowNs;
    follower.leaderEndAtLastFetch = leaderEnd;
    return true;
  }

  /** Followers of the ISR that have not been at the log's end for `lagMaxMs`. */
  laggards(leaderEnd: number, lagMaxMs: number, nowNs: number): number[] {
    const removed: number[] = [];
    for (const id of this.isr) {
      const follower = this.followers.get(id);
      if (follower === undefined || follower.endOffset === leaderEnd) continue;
      if (nowNs - follower.caughtUpNs > lagMaxMs * 1e6) removed.push(id);
    }
    return removed;
  }

  /**
   * How far the log may be shown: what the leader holds (`ownOffset`) and every member of the maximal ISR has. A
   * replica that has caught up and only waits for its place in the ISR holds it back too, or it would never get there.
   */
  committedOffset(
    ownOffset: number,
    leaderEnd: number,
    lagMaxMs: number,
    nowNs: number,
    mayJoin: (replicaId: number, brokerEpoch: number) => boolean,
  ): number {
    let committed = ownOffset;
    for (const follower of this.followers.values()) {
      if (follower.endOffset >= committed) continue;
      const counts =
        this.inMaximalIsr(follower.replicaId) ||
        ((follower.endOffset === leaderEnd || nowNs - follower.caughtUpNs <= lagMaxMs * 1e6) &&
          follower.endOffset >= 0 &&
          mayJoin(follower.replicaId, follower.brokerEpoch));
      if (counts) committed = Math.max(follower.endOffset, 0);
    }
    return committed;
  }
}

function followersOf(
  image: PartitionImage,
  nodeId: number,
  known: ReadonlyMap<number, FollowerProgress>,
  nowNs: number,
): Map<number, FollowerProgress> {
  const followers = new Map<number, FollowerProgress>();
  for (const replicaId of image.replicas) {
    if (replicaId === nodeId) continue;
    const follower = known.get(replicaId) ?? {
      replicaId,
      endOffset: -1,
      logStartOffset: -1,
      brokerEpoch: -1,
      // A new leader gives the ISR that it found one full lag time before it may shrink it.
      caughtUpNs: image.isr.includes(replicaId) ? nowNs : Number.NEGATIVE_INFINITY,
      lastFetchNs: Number.NEGATIVE_INFINITY,
      leaderEndAtLastFetch: -1,
    };
    followers.set(replicaId, follower);
  }
  return followers;
}
