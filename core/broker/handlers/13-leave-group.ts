import type { GroupCoordinator } from '../../groups/index.ts';
import { ErrorCode, leaveGroup } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** From here on several members may be removed at once, each with an error of its own. */
const BATCHED = 3;

/** Takes members out of a group. v3 several, also by instance id (KIP-345) · v4 flexible · v5 the reason (KIP-800). */
export function leaveGroupHandler(groups: GroupCoordinator): Handler<typeof leaveGroup> {
  return {
    api: leaveGroup,
    handle(request, { version }) {
      const leaving =
        version < BATCHED
          ? [{ memberId: request.memberId, instanceId: null }]
          : request.members.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId }));
      const { errorCode, members } = groups.leaveGroup(request.groupId, leaving);
      if (errorCode === ErrorCode.unknownMemberId && version >= BATCHED) {
        // Of a group that nobody knows everybody is an unknown member.
        return {
          members: leaving.map((each) => ({ memberId: each.memberId, groupInstanceId: each.instanceId, errorCode })),
        };
      }
      if (version < BATCHED) return { errorCode: errorCode || (members[0]?.errorCode ?? ErrorCode.none) };
      return {
        errorCode,
        members: members.map((each) => ({
          memberId: each.memberId,
          groupInstanceId: each.instanceId,
          errorCode: each.errorCode,
        })),
      };
    },
  };
}
