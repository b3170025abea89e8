import { heartbeat, leaveGroup } from '../../../protocol/index.ts';
import type { Coordinator } from '../../coordinator.ts';
import type { CommitIdentity } from './commits.ts';

/** Versions from which static members (KIP-345) and members by the list are known. */
const FIRST_WITH_INSTANCE_ID = 3;
const FIRST_LEAVE_OF_MANY = 3;

/** The error code of the answer. Rejects with ChannelError or ClientError. */
export async function sendHeartbeat(coordinator: Coordinator, who: CommitIdentity, timeoutMs: number): Promise<number> {
  const { memberId, generation, instanceId } = who;
  const response = await coordinator.request(
    heartbeat,
    (version) => ({
      groupId: coordinator.groupId,
      generationId: generation,
      memberId,
      ...(version >= FIRST_WITH_INSTANCE_ID || instanceId !== null ? { groupInstanceId: instanceId } : {}),
    }),
    timeoutMs,
  );
  return response.errorCode;
}

/** What the answer says does not matter: either way the member is gone. Rejects with ChannelError or ClientError. */
export async function sendLeave(
  coordinator: Coordinator,
  memberId: string,
  timeoutMs: number,
  reason: string,
): Promise<void> {
  await coordinator.request(
    leaveGroup,
    (version) => ({
      groupId: coordinator.groupId,
      ...(version >= FIRST_LEAVE_OF_MANY ? { members: [{ memberId, reason }] } : { memberId }),
    }),
    timeoutMs,
  );
}
