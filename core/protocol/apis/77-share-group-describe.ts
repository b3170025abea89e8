import type { Draft, Message } from '../schema.ts';

const topicPartitions = {
  topicId: 'uuid',
  topicName: 'string',
  partitions: { each: 'int32' },
} as const;

const assignment = {
  topicPartitions: { each: topicPartitions as typeof topicPartitions },
} as const;

export const shareGroupDescribe = {
  key: 77,
  name: 'ShareGroupDescribe',
  listeners: ['broker'],
  request: {
    name: 'ShareGroupDescribeRequest',
    versions: '1',
    flexible: '0+',
    fields: {
      groupIds: { each: 'string' },
      includeAuthorizedOperations: 'bool',
    },
  },
  response: {
    name: 'ShareGroupDescribeResponse',
    versions: '1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      groups: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+', default: null },
          groupId: 'string',
          groupState: 'string',
          groupEpoch: 'int32',
          assignmentEpoch: 'int32',
          assignorName: 'string',
          members: {
            each: {
              memberId: 'string',
              rackId: { type: 'string', nullable: '0+', default: null },
              memberEpoch: 'int32',
              clientId: 'string',
              clientHost: 'string',
              subscribedTopicNames: { each: 'string' },
              assignment: { struct: assignment as typeof assignment },
            },
          },
          authorizedOperations: { type: 'int32', default: -2147483648 },
        },
      },
    },
  },
} as const;

export type ShareGroupDescribeRequest = Message<typeof shareGroupDescribe.request>;
export type ShareGroupDescribeRequestDraft = Draft<typeof shareGroupDescribe.request>;
export type ShareGroupDescribeResponse = Message<typeof shareGroupDescribe.response>;
export type ShareGroupDescribeResponseDraft = Draft<typeof shareGroupDescribe.response>;
