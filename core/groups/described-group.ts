import type { ClassicGroup } from './classic-group.ts';
import type { DescribedGroup } from './requests.ts';

/** What a group tells of itself: of its protocol and its members' only while it is stable. */
export function describedGroup(group: ClassicGroup): DescribedGroup {
  const stable = group.state === 'Stable';
  return {
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocolName: stable ? (group.protocolName ?? '') : '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: stable ? group.metadataOf(member) : new Uint8Array(0),
      assignment: stable ? member.assignment : new Uint8Array(0),
    })),
  };
}
