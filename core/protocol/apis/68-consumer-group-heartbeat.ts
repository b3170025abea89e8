import type { Draft, Message } from '../schema.ts';

const topicPartitions = {
  topicId: 'uuid',
  partitions: { each: 'int32' },
} as const;

export const consumerGroupHeartbeat = {
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  listeners: ['broker'],
  request: {
    name: 'ConsumerGroupHeartbeatRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      groupId: 'string',
      memberId: 'string',
      memberEpoch: 'int32',
      instanceId: { type: 'string', nullable: '0+', default: null },
      rackId: { type: 'string', nullable: '0+', default: null },
      rebalanceTimeoutMs: { type: 'int32', default: -1 },
      subscribedTopicNames: { each: 'string', nullable: '0+', default: null },
      subscribedTopicRegex: { type: 'string', in: '1+', nullable: '1+', default: null },
      serverAssignor: { type: 'string', nullable: '0+', default: null },
      topicPartitions: {
        each: {
          topicId: 'uuid',
          partitions: { each: 'int32' },
        },
        nullable: '0+',
        default: null,
      },
    },
  },
  response: {
    name: 'ConsumerGroupHeartbeatResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      memberId: { type: 'string', nullable: '0+', default: null },
      memberEpoch: 'int32',
      heartbeatIntervalMs: 'int32',
      assignment: {
        struct: {
          topicPartitions: { each: topicPartitions as typeof topicPartitions },
        },
        nullable: '0+',
        default: null,
      },
    },
  },
} as const;

export type ConsumerGroupHeartbeatRequest = Message<typeof consumerGroupHeartbeat.request>;
export type ConsumerGroupHeartbeatRequestDraft = Draft<typeof consumerGroupHeartbeat.request>;
export type ConsumerGroupHeartbeatResponse = Message<typeof consumerGroupHeartbeat.response>;
export type ConsumerGroupHeartbeatResponseDraft = Draft<typeof consumerGroupHeartbeat.response>;
