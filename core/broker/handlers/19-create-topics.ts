import { timedOutMessage } from '../../controller/messages.ts';
import { createTopics, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Creates topics, at the active controller. v5: the effective configuration is answered (KIP-525); v7: topic ids. */
export function createTopicsHandler(services: ForwardingServices): Handler<typeof createTopics> {
  return {
    api: createTopics,
    async handle(request, context) {
      const response = await forward(services, createTopics, request, context, request.timeoutMs);
      if (response !== null) return response;
      return {
        topics: request.topics.map(({ name }) => ({
          name,
          errorCode: ErrorCode.requestTimedOut,
          errorMessage: timedOutMessage,
          configs: [],
        })),
      };
    },
  };
}
