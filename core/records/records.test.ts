import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import type { CompressionType } from '../runtime.ts';
import {
  BatchBuilder,
  batchBaseOffset,
  batchBaseSequence,
  batchCompression,
  batchCrc,
  batchCrcIsValid,
  batches,
  batchLastOffset,
  batchLastSequence,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSize,
  batchTimestampType,
  controlRecordType,
  decodeBatch,
  encodeBatch,
  encodeEndTransactionMarker,
  endTransactionCoordinatorEpoch,
  incrementSequence,
  isControlBatch,
  isTransactionalBatch,
  murmur2,
  partitionForKey,
  RecordCursor,
  recordsOf,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
  wholeBatchSize,
} from './index.ts';

interface Vector {
  name: string;
  baseOffset: number;
  lastOffset: number;
  partitionLeaderEpoch: number;
  crc32c: number;
  compression: CompressionType;
  timestampType: 'CreateTime' | 'LogAppendTime';
  maxTimestamp: number;
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  transactional: boolean;
  control: boolean;
  records: {
    offset: number;
    timestamp: number;
    key: string | null;
    value: string | null;
    headers: [string, string | null][];
  }[];
  hex: string;
}

const vectors = readFileSync(new URL('./fixtures/record-batch-vectors.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const unhex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));

describe('batches that Kafka wrote', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s decodes to its content', (_name, vector) => {
    const bytes = unhex(vector.hex);
    expect(wholeBatchSize(bytes, 0, bytes.length)).toBe(bytes.length);
    expect({
      baseOffset: batchBaseOffset(bytes, 0),
      lastOffset: batchLastOffset(bytes, 0),
      partitionLeaderEpoch: batchLeaderEpoch(bytes, 0),
      crc32c: batchCrc(bytes, 0),
      compression: batchCompression(bytes, 0),
      timestampType: batchTimestampType(bytes, 0),
      maxTimestamp: batchMaxTimestamp(bytes, 0),
      producerId: batchProducerId(bytes, 0),
      producerEpoch: batchProducerEpoch(bytes, 0),
      baseSequence: batchBaseSequence(bytes, 0),
      transactional: isTransactionalBatch(bytes, 0),
      control: isControlBatch(bytes, 0),
    }).toEqual({
      baseOffset: vector.baseOffset,
      lastOffset: vector.lastOffset,
      partitionLeaderEpoch: vector.partitionLeaderEpoch,
      crc32c: vector.crc32c,
      compression: vector.compression,
      timestampType: vector.timestampType,
      maxTimestamp: vector.maxTimestamp,
      producerId: vector.producerId,
      producerEpoch: vector.producerEpoch,
      baseSequence: vector.baseSequence,
      transactional: vector.transactional,
      control: vector.control,
    });
    expect(batchCrcIsValid(bytes, 0, nodeCodecs)).toBe(true);
    const decoded = decodeBatch(bytes, 0, nodeCodecs);
    if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
    expect(
      decoded.records.map((record) => ({
        ...record,
        key: hex(record.key),
        value: hex(record.value),
        headers: record.headers.map((header) => [header.name, hex(header.value)]),
      })),
    ).toEqual(vector.records);
  });

  test('the builder makes the same bytes from the content (uncompressed: byte for byte)', () => {
    const plain = vectors.filter(
      (vector) => vector.compression === 'none' && vector.timestampType === 'CreateTime' && !vector.control,
    );
    expect(plain.length).toBeGreaterThan(3);
    for (const vector of plain) {
      const built = encodeBatch(
        vector.records.map((record) => ({
          timestamp: record.timestamp,
          key: record.key === null ? null : unhex(record.key),
          value: record.value === null ? null : unhex(record.value),
          headers: record.headers.map(([name, value]) => ({ name, value: value === null ? null : unhex(value) })),
        })),
        nodeCodecs,
        {
          baseOffset: vector.baseOffset,
          leaderEpoch: vector.partitionLeaderEpoch,
          timestampType: vector.timestampType,
          producerId: vector.producerId,
          producerEpoch: vector.producerEpoch,
          baseSequence: vector.baseSequence,
          transactional: vector.transactional,
          maxTimestamp: vector.maxTimestamp,
        },
      );
      expect(hex(built)).toBe(vector.hex);
    }
  });

  test('markers are made byte for byte, and read', () => {
    for (const [name, outcome] of [
      ['marker-commit', 'commit'],
      ['marker-abort', 'abort'],
    ] as const) {
      const vector = vectors.find((candidate) => candidate.name === name)!;
      const built = encodeEndTransactionMarker(
        { outcome, coordinatorEpoch: 3, producerId: 4002, producerEpoch: 2, timestamp: 1700000000000 },
        nodeCodecs,
        { baseOffset: vector.baseOffset, leaderEpoch: 5 },
      );
      expect(hex(built)).toBe(vector.hex);
      const decoded = decodeBatch(built, 0, nodeCodecs);
      if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
      expect(controlRecordType(decoded.records[0]!.key)).toBe(outcome);
      expect(endTransactionCoordinatorEpoch(decoded.records[0]!.value)).toBe(3);
    }
  });

  test('all of them in a row are walked, and a cut tail is told from a corrupt one', () => {
    const all = unhex(vectors.map((vector) => vector.hex).join(''));
    const walked = [...batches(all)];
    expect(walked.map((item) => item.kind)).toEqual(vectors.map(() => 'batch'));
    expect([...batches(all, 0, all.length - 1)].at(-1)!.kind).toBe('truncated');
    expect([...batches(all, 0, batchSize(all, 0) + 5)].map((item) => item.kind)).toEqual(['batch', 'truncated']);
    const broken = all.slice();
    broken[batchSize(all, 0) + 16] = 7;
    expect([...batches(broken)].at(-1)!.kind).toBe('corrupt');
  });
});

