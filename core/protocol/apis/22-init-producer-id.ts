import type { Draft, Message } from '../schema.ts';

export const initProducerId = {
  key: 22,
  name: 'InitProducerId',
  listeners: ['broker'],
  latestVersionUnstable: true,
  request: {
    name: 'InitProducerIdRequest',
    versions: '0-6',
    flexible: '2+',
    fields: {
      transactionalId: { type: 'string', nullable: '0+' },
      transactionTimeoutMs: 'int32',
      producerId: { type: 'int64', in: '3+', default: -1 },
      producerEpoch: { type: 'int16', in: '3+', default: -1 },
      enable2Pc: { type: 'bool', in: '6+' },
      keepPreparedTxn: { type: 'bool', in: '6+' },
    },
  },
  response: {
    name: 'InitProducerIdResponse',
    versions: '0-6',
    flexible: '2+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      errorCode: 'int16',
      producerId: { type: 'int64', default: -1 },
      producerEpoch: 'int16',
      ongoingTxnProducerId: { type: 'int64', in: '6+', default: -1 },
      ongoingTxnProducerEpoch: { type: 'int16', in: '6+', default: -1 },
    },
  },
} as const;

export type InitProducerIdRequest = Message<typeof initProducerId.request>;
export type InitProducerIdRequestDraft = Draft<typeof initProducerId.request>;
export type InitProducerIdResponse = Message<typeof initProducerId.response>;
export type InitProducerIdResponseDraft = Draft<typeof initProducerId.response>;
