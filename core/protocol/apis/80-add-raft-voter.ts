import type { Draft, Message } from '../schema.ts';

export const addRaftVoter = {
  key: 80,
  name: 'AddRaftVoter',
  listeners: ['controller', 'broker'],
  request: {
    name: 'AddRaftVoterRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      clusterId: { type: 'string', nullable: '0+' },
      timeoutMs: 'int32',
      voterId: 'int32',
      voterDirectoryId: 'uuid',
      listeners: {
        each: {
          name: 'string',
          host: 'string',
          port: 'uint16',
        },
      },
      ackWhenCommitted: { type: 'bool', in: '1+', default: true },
    },
  },
  response: {
    name: 'AddRaftVoterResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', ignorable: true },
    },
  },
} as const;

export type AddRaftVoterRequest = Message<typeof addRaftVoter.request>;
export type AddRaftVoterRequestDraft = Draft<typeof addRaftVoter.request>;
export type AddRaftVoterResponse = Message<typeof addRaftVoter.response>;
export type AddRaftVoterResponseDraft = Draft<typeof addRaftVoter.response>;
