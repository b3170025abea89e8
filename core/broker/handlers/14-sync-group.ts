import type { GroupCoordinator } from '../../groups/index.ts';
import { ErrorCode, syncGroup } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** From here on members say which protocol they believe to be chosen (KIP-559). */
const PROTOCOL = 5;

/**
 * Brings the leader's assignment to the members: answered when the leader has sent it and it is in the log.
 *
 * v3 static members (KIP-345) · v4 flexible · v5 protocol type and name.
 */
export function syncGroupHandler(groups: GroupCoordinator): Handler<typeof syncGroup> {
  return {
    api: syncGroup,
    handle(request, { version }) {
      if (version >= PROTOCOL && (request.protocolType === null || request.protocolName === null)) {
        return { errorCode: ErrorCode.inconsistentGroupProtocol };
      }
      return groups.syncGroup(request.groupId, {
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generationId: request.generationId,
        protocolType: request.protocolType,
        protocolName: request.protocolName,
        // Views of the frame, which is let go: a group outlives it.
        assignments: request.assignments.map(({ memberId, assignment }) => ({
          memberId,
          assignment: assignment.slice(),
        })),
      });
    },
  };
}
