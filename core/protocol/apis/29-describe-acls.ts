import type { Draft, Message } from '../schema.ts';

export const describeAcls = {
  key: 29,
  name: 'DescribeAcls',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeAclsRequest',
    versions: '1-3',
    flexible: '2+',
    fields: {
      resourceTypeFilter: 'int8',
      resourceNameFilter: { type: 'string', nullable: '0+' },
      patternTypeFilter: { type: 'int8', default: 3 },
      principalFilter: { type: 'string', nullable: '0+' },
      hostFilter: { type: 'string', nullable: '0+' },
      operation: 'int8',
      permissionType: 'int8',
    },
  },
  response: {
    name: 'DescribeAclsResponse',
    versions: '1-3',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      resources: {
        each: {
          resourceType: 'int8',
          resourceName: 'string',
          patternType: { type: 'int8', default: 3 },
          acls: {
            each: {
              principal: 'string',
              host: 'string',
              operation: 'int8',
              permissionType: 'int8',
            },
          },
        },
      },
    },
  },
} as const;

export type DescribeAclsRequest = Message<typeof describeAcls.request>;
export type DescribeAclsRequestDraft = Draft<typeof describeAcls.request>;
export type DescribeAclsResponse = Message<typeof describeAcls.response>;
export type DescribeAclsResponseDraft = Draft<typeof describeAcls.response>;
