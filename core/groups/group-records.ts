/** The records that a group is stored as, byte for byte Kafka's. */
import {
  encodeRecordKey,
  encodeRecordValue,
  type GroupMetadataValueDraft,
  groupRecords,
  type OffsetCommitValue,
} from '../protocol/index.ts';
import type { CommittedOffset } from './group-offsets.ts';

export interface GroupLogRecord {
  readonly key: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
}

/** v1 is the only version that carries an expiry; v4 is the first that carries the topic's id. */
const OFFSET_VERSION = 4;
const OFFSET_VERSION_WITH_EXPIRY = 1;
const GROUP_VERSION = 3;

export function offsetRecord(
  group: string,
  topic: string,
  partition: number,
  committed: CommittedOffset,
): GroupLogRecord {
  const { expireWallMs } = committed;
  const version = expireWallMs === null ? OFFSET_VERSION : OFFSET_VERSION_WITH_EXPIRY;
  return {
    key: encodeRecordKey(groupRecords.offsetCommit, { group, topic, partition }),
    value: encodeRecordValue(groupRecords.offsetCommit, version, {
      offset: committed.offset,
      leaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      commitTimestamp: committed.commitWallMs,
      expireTimestamp: expireWallMs ?? -1,
      topicId: committed.topicId,
    }),
  };
}

export function offsetTombstone(group: string, topic: string, partition: number): GroupLogRecord {
  return { key: encodeRecordKey(groupRecords.offsetCommit, { group, topic, partition }), value: null };
}

export function groupRecord(group: string, value: GroupMetadataValueDraft): GroupLogRecord {
  return {
    key: encodeRecordKey(groupRecords.groupMetadata, { group }),
    value: encodeRecordValue(groupRecords.groupMetadata, GROUP_VERSION, value),
  };
}

export function groupTombstone(group: string): GroupLogRecord {
  return { key: encodeRecordKey(groupRecords.groupMetadata, { group }), value: null };
}

export function committedFrom(value: OffsetCommitValue, order: number): CommittedOffset {
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitWallMs: value.commitTimestamp,
    expireWallMs: value.expireTimestamp === -1 ? null : value.expireTimestamp,
    topicId: value.topicId,
    order,
  };
}
