import type { Draft, Message } from '../schema.ts';

export const beginQuorumEpoch = {
  key: 53,
  name: 'BeginQuorumEpoch',
  listeners: ['controller'],
  request: {
    name: 'BeginQuorumEpochRequest',
    versions: '0-1',
    flexible: '1+',
    fields: {
      clusterId: { type: 'string', nullable: '0+', default: null },
      voterId: { type: 'int32', in: '1+', default: -1, ignorable: true },
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              voterDirectoryId: { type: 'uuid', in: '1+', ignorable: true },
              leaderId: 'int32',
              leaderEpoch: 'int32',
            },
          },
        },
      },
      leaderEndpoints: {
        each: {
          name: { type: 'string', in: '1+' },
          host: { type: 'string', in: '1+' },
          port: { type: 'uint16', in: '1+' },
        },
        in: '1+',
        ignorable: true,
      },
    },
  },
  response: {
    name: 'BeginQuorumEpochResponse',
    versions: '0-1',
    flexible: '1+',
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

export type BeginQuorumEpochRequest = Message<typeof beginQuorumEpoch.request>;
export type BeginQuorumEpochRequestDraft = Draft<typeof beginQuorumEpoch.request>;
export type BeginQuorumEpochResponse = Message<typeof beginQuorumEpoch.response>;
export type BeginQuorumEpochResponseDraft = Draft<typeof beginQuorumEpoch.response>;
