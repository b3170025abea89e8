import { timedOutMessage } from '../../controller/messages.ts';
import { ErrorCode, electLeaders } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Elects leaders on request (KIP-183), at the active controller. v1: unclean elections too (KIP-460). */
export function electLeadersHandler(services: ForwardingServices): Handler<typeof electLeaders> {
  return {
    api: electLeaders,
    async handle(request, context) {
      const response = await forward(services, electLeaders, request, context, request.timeoutMs);
      if (response !== null) return response;
      const errorCode = ErrorCode.requestTimedOut;
      const replicaElectionResults = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage: timedOutMessage })),
      }));
      // v0 has no place at the top: each partition says it.
      return context.version === 0 ? { replicaElectionResults } : { errorCode, replicaElectionResults };
    },
  };
}
