import type { Draft, Message } from '../schema.ts';

export const endTxn = {
  key: 26,
  name: 'EndTxn',
  listeners: ['broker'],
  request: {
    name: 'EndTxnRequest',
    versions: '0-5',
    flexible: '3+',
    fields: {
      transactionalId: 'string',
      producerId: 'int64',
      producerEpoch: 'int16',
      committed: 'bool',
    },
  },
  response: {
    name: 'EndTxnResponse',
    versions: '0-5',
    flexible: '3+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      producerId: { type: 'int64', in: '5+', default: -1, ignorable: true },
      producerEpoch: { type: 'int16', in: '5+', default: -1, ignorable: true },
    },
  },
} as const;

export type EndTxnRequest = Message<typeof endTxn.request>;
export type EndTxnRequestDraft = Draft<typeof endTxn.request>;
export type EndTxnResponse = Message<typeof endTxn.response>;
export type EndTxnResponseDraft = Draft<typeof endTxn.response>;
