import type { Draft, Message } from '../schema.ts';

export const alterReplicaLogDirs = {
  key: 34,
  name: 'AlterReplicaLogDirs',
  listeners: ['broker'],
  request: {
    name: 'AlterReplicaLogDirsRequest',
    versions: '1-2',
    flexible: '2+',
    fields: {
      dirs: {
        each: {
          path: 'string',
          topics: {
            each: {
              name: 'string',
              partitions: { each: 'int32' },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'AlterReplicaLogDirsResponse',
    versions: '1-2',
    flexible: '2+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          topicName: 'string',
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

export type AlterReplicaLogDirsRequest = Message<typeof alterReplicaLogDirs.request>;
export type AlterReplicaLogDirsRequestDraft = Draft<typeof alterReplicaLogDirs.request>;
export type AlterReplicaLogDirsResponse = Message<typeof alterReplicaLogDirs.response>;
export type AlterReplicaLogDirsResponseDraft = Draft<typeof alterReplicaLogDirs.response>;
