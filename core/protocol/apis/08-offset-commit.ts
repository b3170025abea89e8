import type { Draft, Message } from '../schema.ts';

export const offsetCommit = {
  key: 8,
  name: 'OffsetCommit',
  listeners: ['broker'],
  request: {
    name: 'OffsetCommitRequest',
    versions: '2-10',
    flexible: '8+',
    fields: {
      groupId: 'string',
      generationIdOrMemberEpoch: { type: 'int32', default: -1, ignorable: true },
      memberId: { type: 'string', ignorable: true },
      groupInstanceId: { type: 'string', in: '7+', nullable: '7+', default: null },
      retentionTimeMs: { type: 'int64', in: '2-4', default: -1, ignorable: true },
      topics: {
        each: {
          name: { type: 'string', in: '0-9', ignorable: true },
          topicId: { type: 'uuid', in: '10+', ignorable: true },
          partitions: {
            each: {
              partitionIndex: 'int32',
              committedOffset: 'int64',
              committedLeaderEpoch: { type: 'int32', in: '6+', default: -1, ignorable: true },
              committedMetadata: { type: 'string', nullable: '0+' },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'OffsetCommitResponse',
    versions: '2-10',
    flexible: '8+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '3+', ignorable: true },
      topics: {
        each: {
          name: { type: 'string', in: '0-9', ignorable: true },
          topicId: { type: 'uuid', in: '10+', ignorable: true },
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

export type OffsetCommitRequest = Message<typeof offsetCommit.request>;
export type OffsetCommitRequestDraft = Draft<typeof offsetCommit.request>;
export type OffsetCommitResponse = Message<typeof offsetCommit.response>;
export type OffsetCommitResponseDraft = Draft<typeof offsetCommit.response>;
