import type { Draft, Message } from '../schema.ts';

export const deleteShareGroupState = {
  key: 86,
  name: 'DeleteShareGroupState',
  listeners: ['broker'],
  request: {
    name: 'DeleteShareGroupStateRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      groupId: 'string',
      topics: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partition: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'DeleteShareGroupStateResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      results: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partition: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+', default: null },
            },
          },
        },
      },
    },
  },
} as const;

export type DeleteShareGroupStateRequest = Message<typeof deleteShareGroupState.request>;
export type DeleteShareGroupStateRequestDraft = Draft<typeof deleteShareGroupState.request>;
export type DeleteShareGroupStateResponse = Message<typeof deleteShareGroupState.response>;
export type DeleteShareGroupStateResponseDraft = Draft<typeof deleteShareGroupState.response>;
