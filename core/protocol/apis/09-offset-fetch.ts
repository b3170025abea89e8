import type { Draft, Message } from '../schema.ts';

export const offsetFetch = {
  key: 9,
  name: 'OffsetFetch',
  listeners: ['broker'],
  request: {
    name: 'OffsetFetchRequest',
    versions: '1-10',
    flexible: '6+',
    fields: {
      groupId: { type: 'string', in: '0-7' },
      topics: {
        each: {
          name: { type: 'string', in: '0-7' },
          partitionIndexes: { each: 'int32', in: '0-7' },
        },
        in: '0-7',
        nullable: '2-7',
      },
      groups: {
        each: {
          groupId: { type: 'string', in: '8+' },
          memberId: { type: 'string', in: '9+', nullable: '9+', default: null, ignorable: true },
          memberEpoch: { type: 'int32', in: '9+', default: -1, ignorable: true },
          topics: {
            each: {
              name: { type: 'string', in: '8-9', ignorable: true },
              topicId: { type: 'uuid', in: '10+', ignorable: true },
              partitionIndexes: { each: 'int32', in: '8+' },
            },
            in: '8+',
            nullable: '8+',
          },
        },
        in: '8+',
      },
      requireStable: { type: 'bool', in: '7+' },
    },
  },
  response: {
    name: 'OffsetFetchResponse',
    versions: '1-10',
    flexible: '6+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '3+', ignorable: true },
      topics: {
        each: {
          name: { type: 'string', in: '0-7' },
          partitions: {
            each: {
              partitionIndex: { type: 'int32', in: '0-7' },
              committedOffset: { type: 'int64', in: '0-7' },
              committedLeaderEpoch: { type: 'int32', in: '5-7', default: -1, ignorable: true },
              metadata: { type: 'string', in: '0-7', nullable: '0-7' },
              errorCode: { type: 'int16', in: '0-7' },
            },
            in: '0-7',
          },
        },
        in: '0-7',
      },
      errorCode: { type: 'int16', in: '2-7', ignorable: true },
      groups: {
        each: {
          groupId: { type: 'string', in: '8+' },
          topics: {
            each: {
              name: { type: 'string', in: '8-9', ignorable: true },
              topicId: { type: 'uuid', in: '10+', ignorable: true },
              partitions: {
                each: {
                  partitionIndex: { type: 'int32', in: '8+' },
                  committedOffset: { type: 'int64', in: '8+' },
                  committedLeaderEpoch: { type: 'int32', in: '8+', default: -1, ignorable: true },
                  metadata: { type: 'string', in: '8+', nullable: '8+' },
                  errorCode: { type: 'int16', in: '8+' },
                },
                in: '8+',
              },
            },
            in: '8+',
          },
          errorCode: { type: 'int16', in: '8+' },
        },
        in: '8+',
      },
    },
  },
} as const;

export type OffsetFetchRequest = Message<typeof offsetFetch.request>;
export type OffsetFetchRequestDraft = Draft<typeof offsetFetch.request>;
export type OffsetFetchResponse = Message<typeof offsetFetch.response>;
export type OffsetFetchResponseDraft = Draft<typeof offsetFetch.response>;
