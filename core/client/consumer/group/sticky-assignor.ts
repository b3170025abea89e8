import type { TopicPartition } from '../../by-leader.ts';
import type { Assignment, GroupMemberSubscription } from './assignors.ts';

interface Claimed extends TopicPartition {
  readonly key: string;
  /** Who holds it by right; null when nobody does, or two say so for the same generation (KAFKA-12984). */
  readonly claimant: string | null;
  /** Everybody who says so: it must be given up by them before another may have it. */
  readonly holders: readonly string[];
}

/**
 * Cooperative sticky (KIP-429): members keep what they have as far as balance allows; a partition that changes hands
 * is given to nobody in this round, and to its new owner in the next one, when the old one has let go of it.
 */
export function assignSticky(
  members: readonly GroupMemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignment {
  const byId = new Map(members.map((member) => [member.memberId, member]));
  const partitions = claimedPartitions(members, partitionCounts);
  const target: Map<string, Set<Claimed>> = new Map(members.map((member) => [member.memberId, new Set()]));
  const ownerOf = new Map<string, string>();
  const subscribers = new Map<string, string[]>();
  for (const topic of partitionCounts.keys()) {
    const ids = members.filter((member) => member.topics.includes(topic)).map((member) => member.memberId);
    subscribers.set(topic, ids);
  }
  const give = (partition: Claimed, memberId: string): void => {
    const before = ownerOf.get(partition.key);
    if (before !== undefined) target.get(before)!.delete(partition);
    target.get(memberId)!.add(partition);
    ownerOf.set(partition.key, memberId);
  };
  for (const partition of partitions) {
    const { claimant } = partition;
    if (claimant !== null && byId.get(claimant)!.topics.includes(partition.topic)) give(partition, claimant);
  }
  // Those with the fewest takers first: they have the least choice.
  const free = partitions.filter((partition) => !ownerOf.has(partition.key));
  free.sort((a, b) => subscribers.get(a.topic)!.length - subscribers.get(b.topic)!.length);
  for (const partition of free) {
    const least = leastLoaded(subscribers.get(partition.topic)!, target);
    if (least !== null) give(partition, least);
  }
  balance(partitions, subscribers, ownerOf, target, give);
  const assignment: Assignment = new Map();
  for (const { memberId } of members) {
    const own = [...target.get(memberId)!].filter(({ holders }) => holders.every((holder) => holder === memberId));
    assignment.set(
      memberId,
      own.sort(compare).map(({ topic, partition }) => ({ topic, partition })),
    );
  }
  return assignment;
}

/** Moves partitions from fuller to emptier members while that narrows the difference. Each move does: so it ends. */
function balance(
  partitions: readonly Claimed[],
  subscribers: ReadonlyMap<string, readonly string[]>,
  ownerOf: ReadonlyMap<string, string>,
  target: ReadonlyMap<string, ReadonlySet<Claimed>>,
  give: (partition: Claimed, memberId: string) => void,
): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const partition of partitions) {
      const owner = ownerOf.get(partition.key);
      const least = leastLoaded(subscribers.get(partition.topic)!, target);
      if (owner === undefined || least === null) continue;
      if (target.get(owner)!.size <= target.get(least)!.size + 1) continue;
      give(partition, least);
      moved = true;
    }
  }
}

/** The first of those with the fewest partitions; null when there are none. */
function leastLoaded(ids: readonly string[], target: ReadonlyMap<string, ReadonlySet<Claimed>>): string | null {
  let least: string | null = null;
  for (const id of ids) if (least === null || target.get(id)!.size < target.get(least)!.size) least = id;
  return least;
}

function claimedPartitions(
  members: readonly GroupMemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Claimed[] {
  const claims = new Map<string, GroupMemberSubscription[]>();
  for (const member of members) {
    for (const { topic, partition } of member.owned) {
      const key = `${topic} ${partition}`;
      const known = claims.get(key);
      if (known === undefined) claims.set(key, [member]);
      else known.push(member);
    }
  }
  const partitions: Claimed[] = [];
  for (const topic of [...partitionCounts.keys()].sort()) {
    for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
      const key = `${topic} ${partition}`;
      const holders = claims.get(key) ?? [];
      const newest = Math.max(...holders.map((holder) => holder.generation));
      const rightful = holders.filter((holder) => holder.generation === newest);
      const claimant = rightful.length === 1 ? rightful[0]!.memberId : null;
      // Who claims by an older generation has lost it already, and has been told so by its own rejoin.
      partitions.push({ topic, partition, key, claimant, holders: rightful.map((holder) => holder.memberId) });
    }
  }
  return partitions;
}

function compare(a: Claimed, b: Claimed): number {
  return a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition;
}
