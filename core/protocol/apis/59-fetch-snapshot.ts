import type { Draft, Message } from '../schema.ts';

export const fetchSnapshot = {
  key: 59,
  name: 'FetchSnapshot',
  listeners: ['controller'],
  request: {
    name: 'FetchSnapshotRequest',
    versions: '0-1',
    flexible: '0+',
    fields: {
      clusterId: { type: 'string', nullable: '0+', tag: 0, default: null },
      replicaId: { type: 'int32', default: -1 },
      maxBytes: { type: 'int32', default: 2147483647 },
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              partition: 'int32',
              currentLeaderEpoch: 'int32',
              snapshotId: {
                struct: {
                  endOffset: 'int64',
                  epoch: 'int32',
                },
              },
              position: 'int64',
              replicaDirectoryId: { type: 'uuid', in: '1+', tag: 0, ignorable: true },
            },
          },
        },
      },
    },
  },
  response: {
    name: 'FetchSnapshotResponse',
    versions: '0-1',
    flexible: '0+',
    fields: {
      throttleTimeMs: { type: 'int32', ignorable: true },
      errorCode: 'int16',
      topics: {
        each: {
          name: 'string',
          partitions: {
            each: {
              index: 'int32',
              errorCode: 'int16',
              snapshotId: {
                struct: {
                  endOffset: 'int64',
                  epoch: 'int32',
                },
              },
              currentLeader: {
                struct: {
                  leaderId: 'int32',
                  leaderEpoch: 'int32',
                },
                tag: 0,
              },
              size: 'int64',
              position: 'int64',
              unalignedRecords: 'records',
            },
          },
        },
      },
      nodeEndpoints: {
        each: {
          nodeId: { type: 'int32', in: '1+' },
          host: { type: 'string', in: '1+' },
          port: { type: 'uint16', in: '1+' },
        },
        in: '1+',
        tag: 0,
      },
    },
  },
} as const;

export type FetchSnapshotRequest = Message<typeof fetchSnapshot.request>;
export type FetchSnapshotRequestDraft = Draft<typeof fetchSnapshot.request>;
export type FetchSnapshotResponse = Message<typeof fetchSnapshot.response>;
export type FetchSnapshotResponseDraft = Draft<typeof fetchSnapshot.response>;
