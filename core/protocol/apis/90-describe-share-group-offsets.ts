import type { Draft, Message } from '../schema.ts';

export const describeShareGroupOffsets = {
  key: 90,
  name: 'DescribeShareGroupOffsets',
  listeners: ['broker'],
  request: {
    name: 'DescribeShareGroupOffsetsRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      groups: {
        each: {
          groupId: 'string',
          topics: {
            each: {
              topicName: 'string',
              partitions: { each: 'int32' },
            },
            nullable: '0+',
          },
        },
      },
    },
  },
  response: {
    name: 'DescribeShareGroupOffsetsResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      groups: {
        each: {
          groupId: 'string',
          topics: {
            each: {
              topicName: 'string',
              topicId: 'uuid',
              partitions: {
                each: {
                  partitionIndex: 'int32',
                  startOffset: 'int64',
                  leaderEpoch: 'int32',
                  lag: { type: 'int64', in: '1+', default: -1, ignorable: true },
                  errorCode: 'int16',
                  errorMessage: { type: 'string', nullable: '0+', default: null },
                },
              },
            },
          },
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+', default: null },
        },
      },
    },
  },
} as const;

export type DescribeShareGroupOffsetsRequest = Message<typeof describeShareGroupOffsets.request>;
export type DescribeShareGroupOffsetsRequestDraft = Draft<typeof describeShareGroupOffsets.request>;
export type DescribeShareGroupOffsetsResponse = Message<typeof describeShareGroupOffsets.response>;
export type DescribeShareGroupOffsetsResponseDraft = Draft<typeof describeShareGroupOffsets.response>;
