import type { Draft, Message } from '../schema.ts';

export const syncGroup = {
  key: 14,
  name: 'SyncGroup',
  listeners: ['broker'],
  request: {
    name: 'SyncGroupRequest',
    versions: '0-5',
    flexible: '4+',
    fields: {
      groupId: 'string',
      generationId: 'int32',
      memberId: 'string',
      groupInstanceId: { type: 'string', in: '3+', nullable: '3+', default: null },
      protocolType: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
      protocolName: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
      assignments: {
        each: {
          memberId: 'string',
          assignment: 'bytes',
        },
      },
    },
  },
  response: {
    name: 'SyncGroupResponse',
    versions: '0-5',
    flexible: '4+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      errorCode: 'int16',
      protocolType: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
      protocolName: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
      assignment: 'bytes',
    },
  },
} as const;

export type SyncGroupRequest = Message<typeof syncGroup.request>;
export type SyncGroupRequestDraft = Draft<typeof syncGroup.request>;
export type SyncGroupResponse = Message<typeof syncGroup.response>;
export type SyncGroupResponseDraft = Draft<typeof syncGroup.response>;
