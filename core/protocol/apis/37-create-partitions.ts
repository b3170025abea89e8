import type { Draft, Message } from '../schema.ts';

export const createPartitions = {
  key: 37,
  name: 'CreatePartitions',
  listeners: ['broker', 'controller'],
  request: {
    name: 'CreatePartitionsRequest',
    versions: '0-3',
    flexible: '2+',
    fields: {
      topics: {
        each: {
          name: 'string',
          count: 'int32',
          assignments: {
            each: {
              brokerIds: { each: 'int32' },
            },
            nullable: '0+',
          },
        },
      },
      timeoutMs: 'int32',
      validateOnly: 'bool',
    },
  },
  response: {
    name: 'CreatePartitionsResponse',
    versions: '0-3',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          name: 'string',
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+', default: null },
        },
      },
    },
  },
} as const;

export type CreatePartitionsRequest = Message<typeof createPartitions.request>;
export type CreatePartitionsRequestDraft = Draft<typeof createPartitions.request>;
export type CreatePartitionsResponse = Message<typeof createPartitions.response>;
export type CreatePartitionsResponseDraft = Draft<typeof createPartitions.response>;
