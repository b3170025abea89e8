/** Records of `__share_group_state`. */
import type { Draft, Message } from '../schema.ts';

export const shareSnapshotKey = {
  key: 0,
  name: 'ShareSnapshotKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    topicId: 'uuid',
    partition: 'int32',
  },
} as const;
export type ShareSnapshotKey = Message<typeof shareSnapshotKey>;
export type ShareSnapshotKeyDraft = Draft<typeof shareSnapshotKey>;

export const shareSnapshotValue = {
  key: 0,
  name: 'ShareSnapshotValue',
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: 'int32',
    stateEpoch: 'int32',
    leaderEpoch: 'int32',
    startOffset: 'int64',
    deliveryCompleteCount: { type: 'int32', tag: 0, default: -1 },
    createTimestamp: 'int64',
    writeTimestamp: 'int64',
    stateBatches: {
      each: {
        firstOffset: 'int64',
        lastOffset: 'int64',
        deliveryState: 'int8',
        deliveryCount: 'int16',
      },
    },
  },
} as const;
export type ShareSnapshotValue = Message<typeof shareSnapshotValue>;
export type ShareSnapshotValueDraft = Draft<typeof shareSnapshotValue>;

export const shareUpdateKey = {
  key: 1,
  name: 'ShareUpdateKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: 'string',
    topicId: 'uuid',
    partition: 'int32',
  },
} as const;
export type ShareUpdateKey = Message<typeof shareUpdateKey>;
export type ShareUpdateKeyDraft = Draft<typeof shareUpdateKey>;

export const shareUpdateValue = {
  key: 1,
  name: 'ShareUpdateValue',
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: 'int32',
    leaderEpoch: 'int32',
    startOffset: 'int64',
    deliveryCompleteCount: { type: 'int32', tag: 0, default: -1 },
    stateBatches: {
      each: {
        firstOffset: 'int64',
        lastOffset: 'int64',
        deliveryState: 'int8',
        deliveryCount: 'int16',
      },
    },
  },
} as const;
export type ShareUpdateValue = Message<typeof shareUpdateValue>;
export type ShareUpdateValueDraft = Draft<typeof shareUpdateValue>;
