import type { Draft, Message } from '../schema.ts';

export const txnOffsetCommit = {
  key: 28,
  name: 'TxnOffsetCommit',
  listeners: ['broker'],
  request: {
    name: 'TxnOffsetCommitRequest',
    versions: '0-5',
    flexible: '3+',
    fields: {
      transactionalId: 'string',
      groupId: 'string',
      producerId: 'int64',
      producerEpoch: 'int16',
      generationId: { type: 'int32', in: '3+', default: -1 },
      memberId: { type: 'string', in: '3+' },
      groupInstanceId: { type: 'string', in: '3+', nullable: '3+', default: null },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              committedOffset: 'int64',
              committedLeaderEpoch: { type: 'int32', in: '2+', default: -1, ignorable: true },
              committedMetadata: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'TxnOffsetCommitResponse',
    versions: '0-5',
    flexible: '3+',
    fields: {
      throttleTimeMs: 'int32',
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partitionIndex: 'int32',
              errorCode: 'int16',
            },
          },
        },
      },
    },
  },
} as const;

export type TxnOffsetCommitRequest = Message<typeof txnOffsetCommit.request>;
export type TxnOffsetCommitRequestDraft = Draft<typeof txnOffsetCommit.request>;
export type TxnOffsetCommitResponse = Message<typeof txnOffsetCommit.response>;
export type TxnOffsetCommitResponseDraft = Draft<typeof txnOffsetCommit.response>;
