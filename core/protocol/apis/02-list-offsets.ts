import type { Draft, Message } from '../schema.ts';

export const listOffsets = {
  key: 2,
  name: 'ListOffsets',
  listeners: ['broker'],
  request: {
    name: 'ListOffsetsRequest',
    versions: '1-11',
    flexible: '6+',
    fields: {
      replicaId: 'int32',
      isolationLevel: { type: 'int8', in: '2+' },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              currentLeaderEpoch: { type: 'int32', in: '4+', default: -1, ignorable: true },
              timestamp: 'int64',
            },
          },
        },
      },
      timeoutMs: { type: 'int32', in: '10+', ignorable: true },
    },
  },
  response: {
    name: 'ListOffsetsResponse',
    versions: '1-11',
    flexible: '6+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '2+', ignorable: true },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              timestamp: { type: 'int64', default: -1 },
              offset: { type: 'int64', default: -1 },
              leaderEpoch: { type: 'int32', in: '4+', default: -1 },
            },
          },
        },
      },
    },
  },
} as const;

export type ListOffsetsRequest = Message<typeof listOffsets.request>;
export type ListOffsetsRequestDraft = Draft<typeof listOffsets.request>;
export type ListOffsetsResponse = Message<typeof listOffsets.response>;
export type ListOffsetsResponseDraft = Draft<typeof listOffsets.response>;
