import {
  DecodeError,
  decodeCoordinatorRecord,
  type GroupMetadataValue,
  type GroupRecord,
  groupRecords,
  ZERO_UUID,
} from '../protocol/index.ts';
import {
  batchCrcIsValid,
  batches,
  batchProducerId,
  controlRecordType,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
} from '../records/index.ts';
import type { Codecs, Logger } from '../runtime.ts';
import type { GroupFaults } from './faults.ts';
import { type CommittedOffset, GroupOffsets } from './group-offsets.ts';
import { committedFrom } from './group-records.ts';

/** A group as its partition's log tells it. */
export interface LoadedGroup {
  readonly offsets: GroupOffsets;
  metadata: GroupMetadataValue | null;
}

/**
 * Replays a partition of `__consumer_offsets`. A record that cannot be read (of a later release, or damaged) is passed
 * over: one bad group must not take the others along.
 */
export class GroupLoader {
  readonly groups: Map<string, LoadedGroup> = new Map();
  /** Records replayed: the order of those that come after. */
  order = 0;
  skipped = 0;
  readonly #codecs: Codecs;
  readonly #log: Logger;
  readonly #faults: GroupFaults;
  readonly #cursor = new RecordCursor();

  constructor(codecs: Codecs, log: Logger, faults: GroupFaults) {
    this.#codecs = codecs;
    this.#log = log;
    this.#faults = faults;
  }

  visit(bytes: Uint8Array): void {
    for (const boundary of batches(bytes)) {
      if (boundary.kind !== 'batch') {
        this.#log.warn('a group log has bytes that are no batch', { ...boundary });
        return;
      }
      this.#batch(bytes, boundary.at);
    }
  }

  #batch(bytes: Uint8Array, at: number): void {
    const cursor = this.#cursor;
    const producerId = batchProducerId(bytes, at);
    if (!batchCrcIsValid(bytes, at, this.#codecs)) {
      // Damaged since it was written: an offset in it would be one that nobody committed.
      this.skipped++;
      this.#log.warn('a batch of a group log cannot be read', { reason: 'the CRC is wrong' });
      return;
    }
    if (!cursor.open(bytes, at, this.#codecs)) this.skipped++;
    else if (isControlBatch(bytes, at)) {
      while (cursor.next()) {
        const type = controlRecordType(cursor.key());
        if (type === 'commit' || type === 'abort') this.#endTransaction(producerId, type);
      }
    } else {
      const holder = isTransactionalBatch(bytes, at) ? producerId : null;
      while (cursor.next()) {
        this.order++;
        this.#record(cursor.key(), cursor.value(), holder);
      }
    }
    if (cursor.failure !== null) this.#log.warn('a batch of a group log cannot be read', { reason: cursor.failure });
    cursor.close();
  }

  #endTransaction(producerId: number, outcome: 'commit' | 'abort'): void {
    for (const { offsets } of this.groups.values()) {
      offsets.endTransaction(producerId, outcome, this.#faults.arrivalOrderCommits);
    }
  }

  #record(key: Uint8Array | null, value: Uint8Array | null, producerId: number | null): void {
    const record = this.#decode(key, value);
    if (record === null) return;
    if (record.type === 'offsetCommit') {
      const { group, topic, partition } = record.key;
      const committed = record.value === null ? null : committedFrom(record.value, this.order);
      this.#offset(group, topic, partition, committed, producerId);
    } else if (record.type === 'legacyOffsetCommit') {
      const { group, topic, partition } = record.key;
      const committed =
        record.value === null
          ? null
          : committedFrom({ ...record.value, leaderEpoch: -1, expireTimestamp: -1, topicId: ZERO_UUID }, this.order);
      this.#offset(group, topic, partition, committed, producerId);
    } else if (record.type === 'groupMetadata') {
      const group = this.#group(record.key.group);
      // Views of the replayed piece would keep all of it in memory.
      group.metadata = record.value === null ? null : ownBytes(record.value);
    }
  }

  #decode(key: Uint8Array | null, value: Uint8Array | null): GroupRecord | null {
    try {
      if (key === null) throw new DecodeError('a record without key');
      return decodeCoordinatorRecord(groupRecords, key, value);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.skipped++;
      this.#log.warn('a record of a group log cannot be read', { reason: error.message });
      return null;
    }
  }

  #offset(
    groupId: string,
    topic: string,
    partition: number,
    committed: CommittedOffset | null,
    producerId: number | null,
  ): void {
    const { offsets } = this.#group(groupId);
    if (committed === null) offsets.remove(topic, partition);
    else if (this.#faults.forgetCommits === true) return;
    else if (this.#faults.oldestCommitWins === true && offsets.get(topic, partition) !== undefined) return;
    else if (producerId === null) offsets.commit(topic, partition, committed);
    else offsets.hold(producerId, topic, partition, committed);
  }

  #group(groupId: string): LoadedGroup {
    let group = this.groups.get(groupId);
    if (group === undefined) {
      group = { offsets: new GroupOffsets(), metadata: null };
      this.groups.set(groupId, group);
    }
    return group;
  }
}

function ownBytes(value: GroupMetadataValue): GroupMetadataValue {
  return {
    ...value,
    members: value.members.map((member) => ({
      ...member,
      subscription: member.subscription.slice(),
      assignment: member.assignment.slice(),
    })),
  };
}
