import type { Draft, Message } from '../schema.ts';

export const joinGroup = {
  key: 11,
  name: 'JoinGroup',
  listeners: ['broker'],
  request: {
    name: 'JoinGroupRequest',
    versions: '0-9',
    flexible: '6+',
    fields: {
      groupId: 'string',
      sessionTimeoutMs: 'int32',
      rebalanceTimeoutMs: { type: 'int32', in: '1+', default: -1, ignorable: true },
      memberId: 'string',
      groupInstanceId: { type: 'string', in: '5+', nullable: '5+', default: null },
      protocolType: 'string',
      protocols: {
        each: {
          name: 'string',
          metadata: 'bytes',
        },
      },
      reason: { type: 'string', in: '8+', nullable: '8+', default: null, ignorable: true },
    },
  },
  response: {
    name: 'JoinGroupResponse',
    versions: '0-9',
    flexible: '6+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '2+', ignorable: true },
      errorCode: 'int16',
      generationId: { type: 'int32', default: -1 },
      protocolType: { type: 'string', in: '7+', nullable: '7+', default: null, ignorable: true },
      protocolName: { type: 'string', nullable: '7+' },
      leader: 'string',
      skipAssignment: { type: 'bool', in: '9+' },
      memberId: 'string',
      members: {
        each: {
          memberId: 'string',
          groupInstanceId: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
          metadata: 'bytes',
        },
      },
    },
  },
} as const;

export type JoinGroupRequest = Message<typeof joinGroup.request>;
export type JoinGroupRequestDraft = Draft<typeof joinGroup.request>;
export type JoinGroupResponse = Message<typeof joinGroup.response>;
export type JoinGroupResponseDraft = Draft<typeof joinGroup.response>;
