import type { Draft, Message } from '../schema.ts';

export const writeTxnMarkers = {
  key: 27,
  name: 'WriteTxnMarkers',
  listeners: ['broker'],
  request: {
    name: 'WriteTxnMarkersRequest',
    versions: '1-2',
    flexible: '1+',
    fields: {
      markers: {
        each: {
          producerId: 'int64',
          producerEpoch: 'int16',
          transactionResult: 'bool',
          topics: {
            each: {
              name: 'string',
              partitionIndexes: { each: 'int32' },
            },
          },
          coordinatorEpoch: 'int32',
          transactionVersion: { type: 'int8', in: '2+', ignorable: true },
        },
      },
    },
  },
  response: {
    name: 'WriteTxnMarkersResponse',
    versions: '1-2',
    flexible: '1+',
    fields: {
      markers: {
        each: {
          producerId: 'int64',
          topics: {
            each: {
              name: 'string',
              partitions: {
                each: {
                  partitionIndex: 'int32',
                  errorCode: 'int16',
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

export type WriteTxnMarkersRequest = Message<typeof writeTxnMarkers.request>;
export type WriteTxnMarkersRequestDraft = Draft<typeof writeTxnMarkers.request>;
export type WriteTxnMarkersResponse = Message<typeof writeTxnMarkers.response>;
export type WriteTxnMarkersResponseDraft = Draft<typeof writeTxnMarkers.response>;
