import { timedOutMessage } from '../../controller/messages.ts';
import { ErrorCode, unregisterBroker } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Removes a broker that is gone for good, at the active controller. */
export function unregisterBrokerHandler(services: ForwardingServices): Handler<typeof unregisterBroker> {
  return {
    api: unregisterBroker,
    async handle(request, context) {
      const response = await forward(services, unregisterBroker, request, context, Number.POSITIVE_INFINITY);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
