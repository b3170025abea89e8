import type { Draft, Message } from '../schema.ts';

export const createAcls = {
  key: 30,
  name: 'CreateAcls',
  listeners: ['broker', 'controller'],
  request: {
    name: 'CreateAclsRequest',
    versions: '1-3',
    flexible: '2+',
    fields: {
      creations: {
        each: {
          resourceType: 'int8',
          resourceName: 'string',
          resourcePatternType: { type: 'int8', default: 3 },
          principal: 'string',
          host: 'string',
          operation: 'int8',
          permissionType: 'int8',
        },
      },
    },
  },
  response: {
    name: 'CreateAclsResponse',
    versions: '1-3',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
        },
      },
    },
  },
} as const;

export type CreateAclsRequest = Message<typeof createAcls.request>;
export type CreateAclsRequestDraft = Draft<typeof createAcls.request>;
export type CreateAclsResponse = Message<typeof createAcls.response>;
export type CreateAclsResponseDraft = Draft<typeof createAcls.response>;
