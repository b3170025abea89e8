import type { Draft, Message } from '../schema.ts';

export const initializeShareGroupState = {
  key: 83,
  name: 'InitializeShareGroupState',
  listeners: ['broker'],
  request: {
    name: 'InitializeShareGroupStateRequest',
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
              stateEpoch: 'int32',
              startOffset: 'int64',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'InitializeShareGroupStateResponse',
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

export type InitializeShareGroupStateRequest = Message<typeof initializeShareGroupState.request>;
export type InitializeShareGroupStateRequestDraft = Draft<typeof initializeShareGroupState.request>;
export type InitializeShareGroupStateResponse = Message<typeof initializeShareGroupState.response>;
export type InitializeShareGroupStateResponseDraft = Draft<typeof initializeShareGroupState.response>;
