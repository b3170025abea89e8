import type { Draft, Message } from '../schema.ts';

export const describeLogDirs = {
  key: 35,
  name: 'DescribeLogDirs',
  listeners: ['broker'],
  request: {
    name: 'DescribeLogDirsRequest',
    versions: '1-5',
    flexible: '2+',
    fields: {
      topics: {
        each: {
          topic: 'string',
          partitions: { each: 'int32' },
        },
        nullable: '0+',
      },
    },
  },
  response: {
    name: 'DescribeLogDirsResponse',
    versions: '1-5',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: { type: 'int16', in: '3+', ignorable: true },
      results: {
        each: {
          errorCode: 'int16',
          logDir: 'string',
          topics: {
            each: {
              name: 'string',
              partitions: {
                each: {
                  partitionIndex: 'int32',
                  partitionSize: 'int64',
                  offsetLag: 'int64',
                  isFutureKey: 'bool',
                },
              },
            },
          },
          totalBytes: { type: 'int64', in: '4+', default: -1, ignorable: true },
          usableBytes: { type: 'int64', in: '4+', default: -1, ignorable: true },
          isCordoned: { type: 'bool', in: '5+', ignorable: true },
        },
      },
    },
  },
} as const;

export type DescribeLogDirsRequest = Message<typeof describeLogDirs.request>;
export type DescribeLogDirsRequestDraft = Draft<typeof describeLogDirs.request>;
export type DescribeLogDirsResponse = Message<typeof describeLogDirs.response>;
export type DescribeLogDirsResponseDraft = Draft<typeof describeLogDirs.response>;
