import { ErrorCode, type InitProducerIdResponseDraft, initProducerId } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { ProducerIds } from '../producer-ids.ts';

/** Longer than a block takes to arrive, shorter than clients wait for a response. */
const WAIT_MS_MAX = 10_000;

/**
 * InitProducerId for idempotent producers: a producer id that nobody had before, epoch 0. What the client says of an older
 * id does not matter without a transactional id.
 *
 * v2 flexible · v3 the producer's present id and epoch (KIP-360) · v4 PRODUCER_FENCED · v5 TRANSACTION_ABORTABLE · v6 two-phase
 * commit (not served).
 */
export function initProducerIdHandler(producerIds: ProducerIds): Handler<typeof initProducerId> {
  return {
    api: initProducerId,
    handle(request) {
      if (request.transactionalId !== null) {
        return refused(request.transactionalId === '' ? ErrorCode.invalidRequest : ErrorCode.unsupportedVersion);
      }
      const producerId = producerIds.take();
      if (producerId !== null) return granted(producerId);
      return producerIds
        .wait(WAIT_MS_MAX)
        .then((id) => (id === null ? refused(ErrorCode.coordinatorLoadInProgress) : granted(id)));
    },
  };
}

function granted(producerId: number): InitProducerIdResponseDraft {
  return { errorCode: ErrorCode.none, producerId, producerEpoch: 0 };
}

function refused(errorCode: number): InitProducerIdResponseDraft {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