test('murmur2 and the partition are those of the Java client', () => {
  const file = readFileSync(new URL('./fixtures/murmur2-vectors.json', import.meta.url), 'utf8');
  const cases = JSON.parse(file) as { hex: string; murmur2: number; partitionOf12: number }[];
  expect(cases.length).toBeGreaterThan(10);
  for (const each of cases) {
    expect(murmur2(unhex(each.hex))).toBe(each.murmur2);
    expect(partitionForKey(unhex(each.hex), 12)).toBe(each.partitionOf12);
  }
});

const optionalBytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
const timestamps = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: -1, max: 2 ** 51 }),
);
const record = fc.record({
  timestamp: timestamps,
  key: optionalBytes,
  value: optionalBytes,
  headers: fc.array(fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 12 }), value: optionalBytes }), {
    maxLength: 3,
  }),
});
const compressions = fc.constantFrom<CompressionType>('none', 'gzip', 'snappy', 'lz4', 'zstd');

test('decode after encode is the identity, for every codec', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 20 }),
      compressions,
      fc.nat(2 ** 50),
      (content, compression, baseOffset) => {
        const bytes = encodeBatch(content, nodeCodecs, {
          compression,
          baseOffset,
          producerId: 7,
          producerEpoch: 1,
          baseSequence: 5,
        });
        expect(wholeBatchSize(bytes, 0, bytes.length)).toBe(bytes.length);
        expect(batchCrcIsValid(bytes, 0, nodeCodecs)).toBe(true);
        expect(batchRecordCount(bytes, 0)).toBe(content.length);
        expect(batchMaxTimestamp(bytes, 0)).toBe(Math.max(-1, ...content.map((each) => each.timestamp)));
        const decoded = decodeBatch(bytes, 0, nodeCodecs);
        expect(decoded).toEqual({
          kind: 'records',
          records: content.map((each, index) => ({
            ...each,
            headers: each.headers.map((header) => ({ ...header, name: header.name.toWellFormed() })),
            offset: baseOffset + index,
          })),
        });
      },
    ),
    { numRuns: 150 },
  );
});

test('sizeBytes is exact and recordSizeMax never below what append adds', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (content) => {
      const builder = new BatchBuilder({ initialBytes: 64 });
      for (const each of content) {
        const before = builder.sizeBytes;
        builder.append(each.timestamp, each.key, each.value, each.headers);
        expect(builder.sizeBytes - before).toBeLessThanOrEqual(
          BatchBuilder.recordSizeMax(each.key, each.value, each.headers),
        );
      }
      const size = builder.sizeBytes;
      expect(builder.finish(nodeCodecs).length).toBe(size);
      expect(() => builder.append(0, null, null)).toThrow('finished');
    }),
    { numRuns: 100 },
  );
});

test('a builder reset into a returned buffer starts clean', () => {
  const builder = new BatchBuilder({ initialBytes: 4096 });
  builder.append(5, null, new Uint8Array(2000).fill(9));
  const first = builder.finish(nodeCodecs);
  builder.reset({ buffer: new Uint8Array(first.buffer) });
  builder.append(10, null, new Uint8Array([1]));
  const second = builder.finish(nodeCodecs);
  expect(second.buffer).toBe(first.buffer);
  const cursor = new RecordCursor();
  expect(cursor.open(second, 0, nodeCodecs)).toBe(true);
  expect([...recordsOf(cursor)]).toEqual([
    { offset: 0, timestamp: 10, key: null, value: new Uint8Array([1]), headers: [] },
  ]);
  expect(cursor.failure).toBeNull();
});

test('the setters outside the CRC leave it valid; the one inside rewrites it', () => {
  const bytes = encodeBatch([{ timestamp: 100, key: null, value: new Uint8Array(9) }], nodeCodecs);
  setBatchBaseOffset(bytes, 0, 2 ** 40 + 3);
  setBatchLeaderEpoch(bytes, 0, 77);
  expect(batchCrcIsValid(bytes, 0, nodeCodecs)).toBe(true);
  expect([batchBaseOffset(bytes, 0), batchLeaderEpoch(bytes, 0)]).toEqual([2 ** 40 + 3, 77]);
  setBatchMaxTimestamp(bytes, 0, 'LogAppendTime', 123456789012, nodeCodecs);
  expect(batchCrcIsValid(bytes, 0, nodeCodecs)).toBe(true);
  expect(batchTimestampType(bytes, 0)).toBe('LogAppendTime');
  const decoded = decodeBatch(bytes, 0, nodeCodecs);
  expect(decoded.kind === 'records' && decoded.records[0]!.timestamp).toBe(123456789012);
});

test('sequence numbers wrap to 0 after 2^31-1', () => {
  expect(incrementSequence(2147483647, 1)).toBe(0);
  expect(incrementSequence(2147483640, 10)).toBe(2);
  const bytes = encodeBatch(
    [1, 2, 3].map(() => ({ timestamp: 0, key: null, value: null })),
    nodeCodecs,
    { producerId: 1, producerEpoch: 0, baseSequence: 2147483646 },
  );
  expect(batchLastSequence(bytes, 0)).toBe(0);
});
