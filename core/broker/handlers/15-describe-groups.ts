import type { GroupCoordinator } from '../../groups/index.ts';
import { type DescribeGroupsResponseDraft, describeGroups, type ElementOf, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { authorizedOperations } from './authorized-operations.ts';

type GroupDraft = ElementOf<DescribeGroupsResponseDraft['groups'] & object>;

/** From here on a group that does not exist is an error; before it is one that is dead (KIP-1043). */
const NOT_FOUND = 6;

/**
 * State and members of groups. v3 authorized operations · v4 instance ids · v5 flexible · v6 GROUP_ID_NOT_FOUND and an error
 * message.
 */
export function describeGroupsHandler(groups: GroupCoordinator): Handler<typeof describeGroups> {
  const describe = (groupId: string, version: number, operations: number | undefined): GroupDraft => {
    const { errorCode, group } = groups.describeGroup(groupId);
    if (errorCode !== ErrorCode.none) return { groupId, errorCode };
    if (group === null) {
      if (version < NOT_FOUND) return { groupId, groupState: 'Dead', authorizedOperations: operations };
      const errorMessage = `Group ${groupId} not found.`;
      return { groupId, groupState: 'Dead', errorCode: ErrorCode.groupIdNotFound, errorMessage };
    }
    return {
      groupId,
      groupState: group.state,
      protocolType: group.protocolType,
      protocolData: group.protocolName,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: member.metadata,
        memberAssignment: member.assignment,
      })),
      authorizedOperations: operations,
    };
  };
  return {
    api: describeGroups,
    handle(request, { version }) {
      const operations = request.includeAuthorizedOperations ? authorizedOperations.group : undefined;
      return { groups: request.groups.map((groupId) => describe(groupId, version, operations)) };
    },
  };
}
