import type { Draft, Message } from '../schema.ts';

export const incrementalAlterConfigs = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  listeners: ['broker', 'controller'],
  request: {
    name: 'IncrementalAlterConfigsRequest',
    versions: '0-1',
    flexible: '1+',
    fields: {
      resources: {
        each: {
          resourceType: 'int8',
          resourceName: 'string',
          configs: {
            each: {
              name: 'string',
              configOperation: 'int8',
              value: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
      validateOnly: 'bool',
    },
  },
  response: {
    name: 'IncrementalAlterConfigsResponse',
    versions: '0-1',
    flexible: '1+',
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

export type IncrementalAlterConfigsRequest = Message<typeof incrementalAlterConfigs.request>;
export type IncrementalAlterConfigsRequestDraft = Draft<typeof incrementalAlterConfigs.request>;
export type IncrementalAlterConfigsResponse = Message<typeof incrementalAlterConfigs.response>;
export type IncrementalAlterConfigsResponseDraft = Draft<typeof incrementalAlterConfigs.response>;
