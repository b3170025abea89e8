import type { Draft, Message } from '../schema.ts';

export const assignReplicasToDirs = {
  key: 73,
  name: 'AssignReplicasToDirs',
  listeners: ['controller'],
  request: {
    name: 'AssignReplicasToDirsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
      brokerEpoch: { type: 'int64', default: -1 },
      directories: {
        each: {
          id: 'uuid',
          topics: {
            each: {
              topicId: 'uuid',
              partitions: {
                each: {
                  partitionIndex: 'int32',
                },
              },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'AssignReplicasToDirsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      directories: {
        each: {
          id: 'uuid',
          topics: {
            each: {
              topicId: 'uuid',
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
    },
  },
} as const;

export type AssignReplicasToDirsRequest = Message<typeof assignReplicasToDirs.request>;
export type AssignReplicasToDirsRequestDraft = Draft<typeof assignReplicasToDirs.request>;
export type AssignReplicasToDirsResponse = Message<typeof assignReplicasToDirs.response>;
export type AssignReplicasToDirsResponseDraft = Draft<typeof assignReplicasToDirs.response>;
