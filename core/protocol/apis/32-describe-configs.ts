import type { Draft, Message } from '../schema.ts';

export const describeConfigs = {
  key: 32,
  name: 'DescribeConfigs',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeConfigsRequest',
    versions: '1-4',
    flexible: '4+',
    fields: {
      resources: {
        each: {
          resourceType: 'int8',
          resourceName: 'string',
          configurationKeys: { each: 'string', nullable: '0+' },
        },
      },
      includeSynonyms: 'bool',
      includeDocumentation: { type: 'bool', in: '3+' },
    },
  },
  response: {
    name: 'DescribeConfigsResponse',
    versions: '1-4',
    flexible: '4+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
          resourceType: 'int8',
          resourceName: 'string',
          configs: {
            each: {
              name: 'string',
              value: { type: 'string', nullable: '0+' },
              readOnly: 'bool',
              configSource: { type: 'int8', default: -1, ignorable: true },
              isSensitive: 'bool',
              synonyms: {
                each: {
                  name: 'string',
                  value: { type: 'string', nullable: '0+' },
                  source: 'int8',
                },
                ignorable: true,
              },
              configType: { type: 'int8', in: '3+', ignorable: true },
              documentation: { type: 'string', in: '3+', nullable: '0+', ignorable: true },
            },
          },
        },
      },
    },
  },
} as const;

export type DescribeConfigsRequest = Message<typeof describeConfigs.request>;
export type DescribeConfigsRequestDraft = Draft<typeof describeConfigs.request>;
export type DescribeConfigsResponse = Message<typeof describeConfigs.response>;
export type DescribeConfigsResponseDraft = Draft<typeof describeConfigs.response>;
