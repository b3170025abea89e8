import type { Draft, Message } from '../schema.ts';

export const listPartitionReassignments = {
  key: 46,
  name: 'ListPartitionReassignments',
  listeners: ['broker', 'controller'],
  request: {
    name: 'ListPartitionReassignmentsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      timeoutMs: { type: 'int32', default: 60000 },
      topics: {
        each: {
          name: 'string',
          partitionIndexes: { each: 'int32' },
        },
        nullable: '0+',
        default: null,
      },
    },
  },
  response: {
    name: 'ListPartitionReassignmentsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              replicas: { each: 'int32' },
              addingReplicas: { each: 'int32' },
              removingReplicas: { each: 'int32' },
            },
          },
        },
      },
    },
  },
} as const;

export type ListPartitionReassignmentsRequest = Message<typeof listPartitionReassignments.request>;
export type ListPartitionReassignmentsRequestDraft = Draft<typeof listPartitionReassignments.request>;
export type ListPartitionReassignmentsResponse = Message<typeof listPartitionReassignments.response>;
export type ListPartitionReassignmentsResponseDraft = Draft<typeof listPartitionReassignments.response>;
