import type { Draft, Message } from '../schema.ts';

export const describeClientQuotas = {
  key: 48,
  name: 'DescribeClientQuotas',
  listeners: ['broker'],
  request: {
    name: 'DescribeClientQuotasRequest',
    versions: '0-1',
    flexible: '1+',
    fields: {
      components: {
        each: {
          entityType: 'string',
          matchType: 'int8',
          match: { type: 'string', nullable: '0+' },
        },
      },
      strict: 'bool',
    },
  },
  response: {
    name: 'DescribeClientQuotasResponse',
    versions: '0-1',
    flexible: '1+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      entries: {
        each: {
          entity: {
            each: {
              entityType: 'string',
              entityName: { type: 'string', nullable: '0+' },
            },
          },
          values: {
            each: {
              key: 'string',
              value: 'float64',
            },
          },
        },
        nullable: '0+',
      },
    },
  },
} as const;

export type DescribeClientQuotasRequest = Message<typeof describeClientQuotas.request>;
export type DescribeClientQuotasRequestDraft = Draft<typeof describeClientQuotas.request>;
export type DescribeClientQuotasResponse = Message<typeof describeClientQuotas.response>;
export type DescribeClientQuotasResponseDraft = Draft<typeof describeClientQuotas.response>;
