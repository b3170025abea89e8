import type { Draft, Message } from '../schema.ts';

export const alterPartitionReassignments = {
  key: 45,
  name: 'AlterPartitionReassignments',
  listeners: ['broker', 'controller'],
  request: {
    name: 'AlterPartitionReassignmentsRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      timeoutMs: { type: 'int32', default: 60000 },
      allowReplicationFactorChange: { type: 'bool', in: '1+', default: true },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              replicas: { each: 'int32', nullable: '0+', default: null },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'AlterPartitionReassignmentsResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      allowReplicationFactorChange: { type: 'bool', in: '1+', default: true, ignorable: true },
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      responses: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              errorMessage: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
    },
  },
} as const;

export type AlterPartitionReassignmentsRequest = Message<typeof alterPartitionReassignments.request>;
export type AlterPartitionReassignmentsRequestDraft = Draft<typeof alterPartitionReassignments.request>;
export type AlterPartitionReassignmentsResponse = Message<typeof alterPartitionReassignments.response>;
export type AlterPartitionReassignmentsResponseDraft = Draft<typeof alterPartitionReassignments.response>;
