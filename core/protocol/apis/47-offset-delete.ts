import type { Draft, Message } from '../schema.ts';

export const offsetDelete = {
  key: 47,
  name: 'OffsetDelete',
  listeners: ['broker'],
  request: {
    name: 'OffsetDeleteRequest',
    versions: '0',
    flexible: 'none',
    fields: {
      groupId: 'string',
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'OffsetDeleteResponse',
    versions: '0',
    flexible: 'none',
    fields: {
      errorCode: 'int16',
      throttleTimeMs: { type: 'int32', ignorable: true },
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
} as const;

export type OffsetDeleteRequest = Message<typeof offsetDelete.request>;
export type OffsetDeleteRequestDraft = Draft<typeof offsetDelete.request>;
export type OffsetDeleteResponse = Message<typeof offsetDelete.response>;
export type OffsetDeleteResponseDraft = Draft<typeof offsetDelete.response>;
