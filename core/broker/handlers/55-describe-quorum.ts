import { timedOutMessage } from '../../controller/messages.ts';
import { describeQuorum, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** The metadata quorum as its leader sees it. v1: fetch times (KIP-836); v2: directories and endpoints (KIP-853). */
export function describeQuorumHandler(services: ForwardingServices): Handler<typeof describeQuorum> {
  return {
    api: describeQuorum,
    async handle(request, context) {
      const response = await forward(services, describeQuorum, request, context, Number.POSITIVE_INFINITY);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
