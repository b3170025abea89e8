import type { Draft, Message } from '../schema.ts';

export const alterShareGroupOffsets = {
  key: 91,
  name: 'AlterShareGroupOffsets',
  listeners: ['broker'],
  request: {
    name: 'AlterShareGroupOffsetsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      groupId: 'string',
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              startOffset: 'int64',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'AlterShareGroupOffsetsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      responses: {
        each: {
          topicName: 'string',
          topicId: 'uuid',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+', default: null },
            },
          },
        },
      },
    },
  },
} as const;

export type AlterShareGroupOffsetsRequest = Message<typeof alterShareGroupOffsets.request>;
export type AlterShareGroupOffsetsRequestDraft = Draft<typeof alterShareGroupOffsets.request>;
export type AlterShareGroupOffsetsResponse = Message<typeof alterShareGroupOffsets.response>;
export type AlterShareGroupOffsetsResponseDraft = Draft<typeof alterShareGroupOffsets.response>;
