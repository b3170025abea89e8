import type { Draft, Message } from '../schema.ts';

export const shareAcknowledge = {
  key: 79,
  name: 'ShareAcknowledge',
  listeners: ['broker'],
  request: {
    name: 'ShareAcknowledgeRequest',
    versions: '1-2',
    flexible: '0+',
    fields: {
      groupId: { type: 'string', nullable: '0+', default: null },
      memberId: { type: 'string', nullable: '0+' },
      shareSessionEpoch: 'int32',
      isRenewAck: { type: 'bool', in: '2+' },
      topics: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partitionIndex: 'int32',
              acknowledgementBatches: {
                each: {
                  firstOffset: 'int64',
                  lastOffset: 'int64',
                  acknowledgeTypes: { each: 'int8' },
                },
              },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'ShareAcknowledgeResponse',
    versions: '1-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      acquisitionLockTimeoutMs: { type: 'int32', in: '2+', ignorable: true },
      responses: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+', default: null },
              currentLeader: {
                struct: {
                  leaderId: 'int32',
                  leaderEpoch: 'int32',
                },
              },
            },
          },
        },
      },
      nodeEndpoints: {
        each: {
          nodeId: 'int32',
          host: 'string',
          port: 'int32',
          rack: { type: 'string', nullable: '0+', default: null },
        },
      },
    },
  },
} as const;

export type ShareAcknowledgeRequest = Message<typeof shareAcknowledge.request>;
export type ShareAcknowledgeRequestDraft = Draft<typeof shareAcknowledge.request>;
export type ShareAcknowledgeResponse = Message<typeof shareAcknowledge.response>;
export type ShareAcknowledgeResponseDraft = Draft<typeof shareAcknowledge.response>;
