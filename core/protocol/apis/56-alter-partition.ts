import type { Draft, Message } from '../schema.ts';

export const alterPartition = {
  key: 56,
  name: 'AlterPartition',
  listeners: ['controller'],
  request: {
    name: 'AlterPartitionRequest',
    versions: '2-3',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
      brokerEpoch: { type: 'int64', default: -1 },
      topics: {
        each: {
          topicId: { type: 'uuid', ignorable: true },
          partitions: {
            each: {
              partitionIndex: 'int32',
              leaderEpoch: 'int32',
              newIsr: { each: 'int32', in: '0-2' },
              newIsrWithEpochs: {
                each: {
                  brokerId: { type: 'int32', in: '3+' },
                  brokerEpoch: { type: 'int64', in: '3+', default: -1 },
                },
                in: '3+',
              },
              leaderRecoveryState: 'int8',
              partitionEpoch: 'int32',
            },
          },
        },
      },
    },
  },
  response: {
    name: 'AlterPartitionResponse',
    versions: '2-3',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      topics: {
        each: {
          topicId: { type: 'uuid', ignorable: true },
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
              leaderId: 'int32',
              leaderEpoch: 'int32',
              isr: { each: 'int32' },
              leaderRecoveryState: { type: 'int8', ignorable: true },
              partitionEpoch: 'int32',
            },
          },
        },
      },
    },
  },
} as const;

export type AlterPartitionRequest = Message<typeof alterPartition.request>;
export type AlterPartitionRequestDraft = Draft<typeof alterPartition.request>;
export type AlterPartitionResponse = Message<typeof alterPartition.response>;
export type AlterPartitionResponseDraft = Draft<typeof alterPartition.response>;
