import type { GroupFaults } from './faults.ts';
import type { CommittedOffset } from './group-offsets.ts';
import type { TopicPartition } from './requests.ts';
import type { HostedGroup } from './shard.ts';

/**
 * What of a group's offsets is no longer kept (KIP-211). A group without members keeps them since its last member left; a
 * consumer group with members since the last commit, and only for topics that nobody subscribes to; offsets of no
 * group since they were committed; every other group with members keeps them all.
 */
export function expiredOffsets(
  { group, offsets }: Pick<HostedGroup, 'group' | 'offsets'>,
  wallMs: number,
  retentionMs: number,
  faults: GroupFaults = {},
): { readonly expired: readonly TopicPartition[]; readonly nothingLeft: boolean } {
  const since = keptSince(group, faults);
  if (since === null) return { expired: [], nothingLeft: false };
  const expired: TopicPartition[] = [];
  let kept = 0;
  for (const { topic, partition, committed } of offsets.entries()) {
    const expiresMs = committed.expireWallMs ?? since(topic, committed) + retentionMs;
    if (wallMs >= expiresMs && !offsets.isUnstable(topic, partition)) expired.push({ topic, partition });
    else kept++;
  }
  const nothingLeft = kept === 0 && !offsets.hasPending && group.state === 'Empty' && group.pendingMembers.size === 0;
  return { expired, nothingLeft };
}

function keptSince(
  group: HostedGroup['group'],
  faults: GroupFaults,
): ((topic: string, committed: CommittedOffset) => number) | null {
  const committedAt = (_topic: string, { commitWallMs }: CommittedOffset): number => commitWallMs;
  if (group.protocolType === null || faults.expireUnstableGroups === true) return committedAt;
  if (group.state === 'Empty') {
    return (_topic, { commitWallMs }) => group.stateChangedWallMs ?? commitWallMs;
  }
  const subscribed = group.state === 'Stable' ? group.subscribedTopics() : null;
  if (subscribed === null) return null;
  return (topic, { commitWallMs }) => (subscribed.has(topic) ? Number.POSITIVE_INFINITY : commitWallMs);
}
