import type { GroupCoordinator } from '../../groups/index.ts';
import { joinGroup } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** Before this version the session timeout is also how long a rebalance waits. */
const REBALANCE_TIMEOUT = 1;
/** From here on a new member is sent back with an id first (KIP-394). */
const KNOWN_MEMBER_ID = 4;
/** From here on no protocol is null, before it ''. */
const NULL_PROTOCOL = 7;
/** From here on a returning static leader may be told that its assignment stands (KIP-814). */
const SKIP_ASSIGNMENT = 9;

/**
 * Makes a client a member of a group, in its next generation: answered when all have joined, or when time is up.
 *
 * v1 rebalance timeout · v4 MEMBER_ID_REQUIRED · v5 static members (KIP-345) · v6 flexible · v7 protocol type · v8 the
 * reason (KIP-800) · v9 skipAssignment.
 */
export function joinGroupHandler(groups: GroupCoordinator): Handler<typeof joinGroup> {
  return {
    api: joinGroup,
    async handle(request, { version, clientId, clientHost }) {
      const { sessionTimeoutMs } = request;
      const reply = await groups.joinGroup(request.groupId, {
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        clientId: clientId ?? '',
        clientHost,
        sessionTimeoutMs,
        rebalanceTimeoutMs: version < REBALANCE_TIMEOUT ? sessionTimeoutMs : request.rebalanceTimeoutMs,
        protocolType: request.protocolType,
        // Views of the frame, which is let go: a group outlives it.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
        requiresKnownMemberId: version >= KNOWN_MEMBER_ID,
        canSkipAssignment: version >= SKIP_ASSIGNMENT,
      });
      return { ...reply, protocolName: reply.protocolName ?? (version < NULL_PROTOCOL ? '' : null) };
    },
  };
}
