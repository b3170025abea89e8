import type { GroupCoordinator } from '../../groups/index.ts';
import { heartbeat } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** Keeps a member's session alive and tells it of a rebalance. v3 static members (KIP-345) · v4 flexible. */
export function heartbeatHandler(groups: GroupCoordinator): Handler<typeof heartbeat> {
  return {
    api: heartbeat,
    handle({ groupId, memberId, groupInstanceId, generationId }) {
      return { errorCode: groups.heartbeat(groupId, memberId, groupInstanceId, generationId) };
    },
  };
}
