import type { Draft, Message } from '../schema.ts';

export const describeGroups = {
  key: 15,
  name: 'DescribeGroups',
  listeners: ['broker'],
  request: {
    name: 'DescribeGroupsRequest',
    versions: '0-6',
    flexible: '5+',
    fields: {
      groups: { each: 'string' },
      includeAuthorizedOperations: { type: 'bool', in: '3+' },
    },
  },
  response: {
    name: 'DescribeGroupsResponse',
    versions: '0-6',
    flexible: '5+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      groups: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', in: '6+', nullable: '6+', default: null },
          groupId: 'string',
          groupState: 'string',
          protocolType: 'string',
          protocolData: 'string',
          members: {
            each: {
              memberId: 'string',
              groupInstanceId: { type: 'string', in: '4+', nullable: '4+', default: null, ignorable: true },
              clientId: 'string',
              clientHost: 'string',
              memberMetadata: 'bytes',
              memberAssignment: 'bytes',
            },
          },
          authorizedOperations: { type: 'int32', in: '3+', default: -2147483648 },
        },
      },
    },
  },
} as const;

export type DescribeGroupsRequest = Message<typeof describeGroups.request>;
export type DescribeGroupsRequestDraft = Draft<typeof describeGroups.request>;
export type DescribeGroupsResponse = Message<typeof describeGroups.response>;
export type DescribeGroupsResponseDraft = Draft<typeof describeGroups.response>;
