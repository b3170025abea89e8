import type { Draft, Message } from '../schema.ts';

export const leaveGroup = {
  key: 13,
  name: 'LeaveGroup',
  listeners: ['broker'],
  request: {
    name: 'LeaveGroupRequest',
    versions: '0-5',
    flexible: '4+',
    fields: {
      groupId: 'string',
      memberId: { type: 'string', in: '0-2' },
      members: {
        each: {
          memberId: { type: 'string', in: '3+' },
          groupInstanceId: { type: 'string', in: '3+', nullable: '3+', default: null },
          reason: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
        },
        in: '3+',
      },
    },
  },
  response: {
    name: 'LeaveGroupResponse',
    versions: '0-5',
    flexible: '4+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      errorCode: 'int16',
      members: {
        each: {
          memberId: { type: 'string', in: '3+' },
          groupInstanceId: { type: 'string', in: '3+', nullable: '3+' },
          errorCode: { type: 'int16', in: '3+' },
        },
        in: '3+',
      },
    },
  },
} as const;

export type LeaveGroupRequest = Message<typeof leaveGroup.request>;
export type LeaveGroupRequestDraft = Draft<typeof leaveGroup.request>;
export type LeaveGroupResponse = Message<typeof leaveGroup.response>;
export type LeaveGroupResponseDraft = Draft<typeof leaveGroup.response>;
