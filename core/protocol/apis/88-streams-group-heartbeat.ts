import type { Draft, Message } from '../schema.ts';

const requestKeyValue = {
  key: 'string',
  value: 'string',
} as const;

const requestTopicInfo = {
  name: 'string',
  partitions: 'int32',
  replicationFactor: 'int16',
  topicConfigs: { each: requestKeyValue as typeof requestKeyValue },
} as const;

const requestEndpoint = {
  host: 'string',
  port: 'uint16',
} as const;

const requestTaskOffset = {
  subtopologyId: 'string',
  partition: 'int32',
  offset: 'int64',
} as const;

const requestTaskIds = {
  subtopologyId: 'string',
  partitions: { each: 'int32' },
} as const;

const responseStatus = {
  statusCode: 'int8',
  statusDetail: 'string',
} as const;

const responseTopicPartition = {
  topic: 'string',
  partitions: { each: 'int32' },
} as const;

const responseTaskIds = {
  subtopologyId: 'string',
  partitions: { each: 'int32' },
} as const;

const responseEndpoint = {
  host: 'string',
  port: 'uint16',
} as const;

export const streamsGroupHeartbeat = {
  key: 88,
  name: 'StreamsGroupHeartbeat',
  listeners: ['broker'],
  request: {
    name: 'StreamsGroupHeartbeatRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      groupId: 'string',
      memberId: 'string',
      memberEpoch: 'int32',
      endpointInformationEpoch: 'int32',
      instanceId: { type: 'string', nullable: '0+', default: null },
      rackId: { type: 'string', nullable: '0+', default: null },
      rebalanceTimeoutMs: { type: 'int32', default: -1 },
      topology: {
        struct: {
          epoch: 'int32',
          subtopologies: {
            each: {
              subtopologyId: 'string',
              sourceTopics: { each: 'string' },
              sourceTopicRegex: { each: 'string' },
              stateChangelogTopics: { each: requestTopicInfo as typeof requestTopicInfo },
              repartitionSinkTopics: { each: 'string' },
              repartitionSourceTopics: { each: requestTopicInfo as typeof requestTopicInfo },
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
        nullable: '0+',
        default: null,
      },
      activeTasks: { each: requestTaskIds as typeof requestTaskIds, nullable: '0+', default: null },
      standbyTasks: { each: requestTaskIds as typeof requestTaskIds, nullable: '0+', default: null },
      warmupTasks: { each: requestTaskIds as typeof requestTaskIds, nullable: '0+', default: null },
      processId: { type: 'string', nullable: '0+', default: null },
      userEndpoint: { struct: requestEndpoint as typeof requestEndpoint, nullable: '0+', default: null },
      clientTags: { each: requestKeyValue as typeof requestKeyValue, nullable: '0+', default: null },
      taskOffsets: { each: requestTaskOffset as typeof requestTaskOffset, nullable: '0+', default: null },
      taskEndOffsets: { each: requestTaskOffset as typeof requestTaskOffset, nullable: '0+', default: null },
      shutdownApplication: 'bool',
    },
  },
  response: {
    name: 'StreamsGroupHeartbeatResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      memberId: 'string',
      memberEpoch: 'int32',
      heartbeatIntervalMs: 'int32',
      acceptableRecoveryLag: 'int32',
      taskOffsetIntervalMs: 'int32',
      status: { each: responseStatus as typeof responseStatus, nullable: '0+' },
      activeTasks: { each: responseTaskIds as typeof responseTaskIds, nullable: '0+', default: null },
      standbyTasks: { each: responseTaskIds as typeof responseTaskIds, nullable: '0+', default: null },
      warmupTasks: { each: responseTaskIds as typeof responseTaskIds, nullable: '0+', default: null },
      endpointInformationEpoch: 'int32',
      partitionsByUserEndpoint: {
        each: {
          userEndpoint: { struct: responseEndpoint as typeof responseEndpoint },
          activePartitions: { each: responseTopicPartition as typeof responseTopicPartition },
          standbyPartitions: { each: responseTopicPartition as typeof responseTopicPartition },
        },
        nullable: '0+',
        default: null,
      },
    },
  },
} as const;

export type StreamsGroupHeartbeatRequest = Message<typeof streamsGroupHeartbeat.request>;
export type StreamsGroupHeartbeatRequestDraft = Draft<typeof streamsGroupHeartbeat.request>;
export type StreamsGroupHeartbeatResponse = Message<typeof streamsGroupHeartbeat.response>;
export type StreamsGroupHeartbeatResponseDraft = Draft<typeof streamsGroupHeartbeat.response>;
