import type { Draft, Message } from '../schema.ts';

export const electLeaders = {
  key: 43,
  name: 'ElectLeaders',
  listeners: ['broker', 'controller'],
  request: {
    name: 'ElectLeadersRequest',
    versions: '0-2',
    flexible: '2+',
    fields: {
      electionType: { type: 'int8', in: '1+' },
      topicPartitions: {
        each: {
          topic: 'string',
          partitions: { each: 'int32' },
        },
        nullable: '0+',
      },
      timeoutMs: { type: 'int32', default: 60000 },
    },
  },
  response: {
    name: 'ElectLeadersResponse',
    versions: '0-2',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: { type: 'int16', in: '1+' },
      replicaElectionResults: {
        each: {
          topic: 'string',
          partitionResult: {
            each: {
              partitionId: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
    },
  },
} as const;

export type ElectLeadersRequest = Message<typeof electLeaders.request>;
export type ElectLeadersRequestDraft = Draft<typeof electLeaders.request>;
export type ElectLeadersResponse = Message<typeof electLeaders.response>;
export type ElectLeadersResponseDraft = Draft<typeof electLeaders.response>;
