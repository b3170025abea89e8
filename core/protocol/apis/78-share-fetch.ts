import type { Draft, Message } from '../schema.ts';

export const shareFetch = {
  key: 78,
  name: 'ShareFetch',
  listeners: ['broker'],
  request: {
    name: 'ShareFetchRequest',
    versions: '1-2',
    flexible: '0+',
    fields: {
      groupId: { type: 'string', nullable: '0+', default: null },
      memberId: { type: 'string', nullable: '0+' },
      shareSessionEpoch: 'int32',
      maxWaitMs: 'int32',
      minBytes: 'int32',
      maxBytes: { type: 'int32', default: 2147483647 },
      maxRecords: 'int32',
      batchSize: 'int32',
      shareAcquireMode: { type: 'int8', in: '2+', ignorable: true },
      isRenewAck: { type: 'bool', in: '2+' },
      topics: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partitionIndex: 'int32',
              partitionMaxBytes: { type: 'int32', in: '0' },
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
      forgottenTopicsData: {
        each: {
          topicId: 'uuid',
          partitions: { each: 'int32' },
        },
      },
    },
  },
  response: {
    name: 'ShareFetchResponse',
    versions: '1-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      acquisitionLockTimeoutMs: 'int32',
      responses: {
        each: {
          topicId: 'uuid',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+', default: null },
              acknowledgeErrorCode: 'int16',
              acknowledgeErrorMessage: { type: 'string', nullable: '0+', default: null },
              currentLeader: {
                struct: {
                  leaderId: 'int32',
                  leaderEpoch: 'int32',
                },
              },
              records: { type: 'records', nullable: '0' },
              acquiredRecords: {
                each: {
                  firstOffset: 'int64',
                  lastOffset: 'int64',
                  deliveryCount: 'int16',
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

export type ShareFetchRequest = Message<typeof shareFetch.request>;
export type ShareFetchRequestDraft = Draft<typeof shareFetch.request>;
export type ShareFetchResponse = Message<typeof shareFetch.response>;
export type ShareFetchResponseDraft = Draft<typeof shareFetch.response>;
