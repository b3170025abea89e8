import { allocateProducerIds, ErrorCode, metadataRecord, producerIdsRecord } from '../../protocol/index.ts';
import type { Operation } from '../operation.ts';

/** Producer ids are handed to brokers in blocks of this many (KIP-730). */
const BLOCK_SIZE = 1000;

export const allocateProducerIdsOperation: Operation<typeof allocateProducerIds> = {
  api: allocateProducerIds,
  run(context, request) {
    const broker = context.image.brokers.get(request.brokerId);
    if (broker === undefined) return { records: [], response: { errorCode: ErrorCode.brokerIdNotRegistered } };
    if (broker.epoch !== request.brokerEpoch)
      return { records: [], response: { errorCode: ErrorCode.staleBrokerEpoch } };
    const producerIdStart = context.faults.repeatProducerIds === true ? 0 : context.image.nextProducerId;
    if (producerIdStart > Number.MAX_SAFE_INTEGER - BLOCK_SIZE) {
      return { records: [], response: { errorCode: ErrorCode.unknownServerError } };
    }
    return {
      records: [
        metadataRecord(producerIdsRecord, 0, {
          brokerId: broker.id,
          brokerEpoch: broker.epoch,
          nextProducerId: producerIdStart + BLOCK_SIZE,
        }),
      ],
      response: { errorCode: ErrorCode.none, producerIdStart, producerIdLen: BLOCK_SIZE },
    };
  },
};
