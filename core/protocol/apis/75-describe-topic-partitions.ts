import type { Draft, Message } from '../schema.ts';

export const describeTopicPartitions = {
  key: 75,
  name: 'DescribeTopicPartitions',
  listeners: ['broker'],
  request: {
    name: 'DescribeTopicPartitionsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      topics: {
        each: {
          name: 'string',
        },
      },
      responsePartitionLimit: { type: 'int32', default: 2000 },
      cursor: {
        struct: {
          topicName: 'string',
          partitionIndex: 'int32',
        },
        nullable: '0+',
        default: null,
      },
    },
  },
  response: {
    name: 'DescribeTopicPartitionsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      topics: {
        each: {
          errorCode: 'int16',
          name: { type: 'string', nullable: '0+' },
          topicId: { type: 'uuid', ignorable: true },
          isInternal: { type: 'bool', ignorable: true },
          partitions: {
            each: {
              errorCode: 'int16',
              partitionIndex: 'int32',
              leaderId: 'int32',
              leaderEpoch: { type: 'int32', default: -1, ignorable: true },
              replicaNodes: { each: 'int32' },
              isrNodes: { each: 'int32' },
              eligibleLeaderReplicas: { each: 'int32', nullable: '0+', default: null },
              lastKnownElr: { each: 'int32', nullable: '0+', default: null },
              offlineReplicas: { each: 'int32', ignorable: true },
            },
          },
          topicAuthorizedOperations: { type: 'int32', default: -2147483648 },
        },
      },
      nextCursor: {
        struct: {
          topicName: 'string',
          partitionIndex: 'int32',
        },
        nullable: '0+',
        default: null,
      },
    },
  },
} as const;

export type DescribeTopicPartitionsRequest = Message<typeof describeTopicPartitions.request>;
export type DescribeTopicPartitionsRequestDraft = Draft<typeof describeTopicPartitions.request>;
export type DescribeTopicPartitionsResponse = Message<typeof describeTopicPartitions.response>;
export type DescribeTopicPartitionsResponseDraft = Draft<typeof describeTopicPartitions.response>;
