import type { Draft, Message } from '../schema.ts';

export const writeShareGroupState = {
  key: 85,
  name: 'WriteShareGroupState',
  listeners: ['broker'],
  request: {
    name: 'WriteShareGroupStateRequest',
    versions: '0-1',
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
              leaderEpoch: 'int32',
              startOffset: 'int64',
              deliveryCompleteCount: { type: 'int32', in: '1+', default: -1, ignorable: true },
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
  response: {
    name: 'WriteShareGroupStateResponse',
    versions: '0-1',
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

export type WriteShareGroupStateRequest = Message<typeof writeShareGroupState.request>;
export type WriteShareGroupStateRequestDraft = Draft<typeof writeShareGroupState.request>;
export type WriteShareGroupStateResponse = Message<typeof writeShareGroupState.response>;
export type WriteShareGroupStateResponseDraft = Draft<typeof writeShareGroupState.response>;
