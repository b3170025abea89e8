import type { Draft, Message } from '../schema.ts';

export const updateRaftVoter = {
  key: 82,
  name: 'UpdateRaftVoter',
  listeners: ['controller'],
  request: {
    name: 'UpdateRaftVoterRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      clusterId: { type: 'string', nullable: '0+' },
      currentLeaderEpoch: 'int32',
      voterId: 'int32',
      voterDirectoryId: 'uuid',
      listeners: {
        each: {
          name: 'string',
          host: 'string',
          port: 'uint16',
        },
      },
      kRaftVersionFeature: {
        struct: {
          minSupportedVersion: 'int16',
          maxSupportedVersion: 'int16',
        },
      },
    },
  },
  response: {
    name: 'UpdateRaftVoterResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      currentLeader: {
        struct: {
          leaderId: { type: 'int32', default: -1 },
          leaderEpoch: { type: 'int32', default: -1 },
          host: 'string',
          port: 'int32',
        },
        tag: 0,
      },
    },
  },
} as const;

export type UpdateRaftVoterRequest = Message<typeof updateRaftVoter.request>;
export type UpdateRaftVoterRequestDraft = Draft<typeof updateRaftVoter.request>;
export type UpdateRaftVoterResponse = Message<typeof updateRaftVoter.response>;
export type UpdateRaftVoterResponseDraft = Draft<typeof updateRaftVoter.response>;
