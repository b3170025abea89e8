import type { Draft, Message } from '../schema.ts';

const topicPartitions = {
  topicId: 'uuid',
  partitions: { each: 'int32' },
} as const;

export const shareGroupHeartbeat = {
  key: 76,
  name: 'ShareGroupHeartbeat',
  listeners: ['broker'],
  request: {
    name: 'ShareGroupHeartbeatRequest',
    versions: '1',
    flexible: '0+',
    fields: {
      groupId: 'string',
      memberId: 'string',
      memberEpoch: 'int32',
      rackId: { type: 'string', nullable: '0+', default: null },
      subscribedTopicNames: { each: 'string', nullable: '0+', default: null },
    },
  },
  response: {
    name: 'ShareGroupHeartbeatResponse',
    versions: '1',
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

export type ShareGroupHeartbeatRequest = Message<typeof shareGroupHeartbeat.request>;
export type ShareGroupHeartbeatRequestDraft = Draft<typeof shareGroupHeartbeat.request>;
export type ShareGroupHeartbeatResponse = Message<typeof shareGroupHeartbeat.response>;
export type ShareGroupHeartbeatResponseDraft = Draft<typeof shareGroupHeartbeat.response>;
