import { timedOutMessage } from '../../controller/messages.ts';
import { alterPartitionReassignments, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Moves partitions to other brokers (KIP-455), at the active controller. */
export function alterPartitionReassignmentsHandler(
  services: ForwardingServices,
): Handler<typeof alterPartitionReassignments> {
  return {
    api: alterPartitionReassignments,
    async handle(request, context) {
      const response = await forward(services, alterPartitionReassignments, request, context, request.timeoutMs);
      return response ?? { errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage };
    },
  };
}
