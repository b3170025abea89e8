import { timedOutMessage } from '../../controller/messages.ts';
import { deleteTopics, ErrorCode, ZERO_UUID } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Deletes topics, at the active controller. v6: by topic id too (KIP-516). */
export function deleteTopicsHandler(services: ForwardingServices): Handler<typeof deleteTopics> {
  return {
    api: deleteTopics,
    async handle(request, context) {
      const response = await forward(services, deleteTopics, request, context, request.timeoutMs);
      if (response !== null) return response;
      const asked =
        context.version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
      return {
        responses: asked.map(({ name, topicId }) => ({
          name,
          topicId,
          errorCode: ErrorCode.requestTimedOut,
          errorMessage: timedOutMessage,
        })),
      };
    },
  };
}
