import type { Draft, Message } from '../schema.ts';

export const alterClientQuotas = {
  key: 49,
  name: 'AlterClientQuotas',
  listeners: ['broker', 'controller'],
  request: {
    name: 'AlterClientQuotasRequest',
    versions: '0-1',
    flexible: '1+',
    fields: {
      entries: {
        each: {
          entity: {
            each: {
              entityType: 'string',
              entityName: { type: 'string', nullable: '0+' },
            },
          },
          ops: {
            each: {
              key: 'string',
              value: 'float64',
              remove: 'bool',
            },
          },
        },
      },
      validateOnly: 'bool',
    },
  },
  response: {
    name: 'AlterClientQuotasResponse',
    versions: '0-1',
    flexible: '1+',
    fields: {
      throttleTimeMs: 'int32',
      entries: {
        each: {
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
          entity: {
            each: {
              entityType: 'string',
              entityName: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
    },
  },
} as const;

export type AlterClientQuotasRequest = Message<typeof alterClientQuotas.request>;
export type AlterClientQuotasRequestDraft = Draft<typeof alterClientQuotas.request>;
export type AlterClientQuotasResponse = Message<typeof alterClientQuotas.response>;
export type AlterClientQuotasResponseDraft = Draft<typeof alterClientQuotas.response>;
