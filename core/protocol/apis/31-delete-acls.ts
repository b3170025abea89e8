import type { Draft, Message } from '../schema.ts';

export const deleteAcls = {
  key: 31,
  name: 'DeleteAcls',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DeleteAclsRequest',
    versions: '1-3',
    flexible: '2+',
    fields: {
      filters: {
        each: {
          resourceTypeFilter: 'int8',
          resourceNameFilter: { type: 'string', nullable: '0+' },
          patternTypeFilter: { type: 'int8', default: 3 },
          principalFilter: { type: 'string', nullable: '0+' },
          hostFilter: { type: 'string', nullable: '0+' },
          operation: 'int8',
          permissionType: 'int8',
        },
      },
    },
  },
  response: {
    name: 'DeleteAclsResponse',
    versions: '1-3',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      filterResults: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
          matchingAcls: {
            each: {
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+' },
              resourceType: 'int8',
              resourceName: 'string',
              patternType: { type: 'int8', default: 3 },
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

export type DeleteAclsRequest = Message<typeof deleteAcls.request>;
export type DeleteAclsRequestDraft = Draft<typeof deleteAcls.request>;
export type DeleteAclsResponse = Message<typeof deleteAcls.response>;
export type DeleteAclsResponseDraft = Draft<typeof deleteAcls.response>;
