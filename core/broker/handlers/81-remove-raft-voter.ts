import { timedOutMessage } from '../../controller/messages.ts';
import { ErrorCode, removeRaftVoter } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** A voter is to leave the metadata quorum (KIP-853), at the active controller. */
export function removeRaftVoterHandler(services: ForwardingServices): Handler<typeof removeRaftVoter> {
  return {
    api: removeRaftVoter,
    async handle(request, context) {
      const response = await forward(services, removeRaftVoter, request, context, Number.POSITIVE_INFINITY);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
