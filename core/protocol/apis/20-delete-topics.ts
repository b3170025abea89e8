import type { Draft, Message } from '../schema.ts';

export const deleteTopics = {
  key: 20,
  name: 'DeleteTopics',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DeleteTopicsRequest',
    versions: '1-6',
    flexible: '4+',
    fields: {
      topics: {
        each: {
          name: { type: 'string', in: '6+', nullable: '6+', default: null },
          topicId: { type: 'uuid', in: '6+' },
        },
        in: '6+',
      },
      topicNames: { each: 'string', in: '0-5', ignorable: true },
      timeoutMs: 'int32',
    },
  },
  response: {
    name: 'DeleteTopicsResponse',
    versions: '1-6',
    flexible: '4+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      responses: {
        each: {
          name: { type: 'string', nullable: '6+' },
          topicId: { type: 'uuid', in: '6+', ignorable: true },
          errorCode: 'int16',
          errorMessage: { type: 'string', in: '5+', nullable: '5+', default: null, ignorable: true },
        },
      },
    },
  },
} as const;

export type DeleteTopicsRequest = Message<typeof deleteTopics.request>;
export type DeleteTopicsRequestDraft = Draft<typeof deleteTopics.request>;
export type DeleteTopicsResponse = Message<typeof deleteTopics.response>;
export type DeleteTopicsResponseDraft = Draft<typeof deleteTopics.response>;
