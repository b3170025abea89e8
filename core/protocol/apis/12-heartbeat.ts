import type { Draft, Message } from '../schema.ts';

export const heartbeat = {
  key: 12,
  name: 'Heartbeat',
  listeners: ['broker'],
  request: {
    name: 'HeartbeatRequest',
    versions: '0-4',
    flexible: '4+',
    fields: {
      groupId: 'string',
      generationId: 'int32',
      memberId: 'string',
      groupInstanceId: { type: 'string', in: '3+', nullable: '3+', default: null },
    },
  },
  response: {
    name: 'HeartbeatResponse',
    versions: '0-4',
    flexible: '4+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      errorCode: 'int16',
    },
  },
} as const;

export type HeartbeatRequest = Message<typeof heartbeat.request>;
export type HeartbeatRequestDraft = Draft<typeof heartbeat.request>;
export type HeartbeatResponse = Message<typeof heartbeat.response>;
export type HeartbeatResponseDraft = Draft<typeof heartbeat.response>;
