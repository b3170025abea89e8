import type { Draft, Message } from '../schema.ts';

const endpoint = {
  host: 'string',
  port: 'uint16',
} as const;

const taskOffset = {
  subtopologyId: 'string',
  partition: 'int32',
  offset: 'int64',
} as const;

const taskIds = {
  subtopologyId: 'string',
  partitions: { each: 'int32' },
} as const;

const assignment = {
  activeTasks: { each: taskIds as typeof taskIds },
  standbyTasks: { each: taskIds as typeof taskIds },
  warmupTasks: { each: taskIds as typeof taskIds },
} as const;

const keyValue = {
  key: 'string',
  value: 'string',
} as const;

const topicInfo = {
  name: 'string',
  partitions: 'int32',
  replicationFactor: 'int16',
  topicConfigs: { each: keyValue as typeof keyValue },
} as const;

export const streamsGroupDescribe = {
  key: 89,
  name: 'StreamsGroupDescribe',
  listeners: ['broker'],
  request: {
    name: 'StreamsGroupDescribeRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      groupIds: { each: 'string' },
      includeAuthorizedOperations: 'bool',
    },
  },
  response: {
    name: 'StreamsGroupDescribeResponse',
    versions: '0',
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
          topology: {
            struct: {
              epoch: 'int32',
              subtopologies: {
                each: {
                  subtopologyId: 'string',
                  sourceTopics: { each: 'string' },
                  repartitionSinkTopics: { each: 'string' },
                  stateChangelogTopics: { each: topicInfo as typeof topicInfo },
                  repartitionSourceTopics: { each: topicInfo as typeof topicInfo },
                },
                nullable: '0+',
                default: null,
              },
            },
            nullable: '0+',
            default: null,
          },
          members: {
            each: {
              memberId: 'string',
              memberEpoch: 'int32',
              instanceId: { type: 'string', nullable: '0+', default: null },
              rackId: { type: 'string', nullable: '0+', default: null },
              clientId: 'string',
              clientHost: 'string',
              topologyEpoch: 'int32',
              processId: 'string',
              userEndpoint: { struct: endpoint as typeof endpoint, nullable: '0+', default: null },
              clientTags: { each: keyValue as typeof keyValue },
              taskOffsets: { each: taskOffset as typeof taskOffset },
              taskEndOffsets: { each: taskOffset as typeof taskOffset },
              assignment: { struct: assignment as typeof assignment },
              targetAssignment: { struct: assignment as typeof assignment },
              isClassic: 'bool',
            },
          },
          authorizedOperations: { type: 'int32', default: -2147483648 },
        },
      },
    },
  },
} as const;

export type StreamsGroupDescribeRequest = Message<typeof streamsGroupDescribe.request>;
export type StreamsGroupDescribeRequestDraft = Draft<typeof streamsGroupDescribe.request>;
export type StreamsGroupDescribeResponse = Message<typeof streamsGroupDescribe.response>;
export type StreamsGroupDescribeResponseDraft = Draft<typeof streamsGroupDescribe.response>;
