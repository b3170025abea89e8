import type { Draft, Message } from '../schema.ts';

export const removeRaftVoter = {
  key: 81,
  name: 'RemoveRaftVoter',
  listeners: ['controller', 'broker'],
  request: {
    name: 'RemoveRaftVoterRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      clusterId: { type: 'string', nullable: '0+' },
      voterId: 'int32',
      voterDirectoryId: 'uuid',
    },
  },
  response: {
    name: 'RemoveRaftVoterResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', ignorable: true },
    },
  },
} as const;

export type RemoveRaftVoterRequest = Message<typeof removeRaftVoter.request>;
export type RemoveRaftVoterRequestDraft = Draft<typeof removeRaftVoter.request>;
export type RemoveRaftVoterResponse = Message<typeof removeRaftVoter.response>;
export type RemoveRaftVoterResponseDraft = Draft<typeof removeRaftVoter.response>;
