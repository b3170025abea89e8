import type { Draft, Message } from '../schema.ts';

export const addOffsetsToTxn = {
  key: 25,
  name: 'AddOffsetsToTxn',
  listeners: ['broker'],
  request: {
    name: 'AddOffsetsToTxnRequest',
    versions: '0-4',
    flexible: '3+',
    fields: {
      transactionalId: 'string',
      producerId: 'int64',
      producerEpoch: 'int16',
      groupId: 'string',
    },
  },
  response: {
    name: 'AddOffsetsToTxnResponse',
    versions: '0-4',
    flexible: '3+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
    },
  },
} as const;

export type AddOffsetsToTxnRequest = Message<typeof addOffsetsToTxn.request>;
export type AddOffsetsToTxnRequestDraft = Draft<typeof addOffsetsToTxn.request>;
export type AddOffsetsToTxnResponse = Message<typeof addOffsetsToTxn.response>;
export type AddOffsetsToTxnResponseDraft = Draft<typeof addOffsetsToTxn.response>;
