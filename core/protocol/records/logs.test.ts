import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { batches, controlRecordType, type DecodedRecord, decodeBatch, isControlBatch } from '../../records/index.ts';
import {
  consumerProtocolAssignment,
  DecodeError,
  decodeCoordinatorRecord,
  decodeMessage,
  decodeMetadataRecord,
  decodeVersioned,
  encodeMessage,
  encodeMetadataRecord,
  encodeRecordKey,
  encodeRecordValue,
  groupRecords,
  leaderChangeMessage,
  metadataRecord,
  type RecordKinds,
  topicRecord,
  transactionRecords,
} from '../index.ts';

/** Records of a segment that a broker of Apache Kafka 4.3.1 wrote. */
function recordsOfLog(name: string): { data: DecodedRecord[]; control: DecodedRecord[] } {
  const log = new Uint8Array(gunzipSync(readFileSync(new URL(`../fixtures/${name}.log.gz`, import.meta.url))));
  const data: DecodedRecord[] = [];
  const control: DecodedRecord[] = [];
  for (const boundary of batches(log)) {
    if (boundary.kind !== 'batch') throw new Error(boundary.kind);
    const batch = decodeBatch(log, boundary.at, nodeCodecs);
    if (batch.kind !== 'records') throw new Error(batch.reason);
    (isControlBatch(log, boundary.at) ? control : data).push(...batch.records);
  }
  return { data, control };
}

function counted(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe('__cluster_metadata', () => {
  const { data, control } = recordsOfLog('cluster_metadata');

  test('every record that Kafka wrote is read, and written back to the byte', () => {
    const records = data.map(({ value }) => {
      const record = decodeMetadataRecord(value!);
      expect(Buffer.compare(encodeMetadataRecord(record), value!)).toBe(0);
      return record;
    });
    expect(counted(records.map(({ type }) => type))).toMatchSnapshot();
    const topics = records.flatMap((one) => (one.type === 'TopicRecord' ? [one.record.name] : []));
    expect(topics).toEqual(expect.arrayContaining(['plain', 'compacted', 'txn']));
  });

  test('so is its leader change', () => {
    const changes = control.filter(({ key }) => controlRecordType(key) === 'leaderChange');
    expect(changes.length).toBeGreaterThan(0);
    for (const { value } of changes) {
      const version = value![1]!;
      const message = decodeMessage(leaderChangeMessage, version, value!);
      expect(message.version).toBe(version);
      expect(encodeMessage(leaderChangeMessage, version, message)).toEqual(value);
    }
  });

  test('a record to append takes the defaults for what it does not say', () => {
    const record = metadataRecord(topicRecord, 0, { name: 'a' });
    expect(record).toEqual({
      type: 'TopicRecord',
      version: 0,
      record: { name: 'a', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    });
    expect(decodeMetadataRecord(encodeMetadataRecord(record))).toEqual(record);
  });

  test.each([
    ['another frame version', [2, 2, 0]],
    ['an unknown record', [1, 99, 0]],
    ['an unknown version', [1, 2, 9]],
    ['nothing', []],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeMetadataRecord(new Uint8Array(bytes))).toThrow(DecodeError);
  });
});

describe.each<[string, RecordKinds]>([
  ['consumer_offsets', groupRecords],
  ['transaction_state', transactionRecords],
])('__%s', (name, kinds) => {
  test('every record that Kafka wrote is read, and written back to the byte', () => {
    const { data } = recordsOfLog(name);
    const types = data.map(({ key, value }) => {
      const type = decodeCoordinatorRecord(kinds, key!, value).type;
      const kind = kinds[type]!;
      expect(encodeRecordKey(kind, decodeMessage(kind.key, 0, key!, 2))).toEqual(key);
      if (value === null) return `${type} tombstone`;
      const { version, message } = decodeVersioned(kind.value, value);
      expect(encodeRecordValue(kind, version, message)).toEqual(value);
      return type;
    });
    expect(counted(types)).toMatchSnapshot();
  });
});

test('the assignment inside a classic group is a consumer protocol message', () => {
  const groups = recordsOfLog('consumer_offsets').data.flatMap(({ key, value }) => {
    const record = decodeCoordinatorRecord(groupRecords, key!, value);
    return record.type === 'groupMetadata' && record.value !== null ? [record.value] : [];
  });
  const assigned = groups
    .flatMap(({ members }) => members)
    .filter(({ assignment }) => assignment.length > 0)
    .map(({ assignment }) => decodeVersioned(consumerProtocolAssignment, assignment).message.assignedPartitions);
  expect(assigned.flat()).toContainEqual(expect.objectContaining({ topic: 'plain' }));
});

test('a key of a later release is told, not refused', () => {
  const key = new Uint8Array([0x7f, 0xff, 1, 2, 3]);
  expect(decodeCoordinatorRecord(groupRecords, key, null)).toEqual({ type: 'unknown', keyType: 32767 });
  expect(() => decodeCoordinatorRecord(groupRecords, new Uint8Array(1), null)).toThrow(DecodeError);
});
