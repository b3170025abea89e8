import type { Draft, Message } from '../schema.ts';

const replicaState = {
  replicaId: 'int32',
  replicaDirectoryId: { type: 'uuid', in: '2+' },
  logEndOffset: 'int64',
  lastFetchTimestamp: { type: 'int64', in: '1+', default: -1, ignorable: true },
  lastCaughtUpTimestamp: { type: 'int64', in: '1+', default: -1, ignorable: true },
} as const;

export const describeQuorum = {
  key: 55,
  name: 'DescribeQuorum',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeQuorumRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'DescribeQuorumResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      errorCode: 'int16',
      errorMessage: { type: 'string', in: '2+', nullable: '2+', ignorable: true },
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', in: '2+', nullable: '2+', ignorable: true },
              leaderId: 'int32',
              leaderEpoch: 'int32',
              highWatermark: 'int64',
              currentVoters: { each: replicaState as typeof replicaState },
              observers: { each: replicaState as typeof replicaState },
            },
          },
        },
      },
      nodes: {
        each: {
          nodeId: { type: 'int32', in: '2+' },
          listeners: {
            each: {
              name: { type: 'string', in: '2+' },
              host: { type: 'string', in: '2+' },
              port: { type: 'uint16', in: '2+' },
            },
            in: '2+',
          },
        },
        in: '2+',
      },
    },
  },
} as const;

export type DescribeQuorumRequest = Message<typeof describeQuorum.request>;
export type DescribeQuorumRequestDraft = Draft<typeof describeQuorum.request>;
export type DescribeQuorumResponse = Message<typeof describeQuorum.response>;
export type DescribeQuorumResponseDraft = Draft<typeof describeQuorum.response>;
