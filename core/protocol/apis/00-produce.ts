import type { Draft, Message } from '../schema.ts';

export const produce = {
  key: 0,
  name: 'Produce',
  listeners: ['broker'],
  request: {
    name: 'ProduceRequest',
    versions: '3-13',
    flexible: '9+',
    fields: {
      transactionalId: { type: 'string', nullable: '3+', default: null },
      acks: 'int16',
      timeoutMs: 'int32',
      topicData: {
        each: {
          name: { type: 'string', in: '0-12', ignorable: true },
          topicId: { type: 'uuid', in: '13+', ignorable: true },
          partitionData: {
            each: {
              index: 'int32',
              records: { type: 'records', nullable: '0+' },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'ProduceResponse',
    versions: '3-13',
    flexible: '9+',
    fields: {
      responses: {
        each: {
          name: { type: 'string', in: '0-12', ignorable: true },
          topicId: { type: 'uuid', in: '13+', ignorable: true },
          partitionResponses: {
            each: {
              index: 'int32',
              errorCode: 'int16',
              baseOffset: 'int64',
              logAppendTimeMs: { type: 'int64', default: -1, ignorable: true },
              logStartOffset: { type: 'int64', in: '5+', default: -1, ignorable: true },
              recordErrors: {
                each: {
                  batchIndex: { type: 'int32', in: '8+' },
                  batchIndexErrorMessage: { type: 'string', in: '8+', nullable: '8+', default: null },
                },
                in: '8+',
                ignorable: true,
              },
              errorMessage: { type: 'string', in: '8+', nullable: '8+', default: null, ignorable: true },
              currentLeader: {
                struct: {
                  leaderId: { type: 'int32', in: '10+', default: -1 },
                  leaderEpoch: { type: 'int32', in: '10+', default: -1 },
                },
                in: '10+',
                tag: 0,
              },
            },
          },
        },
      },
      throttleTimeMs: { type: 'int32', ignorable: true },
      nodeEndpoints: {
        each: {
          nodeId: { type: 'int32', in: '10+' },
          host: { type: 'string', in: '10+' },
          port: { type: 'int32', in: '10+' },
          rack: { type: 'string', in: '10+', nullable: '10+', default: null },
        },
        in: '10+',
        tag: 0,
      },
    },
  },
} as const;

export type ProduceRequest = Message<typeof produce.request>;
export type ProduceRequestDraft = Draft<typeof produce.request>;
export type ProduceResponse = Message<typeof produce.response>;
export type ProduceResponseDraft = Draft<typeof produce.response>;
