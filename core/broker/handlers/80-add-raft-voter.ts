import { timedOutMessage } from '../../controller/messages.ts';
import { addRaftVoter, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** A controller is to vote in the metadata quorum (KIP-853), at the active controller. v1: answered once it is appended. */
export function addRaftVoterHandler(services: ForwardingServices): Handler<typeof addRaftVoter> {
  return {
    api: addRaftVoter,
    async handle(request, context) {
      const response = await forward(services, addRaftVoter, request, context, request.timeoutMs);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
