import type { Draft, Message } from '../schema.ts';

export const readShareGroupStateSummary = {
  key: 87,
  name: 'ReadShareGroupStateSummary',
  listeners: ['broker'],
  request: {
    name: 'ReadShareGroupStateSummaryRequest',
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
              leaderEpoch: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'ReadShareGroupStateSummaryResponse',
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
              stateEpoch: 'int32',
              leaderEpoch: 'int32',
              startOffset: 'int64',
              deliveryCompleteCount: { type: 'int32', in: '1+', default: -1, ignorable: true },
            },
          },
        },
      },
    },
  },
} as const;

export type ReadShareGroupStateSummaryRequest = Message<typeof readShareGroupStateSummary.request>;
export type ReadShareGroupStateSummaryRequestDraft = Draft<typeof readShareGroupStateSummary.request>;
export type ReadShareGroupStateSummaryResponse = Message<typeof readShareGroupStateSummary.response>;
export type ReadShareGroupStateSummaryResponseDraft = Draft<typeof readShareGroupStateSummary.response>;
