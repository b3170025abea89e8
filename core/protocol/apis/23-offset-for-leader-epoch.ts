import type { Draft, Message } from '../schema.ts';

export const offsetForLeaderEpoch = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  listeners: ['broker'],
  request: {
    name: 'OffsetForLeaderEpochRequest',
    versions: '2-4',
    flexible: '4+',
    fields: {
      replicaId: { type: 'int32', in: '3+', default: -2, ignorable: true },
      topics: {
        each: {
          topic: 'string',
          partitions: {
            each: {
              partition: 'int32',
              currentLeaderEpoch: { type: 'int32', default: -1, ignorable: true },
              leaderEpoch: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'OffsetForLeaderEpochResponse',
    versions: '2-4',
    flexible: '4+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      topics: {
        each: {
          topic: 'string',
          partitions: {
            each: {
              errorCode: 'int16',
              partition: 'int32',
              leaderEpoch: { type: 'int32', default: -1, ignorable: true },
              endOffset: { type: 'int64', default: -1 },
            },
          },
        },
      },
    },
  },
} as const;

export type OffsetForLeaderEpochRequest = Message<typeof offsetForLeaderEpoch.request>;
export type OffsetForLeaderEpochRequestDraft = Draft<typeof offsetForLeaderEpoch.request>;
export type OffsetForLeaderEpochResponse = Message<typeof offsetForLeaderEpoch.response>;
export type OffsetForLeaderEpochResponseDraft = Draft<typeof offsetForLeaderEpoch.response>;
