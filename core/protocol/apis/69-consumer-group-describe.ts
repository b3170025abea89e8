import type { Draft, Message } from '../schema.ts';

const topicPartitions = {
  topicId: 'uuid',
  topicName: 'string',
  partitions: { each: 'int32' },
} as const;

const assignment = {
  topicPartitions: { each: topicPartitions as typeof topicPartitions },
} as const;

export const consumerGroupDescribe = {
  key: 69,
  name: 'ConsumerGroupDescribe',
  listeners: ['broker'],
  request: {
    name: 'ConsumerGroupDescribeRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      groupIds: { each: 'string' },
      includeAuthorizedOperations: 'bool',
    },
  },
  response: {
    name: 'ConsumerGroupDescribeResponse',
    versions: '0-1',
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
              instanceId: { type: 'string', nullable: '0+', default: null },
              rackId: { type: 'string', nullable: '0+', default: null },
              memberEpoch: 'int32',
              clientId: 'string',
              clientHost: 'string',
              subscribedTopicNames: { each: 'string' },
              subscribedTopicRegex: { type: 'string', nullable: '0+', default: null },
              assignment: { struct: assignment as typeof assignment },
              targetAssignment: { struct: assignment as typeof assignment },
              memberType: { type: 'int8', in: '1+', default: -1, ignorable: true },
            },
          },
          authorizedOperations: { type: 'int32', default: -2147483648 },
        },
      },
    },
  },
} as const;

export type ConsumerGroupDescribeRequest = Message<typeof consumerGroupDescribe.request>;
export type ConsumerGroupDescribeRequestDraft = Draft<typeof consumerGroupDescribe.request>;
export type ConsumerGroupDescribeResponse = Message<typeof consumerGroupDescribe.response>;
export type ConsumerGroupDescribeResponseDraft = Draft<typeof consumerGroupDescribe.response>;
