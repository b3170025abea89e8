import type { Draft, Message } from '../schema.ts';

export const endQuorumEpoch = {
  key: 54,
  name: 'EndQuorumEpoch',
  listeners: ['controller'],
  request: {
    name: 'EndQuorumEpochRequest',
    versions: '0-1',
    flexible: '1+',
    fields: {
      clusterId: { type: 'string', nullable: '0+', default: null },
      topics: {
        each: {
          topicName: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              leaderId: 'int32',
              leaderEpoch: 'int32',
              preferredSuccessors: { each: 'int32', in: '0', ignorable: true },
              preferredCandidates: {
                each: {
                  candidateId: { type: 'int32', in: '1+' },
                  candidateDirectoryId: { type: 'uuid', in: '1+' },
                },
                in: '1+',
                ignorable: true,
              },
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
    name: 'EndQuorumEpochResponse',
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

export type EndQuorumEpochRequest = Message<typeof endQuorumEpoch.request>;
export type EndQuorumEpochRequestDraft = Draft<typeof endQuorumEpoch.request>;
export type EndQuorumEpochResponse = Message<typeof endQuorumEpoch.response>;
export type EndQuorumEpochResponseDraft = Draft<typeof endQuorumEpoch.response>;
