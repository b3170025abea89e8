import type { Draft, Message } from '../schema.ts';

export const vote = {
  key: 52,
  name: 'Vote',
  listeners: ['controller'],
  request: {
    name: 'VoteRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      clusterId: { type: 'string', nullable: '0+', default: null },
      voterId: { type: 'int32', in: '1+', default: -1, ignorable: true },
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              replicaEpoch: 'int32',
              replicaId: 'int32',
              replicaDirectoryId: { type: 'uuid', in: '1+', ignorable: true },
              voterDirectoryId: { type: 'uuid', in: '1+', ignorable: true },
              lastOffsetEpoch: 'int32',
              lastOffset: 'int64',
              preVote: { type: 'bool', in: '2+' },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'VoteResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      errorCode: 'int16',
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              leaderId: 'int32',
              leaderEpoch: 'int32',
              voteGranted: 'bool',
            },
          },
        },
      },
      nodeEndpoints: {
        each: {
          nodeId: { type: 'int32', in: '1+' },
          host: { type: 'string', in: '1+' },
          port: { type: 'uint16', in: '1+' },
        },
        in: '1+',
        tag: 0,
      },
    },
  },
} as const;

export type VoteRequest = Message<typeof vote.request>;
export type VoteRequestDraft = Draft<typeof vote.request>;
export type VoteResponse = Message<typeof vote.response>;
export type VoteResponseDraft = Draft<typeof vote.response>;
