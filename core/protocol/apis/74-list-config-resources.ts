import type { Draft, Message } from '../schema.ts';

export const listConfigResources = {
  key: 74,
  name: 'ListConfigResources',
  listeners: ['broker'],
  request: {
    name: 'ListConfigResourcesRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      resourceTypes: { each: 'int8', in: '1+' },
    },
  },
  response: {
    name: 'ListConfigResourcesResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      configResources: {
        each: {
          resourceName: 'string',
          resourceType: { type: 'int8', in: '1+', default: 16, ignorable: true },
        },
      },
    },
  },
} as const;

export type ListConfigResourcesRequest = Message<typeof listConfigResources.request>;
export type ListConfigResourcesRequestDraft = Draft<typeof listConfigResources.request>;
export type ListConfigResourcesResponse = Message<typeof listConfigResources.response>;
export type ListConfigResourcesResponseDraft = Draft<typeof listConfigResources.response>;
