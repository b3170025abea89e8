import type { Draft, Message } from '../schema.ts';

export const alterConfigs = {
  key: 33,
  name: 'AlterConfigs',
  listeners: ['broker', 'controller'],
  request: {
    name: 'AlterConfigsRequest',
    versions: '0-2',
    flexible: '2+',
    fields: {
      resources: {
        each: {
          resourceType: 'int8',
          resourceName: 'string',
          configs: {
            each: {
              name: 'string',
              value: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
      validateOnly: 'bool',
    },
  },
  response: {
    name: 'AlterConfigsResponse',
    versions: '0-2',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      responses: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
          resourceType: 'int8',
          resourceName: 'string',
        },
      },
    },
  },
} as const;

export type AlterConfigsRequest = Message<typeof alterConfigs.request>;
export type AlterConfigsRequestDraft = Draft<typeof alterConfigs.request>;
export type AlterConfigsResponse = Message<typeof alterConfigs.response>;
export type AlterConfigsResponseDraft = Draft<typeof alterConfigs.response>;
