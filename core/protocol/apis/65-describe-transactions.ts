import type { Draft, Message } from '../schema.ts';

export const describeTransactions = {
  key: 65,
  name: 'DescribeTransactions',
  listeners: ['broker'],
  request: {
    name: 'DescribeTransactionsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      transactionalIds: { each: 'string' },
    },
  },
  response: {
    name: 'DescribeTransactionsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      transactionStates: {
        each: {
          errorCode: 'int16',
          transactionalId: 'string',
          transactionState: 'string',
          transactionTimeoutMs: 'int32',
          transactionStartTimeMs: 'int64',
          producerId: 'int64',
          producerEpoch: 'int16',
          topics: {
            each: {
              topic: 'string',
              partitions: { each: 'int32' },
            },
          },
        },
      },
    },
  },
} as const;

export type DescribeTransactionsRequest = Message<typeof describeTransactions.request>;
export type DescribeTransactionsRequestDraft = Draft<typeof describeTransactions.request>;
export type DescribeTransactionsResponse = Message<typeof describeTransactions.response>;
export type DescribeTransactionsResponseDraft = Draft<typeof describeTransactions.response>;
