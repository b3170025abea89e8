import type { Draft, Message } from '../schema.ts';

export const allocateProducerIds = {
  key: 67,
  name: 'AllocateProducerIds',
  listeners: ['controller'],
  request: {
    name: 'AllocateProducerIdsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
      brokerEpoch: { type: 'int64', default: -1 },
    },
  },
  response: {
    name: 'AllocateProducerIdsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      producerIdStart: 'int64',
      producerIdLen: 'int32',
    },
  },
} as const;

export type AllocateProducerIdsRequest = Message<typeof allocateProducerIds.request>;
export type AllocateProducerIdsRequestDraft = Draft<typeof allocateProducerIds.request>;
export type AllocateProducerIdsResponse = Message<typeof allocateProducerIds.response>;
export type AllocateProducerIdsResponseDraft = Draft<typeof allocateProducerIds.response>;
