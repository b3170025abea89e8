import type { Draft, Message } from '../schema.ts';

export const deleteShareGroupOffsets = {
  key: 92,
  name: 'DeleteShareGroupOffsets',
  listeners: ['broker'],
  request: {
    name: 'DeleteShareGroupOffsetsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      groupId: 'string',
      topics: {
        each: {
          topicName: 'string',
        },
      },
    },
  },
  response: {
    name: 'DeleteShareGroupOffsetsResponse',
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
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+', default: null },
        },
      },
    },
  },
} as const;

export type DeleteShareGroupOffsetsRequest = Message<typeof deleteShareGroupOffsets.request>;
export type DeleteShareGroupOffsetsRequestDraft = Draft<typeof deleteShareGroupOffsets.request>;
export type DeleteShareGroupOffsetsResponse = Message<typeof deleteShareGroupOffsets.response>;
export type DeleteShareGroupOffsetsResponseDraft = Draft<typeof deleteShareGroupOffsets.response>;
