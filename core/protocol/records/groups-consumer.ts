/** Records of `__consumer_offsets`: consumer groups (KIP-848). */
import type { Draft, Message } from '../schema.ts';

export const consumerGroupMetadataKey = {
  key: 3,
  name: 'ConsumerGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ConsumerGroupMetadataKey = Message<typeof consumerGroupMetadataKey>;
export type ConsumerGroupMetadataKeyDraft = Draft<typeof consumerGroupMetadataKey>;

export const consumerGroupMetadataValue = {
  key: 3,
  name: 'ConsumerGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: 'int32',
    metadataHash: { type: 'bigint64', tag: 0 },
  },
} as const;
export type ConsumerGroupMetadataValue = Message<typeof consumerGroupMetadataValue>;
export type ConsumerGroupMetadataValueDraft = Draft<typeof consumerGroupMetadataValue>;

export const consumerGroupPartitionMetadataKey = {
  key: 4,
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ConsumerGroupPartitionMetadataKey = Message<typeof consumerGroupPartitionMetadataKey>;
export type ConsumerGroupPartitionMetadataKeyDraft = Draft<typeof consumerGroupPartitionMetadataKey>;

export const consumerGroupPartitionMetadataValue = {
  key: 4,
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: {
      each: {
        topicId: 'uuid',
        topicName: 'string',
        numPartitions: 'int32',
        partitionMetadata: {
          each: {
            partition: 'int32',
            racks: { each: 'string' },
          },
        },
      },
    },
  },
} as const;
export type ConsumerGroupPartitionMetadataValue = Message<typeof consumerGroupPartitionMetadataValue>;
export type ConsumerGroupPartitionMetadataValueDraft = Draft<typeof consumerGroupPartitionMetadataValue>;

export const consumerGroupMemberMetadataKey = {
  key: 5,
  name: 'ConsumerGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ConsumerGroupMemberMetadataKey = Message<typeof consumerGroupMemberMetadataKey>;
export type ConsumerGroupMemberMetadataKeyDraft = Draft<typeof consumerGroupMemberMetadataKey>;

export const consumerGroupMemberMetadataValue = {
  key: 5,
  name: 'ConsumerGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: { type: 'string', nullable: '0+' },
    rackId: { type: 'string', nullable: '0+' },
    clientId: 'string',
    clientHost: 'string',
    subscribedTopicNames: { each: 'string' },
    subscribedTopicRegex: { type: 'string', nullable: '0+' },
    rebalanceTimeoutMs: { type: 'int32', default: -1 },
    serverAssignor: { type: 'string', nullable: '0+' },
    // Kafka's default is a struct of defaults: null, which most members have, is written (as a tag with the byte 0).
    classicMemberMetadata: {
      struct: {
        sessionTimeoutMs: 'int32',
        supportedProtocols: {
          each: {
            name: 'string',
            metadata: 'bytes',
          },
        },
      },
      nullable: '0+',
      tag: 0,
    },
  },
} as const;
export type ConsumerGroupMemberMetadataValue = Message<typeof consumerGroupMemberMetadataValue>;
export type ConsumerGroupMemberMetadataValueDraft = Draft<typeof consumerGroupMemberMetadataValue>;

export const consumerGroupTargetAssignmentMetadataKey = {
  key: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ConsumerGroupTargetAssignmentMetadataKey = Message<typeof consumerGroupTargetAssignmentMetadataKey>;
export type ConsumerGroupTargetAssignmentMetadataKeyDraft = Draft<typeof consumerGroupTargetAssignmentMetadataKey>;

export const consumerGroupTargetAssignmentMetadataValue = {
  key: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: 'int32',
    assignmentTimestamp: { type: 'int64', tag: 0, ignorable: true },
  },
} as const;
export type ConsumerGroupTargetAssignmentMetadataValue = Message<typeof consumerGroupTargetAssignmentMetadataValue>;
export type ConsumerGroupTargetAssignmentMetadataValueDraft = Draft<typeof consumerGroupTargetAssignmentMetadataValue>;

export const consumerGroupTargetAssignmentMemberKey = {
  key: 7,
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ConsumerGroupTargetAssignmentMemberKey = Message<typeof consumerGroupTargetAssignmentMemberKey>;
export type ConsumerGroupTargetAssignmentMemberKeyDraft = Draft<typeof consumerGroupTargetAssignmentMemberKey>;

export const consumerGroupTargetAssignmentMemberValue = {
  key: 7,
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: {
      each: {
        topicId: 'uuid',
        partitions: { each: 'int32' },
      },
    },
  },
} as const;
export type ConsumerGroupTargetAssignmentMemberValue = Message<typeof consumerGroupTargetAssignmentMemberValue>;
export type ConsumerGroupTargetAssignmentMemberValueDraft = Draft<typeof consumerGroupTargetAssignmentMemberValue>;

export const consumerGroupCurrentMemberAssignmentKey = {
  key: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ConsumerGroupCurrentMemberAssignmentKey = Message<typeof consumerGroupCurrentMemberAssignmentKey>;
export type ConsumerGroupCurrentMemberAssignmentKeyDraft = Draft<typeof consumerGroupCurrentMemberAssignmentKey>;

const topicPartitions = {
  topicId: 'uuid',
  partitions: { each: 'int32' },
  assignmentEpochs: { each: 'int32', nullable: '0+', tag: 0 },
} as const;

export const consumerGroupCurrentMemberAssignmentValue = {
  key: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: 'int32',
    previousMemberEpoch: 'int32',
    state: 'int8',
    assignedPartitions: { each: topicPartitions as typeof topicPartitions },
    partitionsPendingRevocation: { each: topicPartitions as typeof topicPartitions },
  },
} as const;
export type ConsumerGroupCurrentMemberAssignmentValue = Message<typeof consumerGroupCurrentMemberAssignmentValue>;
export type ConsumerGroupCurrentMemberAssignmentValueDraft = Draft<typeof consumerGroupCurrentMemberAssignmentValue>;

export const consumerGroupRegularExpressionKey = {
  key: 16,
  name: 'ConsumerGroupRegularExpressionKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    regularExpression: 'string',
  },
} as const;
export type ConsumerGroupRegularExpressionKey = Message<typeof consumerGroupRegularExpressionKey>;
export type ConsumerGroupRegularExpressionKeyDraft = Draft<typeof consumerGroupRegularExpressionKey>;

export const consumerGroupRegularExpressionValue = {
  key: 16,
  name: 'ConsumerGroupRegularExpressionValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: { each: 'string' },
    version: 'int64',
    timestamp: 'int64',
  },
} as const;
export type ConsumerGroupRegularExpressionValue = Message<typeof consumerGroupRegularExpressionValue>;
export type ConsumerGroupRegularExpressionValueDraft = Draft<typeof consumerGroupRegularExpressionValue>;
