/** Records of `__consumer_offsets`: streams groups (KIP-1071). */
import type { Draft, Message } from '../schema.ts';

export const streamsGroupMetadataKey = {
  key: 17,
  name: 'StreamsGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type StreamsGroupMetadataKey = Message<typeof streamsGroupMetadataKey>;
export type StreamsGroupMetadataKeyDraft = Draft<typeof streamsGroupMetadataKey>;

const lastAssignmentConfig = {
  key: 'string',
  value: 'string',
} as const;

export const streamsGroupMetadataValue = {
  key: 17,
  name: 'StreamsGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: 'int32',
    metadataHash: 'bigint64',
    validatedTopologyEpoch: { type: 'int32', tag: 0, default: -1 },
    lastAssignmentConfigs: {
      each: lastAssignmentConfig as typeof lastAssignmentConfig,
      nullable: '0+',
      tag: 1,
    },
  },
} as const;
export type StreamsGroupMetadataValue = Message<typeof streamsGroupMetadataValue>;
export type StreamsGroupMetadataValueDraft = Draft<typeof streamsGroupMetadataValue>;

export const streamsGroupMemberMetadataKey = {
  key: 19,
  name: 'StreamsGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type StreamsGroupMemberMetadataKey = Message<typeof streamsGroupMemberMetadataKey>;
export type StreamsGroupMemberMetadataKeyDraft = Draft<typeof streamsGroupMemberMetadataKey>;

const endpoint = {
  host: 'string',
  port: 'uint16',
} as const;

const keyValue = {
  key: 'string',
  value: 'string',
} as const;

export const streamsGroupMemberMetadataValue = {
  key: 19,
  name: 'StreamsGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: { type: 'string', nullable: '0+' },
    rackId: { type: 'string', nullable: '0+' },
    clientId: 'string',
    clientHost: 'string',
    rebalanceTimeoutMs: { type: 'int32', default: -1 },
    topologyEpoch: 'int32',
    processId: 'string',
    userEndpoint: { struct: endpoint as typeof endpoint, nullable: '0+', default: null },
    clientTags: { each: keyValue as typeof keyValue },
  },
} as const;
export type StreamsGroupMemberMetadataValue = Message<typeof streamsGroupMemberMetadataValue>;
export type StreamsGroupMemberMetadataValueDraft = Draft<typeof streamsGroupMemberMetadataValue>;

export const streamsGroupTargetAssignmentMetadataKey = {
  key: 20,
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type StreamsGroupTargetAssignmentMetadataKey = Message<typeof streamsGroupTargetAssignmentMetadataKey>;
export type StreamsGroupTargetAssignmentMetadataKeyDraft = Draft<typeof streamsGroupTargetAssignmentMetadataKey>;

export const streamsGroupTargetAssignmentMetadataValue = {
  key: 20,
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: 'int32',
    assignmentTimestamp: { type: 'int64', tag: 0, ignorable: true },
  },
} as const;
export type StreamsGroupTargetAssignmentMetadataValue = Message<typeof streamsGroupTargetAssignmentMetadataValue>;
export type StreamsGroupTargetAssignmentMetadataValueDraft = Draft<typeof streamsGroupTargetAssignmentMetadataValue>;

export const streamsGroupTargetAssignmentMemberKey = {
  key: 21,
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type StreamsGroupTargetAssignmentMemberKey = Message<typeof streamsGroupTargetAssignmentMemberKey>;
export type StreamsGroupTargetAssignmentMemberKeyDraft = Draft<typeof streamsGroupTargetAssignmentMemberKey>;

const taskIds = {
  subtopologyId: 'string',
  partitions: { each: 'int32' },
} as const;

export const streamsGroupTargetAssignmentMemberValue = {
  key: 21,
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: { each: taskIds as typeof taskIds },
    standbyTasks: { each: taskIds as typeof taskIds },
    warmupTasks: { each: taskIds as typeof taskIds },
  },
} as const;
export type StreamsGroupTargetAssignmentMemberValue = Message<typeof streamsGroupTargetAssignmentMemberValue>;
export type StreamsGroupTargetAssignmentMemberValueDraft = Draft<typeof streamsGroupTargetAssignmentMemberValue>;

export const streamsGroupCurrentMemberAssignmentKey = {
  key: 22,
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    memberId: 'string',
  },
} as const;
export type StreamsGroupCurrentMemberAssignmentKey = Message<typeof streamsGroupCurrentMemberAssignmentKey>;
export type StreamsGroupCurrentMemberAssignmentKeyDraft = Draft<typeof streamsGroupCurrentMemberAssignmentKey>;

const streamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: 'string',
  partitions: { each: 'int32' },
  assignmentEpochs: { each: 'int32', nullable: '0+', tag: 0 },
} as const;

export const streamsGroupCurrentMemberAssignmentValue = {
  key: 22,
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: 'int32',
    previousMemberEpoch: 'int32',
    state: 'int8',
    activeTasks: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
    standbyTasks: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
    warmupTasks: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
    activeTasksPendingRevocation: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
    standbyTasksPendingRevocation: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
    warmupTasksPendingRevocation: {
      each: streamsGroupCurrentMemberAssignmentValueTaskIds as typeof streamsGroupCurrentMemberAssignmentValueTaskIds,
    },
  },
} as const;
export type StreamsGroupCurrentMemberAssignmentValue = Message<typeof streamsGroupCurrentMemberAssignmentValue>;
export type StreamsGroupCurrentMemberAssignmentValueDraft = Draft<typeof streamsGroupCurrentMemberAssignmentValue>;

export const streamsGroupTopologyKey = {
  key: 23,
  name: 'StreamsGroupTopologyKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
  },
} as const;
export type StreamsGroupTopologyKey = Message<typeof streamsGroupTopologyKey>;
export type StreamsGroupTopologyKeyDraft = Draft<typeof streamsGroupTopologyKey>;

const topicConfig = {
  key: 'string',
  value: 'string',
} as const;

const topicInfo = {
  name: 'string',
  partitions: 'int32',
  replicationFactor: 'int16',
  topicConfigs: { each: topicConfig as typeof topicConfig },
} as const;

export const streamsGroupTopologyValue = {
  key: 23,
  name: 'StreamsGroupTopologyValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: 'int32',
    subtopologies: {
      each: {
        subtopologyId: 'string',
        sourceTopics: { each: 'string' },
        sourceTopicRegex: { each: 'string' },
        stateChangelogTopics: { each: topicInfo as typeof topicInfo },
        repartitionSinkTopics: { each: 'string' },
        repartitionSourceTopics: { each: topicInfo as typeof topicInfo },
        copartitionGroups: {
          each: {
            sourceTopics: { each: 'int16' },
            sourceTopicRegex: { each: 'int16' },
            repartitionSourceTopics: { each: 'int16' },
          },
        },
      },
    },
  },
} as const;
export type StreamsGroupTopologyValue = Message<typeof streamsGroupTopologyValue>;
export type StreamsGroupTopologyValueDraft = Draft<typeof streamsGroupTopologyValue>;
