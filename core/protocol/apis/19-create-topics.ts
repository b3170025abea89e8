import type { Draft, Message } from '../schema.ts';

export const createTopics = {
  key: 19,
  name: 'CreateTopics',
  listeners: ['broker', 'controller'],
  request: {
    name: 'CreateTopicsRequest',
    versions: '2-7',
    flexible: '5+',
    fields: {
      topics: {
        each: {
          name: 'string',
          numPartitions: 'int32',
          replicationFactor: 'int16',
          assignments: {
            each: {
              partitionIndex: 'int32',
              brokerIds: { each: 'int32' },
            },
          },
          configs: {
            each: {
              name: 'string',
              value: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
      timeoutMs: { type: 'int32', default: 60000 },
      validateOnly: 'bool',
    },
  },
  response: {
    name: 'CreateTopicsResponse',
    versions: '2-7',
    flexible: '5+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      topics: {
        each: {
          name: 'string',
          topicId: { type: 'uuid', in: '7+', ignorable: true },
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+', ignorable: true },
          topicConfigErrorCode: { type: 'int16', in: '5+', tag: 0, ignorable: true },
          numPartitions: { type: 'int32', in: '5+', default: -1, ignorable: true },
          replicationFactor: { type: 'int16', in: '5+', default: -1, ignorable: true },
          configs: {
            each: {
              name: { type: 'string', in: '5+' },
              value: { type: 'string', in: '5+', nullable: '5+' },
              readOnly: { type: 'bool', in: '5+' },
              configSource: { type: 'int8', in: '5+', default: -1, ignorable: true },
              isSensitive: { type: 'bool', in: '5+' },
            },
            in: '5+',
            nullable: '5+',
            ignorable: true,
          },
        },
      },
    },
  },
} as const;

export type CreateTopicsRequest = Message<typeof createTopics.request>;
export type CreateTopicsRequestDraft = Draft<typeof createTopics.request>;
export type CreateTopicsResponse = Message<typeof createTopics.response>;
export type CreateTopicsResponseDraft = Draft<typeof createTopics.response>;
