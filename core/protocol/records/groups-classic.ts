/** Records of `__consumer_offsets`: offsets and classic groups. The key record starts with an int16 that is its type. */
import type { Draft, Message } from '../schema.ts';

export const legacyOffsetCommitKey = {
  key: 0,
  name: 'LegacyOffsetCommitKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: 'string',
    topic: 'string',
    partition: 'int32',
  },
} as const;
export type LegacyOffsetCommitKey = Message<typeof legacyOffsetCommitKey>;
export type LegacyOffsetCommitKeyDraft = Draft<typeof legacyOffsetCommitKey>;

export const legacyOffsetCommitValue = {
  key: 0,
  name: 'LegacyOffsetCommitValue',
  versions: '0',
  flexible: 'none',
  fields: {
    offset: 'int64',
    metadata: 'string',
    commitTimestamp: 'int64',
  },
} as const;
export type LegacyOffsetCommitValue = Message<typeof legacyOffsetCommitValue>;
export type LegacyOffsetCommitValueDraft = Draft<typeof legacyOffsetCommitValue>;

export const offsetCommitKey = {
  key: 1,
  name: 'OffsetCommitKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: 'string',
    topic: 'string',
    partition: 'int32',
  },
} as const;
export type OffsetCommitKey = Message<typeof offsetCommitKey>;
export type OffsetCommitKeyDraft = Draft<typeof offsetCommitKey>;

export const offsetCommitValue = {
  key: 1,
  name: 'OffsetCommitValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: 'int64',
    leaderEpoch: { type: 'int32', in: '3+', default: -1, ignorable: true },
    metadata: 'string',
    commitTimestamp: 'int64',
    expireTimestamp: { type: 'int64', in: '1', default: -1, ignorable: true },
    topicId: { type: 'uuid', in: '4+', tag: 0, ignorable: true },
  },
} as const;
export type OffsetCommitValue = Message<typeof offsetCommitValue>;
export type OffsetCommitValueDraft = Draft<typeof offsetCommitValue>;

export const groupMetadataKey = {
  key: 2,
  name: 'GroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: 'string',
  },
} as const;
export type GroupMetadataKey = Message<typeof groupMetadataKey>;
export type GroupMetadataKeyDraft = Draft<typeof groupMetadataKey>;

const memberMetadata = {
  memberId: 'string',
  groupInstanceId: { type: 'string', in: '3+', nullable: '3+', default: null, ignorable: true },
  clientId: 'string',
  clientHost: 'string',
  rebalanceTimeout: { type: 'int32', in: '1+', default: -1, ignorable: true },
  sessionTimeout: 'int32',
  subscription: 'bytes',
  assignment: 'bytes',
} as const;

export const groupMetadataValue = {
  key: 2,
  name: 'GroupMetadataValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: 'string',
    generation: 'int32',
    protocol: { type: 'string', nullable: '0+' },
    leader: { type: 'string', nullable: '0+' },
    currentStateTimestamp: { type: 'int64', in: '2+', default: -1, ignorable: true },
    members: { each: memberMetadata as typeof memberMetadata },
  },
} as const;
export type GroupMetadataValue = Message<typeof groupMetadataValue>;
export type GroupMetadataValueDraft = Draft<typeof groupMetadataValue>;
