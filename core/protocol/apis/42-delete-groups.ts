import type { Draft, Message } from '../schema.ts';

export const deleteGroups = {
  key: 42,
  name: 'DeleteGroups',
  listeners: ['broker'],
  request: {
    name: 'DeleteGroupsRequest',
    versions: '0-2',
    flexible: '2+',
    fields: {
      groupsNames: { each: 'string' },
    },
  },
  response: {
    name: 'DeleteGroupsResponse',
    versions: '0-2',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          groupId: 'string',
          errorCode: 'int16',
        },
      },
    },
  },
} as const;

export type DeleteGroupsRequest = Message<typeof deleteGroups.request>;
export type DeleteGroupsRequestDraft = Draft<typeof deleteGroups.request>;
export type DeleteGroupsResponse = Message<typeof deleteGroups.response>;
export type DeleteGroupsResponseDraft = Draft<typeof deleteGroups.response>;
