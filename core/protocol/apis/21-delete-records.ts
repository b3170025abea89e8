import type { Draft, Message } from '../schema.ts';

export const deleteRecords = {
  key: 21,
  name: 'DeleteRecords',
  listeners: ['broker'],
  request: {
    name: 'DeleteRecordsRequest',
    versions: '0-2',
    flexible: '2+',
    fields: {
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              offset: 'int64',
            },
          },
        },
      },
      timeoutMs: 'int32',
    },
  },
  response: {
    name: 'DeleteRecordsResponse',
    versions: '0-2',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              lowWatermark: 'int64',
              errorCode: 'int16',
            },
          },
        },
      },
    },
  },
} as const;

export type DeleteRecordsRequest = Message<typeof deleteRecords.request>;
export type DeleteRecordsRequestDraft = Draft<typeof deleteRecords.request>;
export type DeleteRecordsResponse = Message<typeof deleteRecords.response>;
export type DeleteRecordsResponseDraft = Draft<typeof deleteRecords.response>;
