import type { Draft, Message } from '../schema.ts';

export const describeProducers = {
  key: 61,
  name: 'DescribeProducers',
  listeners: ['broker'],
  request: {
    name: 'DescribeProducersRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      topics: {
        each: {
          name: 'string',
          partitionIndexes: { each: 'int32' },
        },
      },
    },
  },
  response: {
    name: 'DescribeProducersResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+', default: null },
              activeProducers: {
                each: {
                  producerId: 'int64',
                  producerEpoch: 'int32',
                  lastSequence: { type: 'int32', default: -1 },
                  lastTimestamp: { type: 'int64', default: -1 },
                  coordinatorEpoch: 'int32',
                  currentTxnStartOffset: { type: 'int64', default: -1 },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

export type DescribeProducersRequest = Message<typeof describeProducers.request>;
export type DescribeProducersRequestDraft = Draft<typeof describeProducers.request>;
export type DescribeProducersResponse = Message<typeof describeProducers.response>;
export type DescribeProducersResponseDraft = Draft<typeof describeProducers.response>;
