import { timedOutMessage } from '../../controller/messages.ts';
import { createPartitions, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Adds partitions to topics, at the active controller. */
export function createPartitionsHandler(services: ForwardingServices): Handler<typeof createPartitions> {
  return {
    api: createPartitions,
    async handle(request, context) {
      const response = await forward(services, createPartitions, request, context, request.timeoutMs);
      if (response !== null) return response;
      const errorCode = ErrorCode.requestTimedOut;
      return { results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage: timedOutMessage })) };
    },
  };
}
