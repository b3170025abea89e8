import type { Draft, Message } from '../schema.ts';

export const listGroups = {
  key: 16,
  name: 'ListGroups',
  listeners: ['broker'],
  request: {
    name: 'ListGroupsRequest',
    versions: '0-5',
    flexible: '3+',
    fields: {
      statesFilter: { each: 'string', in: '4+' },
      typesFilter: { each: 'string', in: '5+' },
    },
  },
  response: {
    name: 'ListGroupsResponse',
    versions: '0-5',
    flexible: '3+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      errorCode: 'int16',
      groups: {
        each: {
          groupId: 'string',
          protocolType: 'string',
          groupState: { type: 'string', in: '4+', ignorable: true },
          groupType: { type: 'string', in: '5+', ignorable: true },
        },
      },
    },
  },
} as const;

export type ListGroupsRequest = Message<typeof listGroups.request>;
export type ListGroupsRequestDraft = Draft<typeof listGroups.request>;
export type ListGroupsResponse = Message<typeof listGroups.response>;
export type ListGroupsResponseDraft = Draft<typeof listGroups.response>;
