import { timedOutMessage } from '../../controller/messages.ts';
import { ErrorCode, updateFeatures } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Finalizes feature levels (KIP-584), at the active controller. */
export function updateFeaturesHandler(services: ForwardingServices): Handler<typeof updateFeatures> {
  return {
    api: updateFeatures,
    async handle(request, context) {
      const response = await forward(services, updateFeatures, request, context, request.timeoutMs);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
