import type { Draft, Message } from '../schema.ts';

export const listTransactions = {
  key: 66,
  name: 'ListTransactions',
  listeners: ['broker'],
  request: {
    name: 'ListTransactionsRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      stateFilters: { each: 'string' },
      producerIdFilters: { each: 'int64' },
      durationFilter: { type: 'int64', in: '1+', default: -1 },
      transactionalIdPattern: { type: 'string', in: '2+', nullable: '2+', default: null },
    },
  },
  response: {
    name: 'ListTransactionsResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      unknownStateFilters: { each: 'string' },
      transactionStates: {
        each: {
          transactionalId: 'string',
          producerId: 'int64',
          transactionState: 'string',
        },
      },
    },
  },
} as const;

export type ListTransactionsRequest = Message<typeof listTransactions.request>;
export type ListTransactionsRequestDraft = Draft<typeof listTransactions.request>;
export type ListTransactionsResponse = Message<typeof listTransactions.response>;
export type ListTransactionsResponseDraft = Draft<typeof listTransactions.response>;
