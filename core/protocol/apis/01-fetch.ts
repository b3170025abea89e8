import { type Draft, INT64_MAX, type Message } from '../schema.ts';

export const fetch = {
  key: 1,
  name: 'Fetch',
  listeners: ['broker', 'controller'],
  request: {
    name: 'FetchRequest',
    versions: '4-18',
    flexible: '12+',
    fields: {
      clusterId: { type: 'string', in: '12+', nullable: '12+', tag: 0, default: null, ignorable: true },
      replicaId: { type: 'int32', in: '0-14', default: -1 },
      replicaState: {
        struct: {
          replicaId: { type: 'int32', in: '15+', default: -1 },
          replicaEpoch: { type: 'int64', in: '15+', default: -1 },
        },
        in: '15+',
        tag: 1,
      },
      maxWaitMs: 'int32',
      minBytes: 'int32',
      maxBytes: { type: 'int32', default: 2147483647, ignorable: true },
      isolationLevel: { type: 'int8', ignorable: true },
      sessionId: { type: 'int32', in: '7+', ignorable: true },
      sessionEpoch: { type: 'int32', in: '7+', default: -1, ignorable: true },
      topics: {
        each: {
          topic: { type: 'string', in: '0-12', ignorable: true },
          topicId: { type: 'uuid', in: '13+', ignorable: true },
          partitions: {
            each: {
              partition: 'int32',
              currentLeaderEpoch: { type: 'int32', in: '9+', default: -1, ignorable: true },
              fetchOffset: 'int64',
              lastFetchedEpoch: { type: 'int32', in: '12+', default: -1 },
              logStartOffset: { type: 'int64', in: '5+', default: -1, ignorable: true },
              partitionMaxBytes: 'int32',
              replicaDirectoryId: { type: 'uuid', in: '17+', tag: 0, ignorable: true },
              highWatermark: {
                type: 'int64',
                in: '18+',
                tag: 1,
                default: INT64_MAX as typeof INT64_MAX,
                ignorable: true,
              },
            },
          },
        },
      },
      forgottenTopicsData: {
        each: {
          topic: { type: 'string', in: '7-12', ignorable: true },
          topicId: { type: 'uuid', in: '13+', ignorable: true },
          partitions: { each: 'int32', in: '7+' },
        },
        in: '7+',
      },
      rackId: { type: 'string', in: '11+', ignorable: true },
    },
  },
  response: {
    name: 'FetchResponse',
    versions: '4-18',
    flexible: '12+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      errorCode: { type: 'int16', in: '7+', ignorable: true },
      sessionId: { type: 'int32', in: '7+' },
      responses: {
        each: {
          topic: { type: 'string', in: '0-12', ignorable: true },
          topicId: { type: 'uuid', in: '13+', ignorable: true },
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              highWatermark: 'int64',
              lastStableOffset: { type: 'int64', default: -1, ignorable: true },
              logStartOffset: { type: 'int64', in: '5+', default: -1, ignorable: true },
              divergingEpoch: {
                struct: {
                  epoch: { type: 'int32', in: '12+', default: -1 },
                  endOffset: { type: 'int64', in: '12+', default: -1 },
                },
                in: '12+',
                tag: 0,
              },
              currentLeader: {
                struct: {
                  leaderId: { type: 'int32', in: '12+', default: -1 },
                  leaderEpoch: { type: 'int32', in: '12+', default: -1 },
                },
                in: '12+',
                tag: 1,
              },
              snapshotId: {
                struct: {
                  endOffset: { type: 'int64', default: -1 },
                  epoch: { type: 'int32', default: -1 },
                },
                in: '12+',
                tag: 2,
              },
              abortedTransactions: {
                each: {
                  producerId: 'int64',
                  firstOffset: 'int64',
                },
                nullable: '4+',
                ignorable: true,
              },
              preferredReadReplica: { type: 'int32', in: '11+', default: -1 },
              records: { type: 'records', nullable: '0+' },
            },
          },
        },
      },
      nodeEndpoints: {
        each: {
          nodeId: { type: 'int32', in: '16+' },
          host: { type: 'string', in: '16+' },
          port: { type: 'int32', in: '16+' },
          rack: { type: 'string', in: '16+', nullable: '16+', default: null },
        },
        in: '16+',
        tag: 0,
      },
    },
  },
} as const;

export type FetchRequest = Message<typeof fetch.request>;
export type FetchRequestDraft = Draft<typeof fetch.request>;
export type FetchResponse = Message<typeof fetch.response>;
export type FetchResponseDraft = Draft<typeof fetch.response>;
