/** Records of `__consumer_offsets`: share groups (KIP-932). */
import type { Draft, Message } from '../schema.ts';

export const shareGroupMemberMetadataKey = {
  key: 10,
  name: 'ShareGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ShareGroupMemberMetadataKey = Message<typeof shareGroupMemberMetadataKey>;
export type ShareGroupMemberMetadataKeyDraft = Draft<typeof shareGroupMemberMetadataKey>;

export const shareGroupMemberMetadataValue = {
  key: 10,
  name: 'ShareGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: { type: 'string', nullable: '0+' },
    clientId: 'string',
    clientHost: 'string',
    subscribedTopicNames: { each: 'string' },
  },
} as const;
export type ShareGroupMemberMetadataValue = Message<typeof shareGroupMemberMetadataValue>;
export type ShareGroupMemberMetadataValueDraft = Draft<typeof shareGroupMemberMetadataValue>;

export const shareGroupMetadataKey = {
  key: 11,
  name: 'ShareGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ShareGroupMetadataKey = Message<typeof shareGroupMetadataKey>;
export type ShareGroupMetadataKeyDraft = Draft<typeof shareGroupMetadataKey>;

export const shareGroupMetadataValue = {
  key: 11,
  name: 'ShareGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: 'int32',
    metadataHash: 'bigint64',
  },
} as const;
export type ShareGroupMetadataValue = Message<typeof shareGroupMetadataValue>;
export type ShareGroupMetadataValueDraft = Draft<typeof shareGroupMetadataValue>;

export const shareGroupTargetAssignmentMetadataKey = {
  key: 12,
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ShareGroupTargetAssignmentMetadataKey = Message<typeof shareGroupTargetAssignmentMetadataKey>;
export type ShareGroupTargetAssignmentMetadataKeyDraft = Draft<typeof shareGroupTargetAssignmentMetadataKey>;

export const shareGroupTargetAssignmentMetadataValue = {
  key: 12,
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: 'int32',
    assignmentTimestamp: { type: 'int64', tag: 0, ignorable: true },
  },
} as const;
export type ShareGroupTargetAssignmentMetadataValue = Message<typeof shareGroupTargetAssignmentMetadataValue>;
export type ShareGroupTargetAssignmentMetadataValueDraft = Draft<typeof shareGroupTargetAssignmentMetadataValue>;

export const shareGroupTargetAssignmentMemberKey = {
  key: 13,
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ShareGroupTargetAssignmentMemberKey = Message<typeof shareGroupTargetAssignmentMemberKey>;
export type ShareGroupTargetAssignmentMemberKeyDraft = Draft<typeof shareGroupTargetAssignmentMemberKey>;

export const shareGroupTargetAssignmentMemberValue = {
  key: 13,
  name: 'ShareGroupTargetAssignmentMemberValue',
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
export type ShareGroupTargetAssignmentMemberValue = Message<typeof shareGroupTargetAssignmentMemberValue>;
export type ShareGroupTargetAssignmentMemberValueDraft = Draft<typeof shareGroupTargetAssignmentMemberValue>;

export const shareGroupCurrentMemberAssignmentKey = {
  key: 14,
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type ShareGroupCurrentMemberAssignmentKey = Message<typeof shareGroupCurrentMemberAssignmentKey>;
export type ShareGroupCurrentMemberAssignmentKeyDraft = Draft<typeof shareGroupCurrentMemberAssignmentKey>;

const topicPartitions = {
  topicId: 'uuid',
  partitions: { each: 'int32' },
} as const;

export const shareGroupCurrentMemberAssignmentValue = {
  key: 14,
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: 'int32',
    previousMemberEpoch: 'int32',
    state: 'int8',
    assignedPartitions: { each: topicPartitions as typeof topicPartitions },
  },
} as const;
export type ShareGroupCurrentMemberAssignmentValue = Message<typeof shareGroupCurrentMemberAssignmentValue>;
export type ShareGroupCurrentMemberAssignmentValueDraft = Draft<typeof shareGroupCurrentMemberAssignmentValue>;

export const shareGroupStatePartitionMetadataKey = {
  key: 15,
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type ShareGroupStatePartitionMetadataKey = Message<typeof shareGroupStatePartitionMetadataKey>;
export type ShareGroupStatePartitionMetadataKeyDraft = Draft<typeof shareGroupStatePartitionMetadataKey>;

const topicPartitionsInfo = {
  topicId: 'uuid',
  topicName: 'string',
  partitions: { each: 'int32' },
} as const;

const topicInfo = {
  topicId: 'uuid',
  topicName: 'string',
} as const;

export const shareGroupStatePartitionMetadataValue = {
  key: 15,
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: { each: topicPartitionsInfo as typeof topicPartitionsInfo },
    initializedTopics: { each: topicPartitionsInfo as typeof topicPartitionsInfo },
    deletingTopics: { each: topicInfo as typeof topicInfo },
  },
} as const;
export type ShareGroupStatePartitionMetadataValue = Message<typeof shareGroupStatePartitionMetadataValue>;
export type ShareGroupStatePartitionMetadataValueDraft = Draft<typeof shareGroupStatePartitionMetadataValue>;
