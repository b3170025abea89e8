import type { Draft, Message } from '../schema.ts';

export const readShareGroupState = {
  key: 84,
  name: 'ReadShareGroupState',
  listeners: ['broker'],
  request: {
    name: 'ReadShareGroupStateRequest',
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
              leaderEpoch: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'ReadShareGroupStateResponse',
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
              stateEpoch: 'int32',
              startOffset: 'int64',
              stateBatches: {
                each: {
                  firstOffset: 'int64',
                  lastOffset: 'int64',
                  deliveryState: 'int8',
                  deliveryCount: 'int16',
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

export type ReadShareGroupStateRequest = Message<typeof readShareGroupState.request>;
export type ReadShareGroupStateRequestDraft = Draft<typeof readShareGroupState.request>;
export type ReadShareGroupStateResponse = Message<typeof readShareGroupState.response>;
export type ReadShareGroupStateResponseDraft = Draft<typeof readShareGroupState.response>;
