import type { TopicPartition } from '../../by-leader.ts';
import type { AssignorName } from '../config.ts';
import { assignSticky } from './sticky-assignor.ts';

/** What a member told when it joined. */
export interface GroupMemberSubscription {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** What it held when it joined, and since which generation; -1 unknown (KIP-429). */
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
}

/** Partitions by member id. Every member has an entry. */
export type Assignment = Map<string, TopicPartition[]>;

/**
 * What the leader of a group decides. A function of its input alone, whatever the order of the members.
 * `partitionCounts`: of the topics that exist; others are left out.
 */
export function assign(
  assignor: AssignorName,
  members: readonly GroupMemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignment {
  const sorted = [...members].sort(compareMembers);
  if (assignor === 'range') return assignRange(sorted, partitionCounts);
  if (assignor === 'roundrobin') return assignRoundRobin(sorted, partitionCounts);
  return assignSticky(sorted, partitionCounts);
}

/** As Java's MemberInfo: static members first, by instance id; the others by member id. */
function compareMembers(a: GroupMemberSubscription, b: GroupMemberSubscription): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compare(a.memberId, b.memberId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Per topic, a run of neighbouring partitions each; the first members get one more where it does not divide. */
function assignRange(
  members: readonly GroupMemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignment {
  const assignment: Assignment = new Map(members.map((member) => [member.memberId, []]));
  for (const topic of [...partitionCounts.keys()].sort()) {
    const subscribed = members.filter((member) => member.topics.includes(topic));
    if (subscribed.length === 0) continue;
    const count = partitionCounts.get(topic)!;
    const each = Math.floor(count / subscribed.length);
    const more = count % subscribed.length;
    let partition = 0;
    for (let index = 0; index < subscribed.length; index++) {
      const end = partition + each + (index < more ? 1 : 0);
      const own = assignment.get(subscribed[index]!.memberId)!;
      for (; partition < end; partition++) own.push({ topic, partition });
    }
  }
  return assignment;
}

/** All partitions in order, dealt like cards; a member that is not subscribed to the topic is passed over. */
function assignRoundRobin(
  members: readonly GroupMemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignment {
  const assignment: Assignment = new Map(members.map((member) => [member.memberId, []]));
  let turn = 0;
  for (const topic of [...partitionCounts.keys()].sort()) {
    if (!members.some((member) => member.topics.includes(topic))) continue;
    for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
      while (!members[turn % members.length]!.topics.includes(topic)) turn++;
      assignment.get(members[turn % members.length]!.memberId)!.push({ topic, partition });
      turn++;
    }
  }
  return assignment;
}
