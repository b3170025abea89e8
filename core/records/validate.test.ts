import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import type { CompressionType } from '../runtime.ts';
import {
  BATCH_OVERHEAD,
  BatchBuilder,
  type BatchOptions,
  batchCrcIsValid,
  batches,
  batchMaxTimestamp,
  batchTimestampType,
  CORRUPT_MESSAGE,
  decodeBatch,
  encodeBatch,
  INVALID_RECORD,
  INVALID_TIMESTAMP,
  MESSAGE_TOO_LARGE,
  type RecordToEncode,
  setBatchCrc,
  setBatchMaxTimestamp,
  stampTimestamps,
  UNSUPPORTED_COMPRESSION_TYPE,
  type ValidationRules,
  validateProduceRecords,
  wholeBatchSize,
} from './index.ts';
import { writeInt16, writeInt32, writeInt64 } from './integers.ts';

const NOW = 1_700_000_000_000;
const rules: ValidationRules = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compacted: false,
};

const one: RecordToEncode = { timestamp: NOW, key: new Uint8Array([1]), value: new Uint8Array(30) };
const encode = (records: readonly RecordToEncode[], options: BatchOptions = {}): Uint8Array =>
  encodeBatch(records, nodeCodecs, options);
const validate = (bytes: Uint8Array | null, over: Partial<ValidationRules> = {}, version = 9) =>
  validateProduceRecords(bytes, version, { ...rules, ...over }, NOW, nodeCodecs);
const codeOf = (bytes: Uint8Array | null, over: Partial<ValidationRules> = {}, version = 9): number => {
  const result = validate(bytes, over, version);
  return result.kind === 'ok' ? 0 : result.code;
};
/** Changes a good batch and makes its CRC right again: what then is refused, is refused for itself. */
const altered = (
  change: (bytes: Uint8Array) => unknown,
  records: readonly RecordToEncode[] = [one, one],
): Uint8Array => {
  const bytes = encode(records);
  change(bytes);
  setBatchCrc(bytes, 0, nodeCodecs);
  return bytes;
};

test('a good batch gives the facts that the log needs', () => {
  const bytes = encode([one, { ...one, timestamp: NOW + 5 }, { ...one, timestamp: NOW + 5 }], {
    compression: 'lz4',
    producerId: 9,
    producerEpoch: 2,
    baseSequence: 40,
    transactional: true,
  });
  expect(validate(bytes)).toEqual({
    kind: 'ok',
    size: bytes.length,
    recordCount: 3,
    lastOffsetDelta: 2,
    compression: 'lz4',
    transactional: true,
    producerId: 9,
    producerEpoch: 2,
    baseSequence: 40,
    lastSequence: 42,
    timestampType: 'CreateTime',
    maxTimestamp: NOW + 5,
    maxTimestampOffsetDelta: 1,
    rewriteTimestamps: false,
  });
});

describe('refused', () => {
  const cases: [string, number, Uint8Array | null][] = [
    ['null', INVALID_RECORD, null],
    ['nothing', INVALID_RECORD, new Uint8Array(0)],
    ['half a batch', INVALID_RECORD, encode([one]).subarray(0, 70)],
    ['two batches', INVALID_RECORD, new Uint8Array([...encode([one]), ...encode([one])])],
    ['bytes after the batch', INVALID_RECORD, new Uint8Array([...encode([one]), 0])],
    ['no records', INVALID_RECORD, encode([])],
    ['a wrong CRC', CORRUPT_MESSAGE, Uint8Array.from(encode([one]), (byte, at) => (at === 17 ? byte ^ 1 : byte))],
    ['magic 3', CORRUPT_MESSAGE, altered((bytes) => bytes.fill(3, 16, 17))],
    ['magic 1', INVALID_RECORD, altered((bytes) => bytes.fill(1, 16, 17))],
    ['a size below the header', CORRUPT_MESSAGE, new Uint8Array(100).fill(2, 16, 17).fill(20, 11, 12)],
    ['a negative size', CORRUPT_MESSAGE, new Uint8Array(100).fill(2, 16, 17).fill(255, 8, 12)],
    ['a base offset', INVALID_RECORD, encode([one], { baseOffset: 3 })],
    ['a count above the records', INVALID_RECORD, altered((bytes) => writeInt32(bytes, 57, 3))],
    ['a count below the records', INVALID_RECORD, altered((bytes) => writeInt32(bytes, 57, 1))],
    ['a negative count', INVALID_RECORD, altered((bytes) => writeInt32(bytes, 57, -1))],
    [
      'count and span that agree on too many',
      INVALID_RECORD,
      altered((bytes) => {
        writeInt32(bytes, 57, 2147483647);
        writeInt32(bytes, 23, 2147483646);
      }),
    ],
    ['a control batch', INVALID_RECORD, encode([one], { control: true })],
    ['a producer id without a sequence', INVALID_RECORD, encode([one], { producerId: 5, producerEpoch: 0 })],
    ['a codec that is none', CORRUPT_MESSAGE, altered((bytes) => writeInt16(bytes, 21, 5))],
    ['gzip that is none', CORRUPT_MESSAGE, altered((bytes) => writeInt16(bytes, 21, 1))],
    ['timestamps beyond 2^53', INVALID_TIMESTAMP, altered((bytes) => writeInt64(bytes, 35, 2 ** 60))],
  ];
  test.each(cases)('%s', (_name, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test('a gap in the offset deltas', () => {
    const builder = new BatchBuilder();
    builder.appendAt(0, NOW, null, null);
    builder.appendAt(2, NOW, null, null);
    expect(codeOf(builder.finish(nodeCodecs, { lastOffsetDelta: 1 }))).toBe(INVALID_RECORD);
  });

  test('a batch above max.message.bytes, by its size as sent', () => {
    const large = [{ ...one, value: new Uint8Array(5000) }];
    expect(codeOf(encode(large), { maxMessageBytes: 1000 })).toBe(MESSAGE_TOO_LARGE);
    expect(codeOf(encode(large, { compression: 'gzip' }), { maxMessageBytes: 1000 })).toBe(0);
  });

  test('zstd before Produce v7', () => {
    expect(codeOf(encode([one], { compression: 'zstd' }), {}, 6)).toBe(UNSUPPORTED_COMPRESSION_TYPE);
    expect(codeOf(encode([one], { compression: 'zstd' }), {}, 7)).toBe(0);
  });

  test('a bomb', () => {
    const zeros = encode([{ ...one, value: new Uint8Array(3_000_000) }], { compression: 'zstd' });
    expect(zeros.length).toBeLessThan(1000);
    expect(codeOf(zeros, { maxDecompressedBytes: 1_000_000 })).toBe(CORRUPT_MESSAGE);
  });

  test('records without a key in a compacted topic, by index and at most three', () => {
    const keyless = { ...one, key: null };
    expect(validate(encode([one, keyless, one, keyless, keyless, keyless]), { compacted: true })).toMatchObject({
      kind: 'error',
      code: INVALID_RECORD,
      badRecords: [{ index: 1 }, { index: 3 }, { index: 4 }],
    });
    expect(codeOf(encode([{ ...one, key: new Uint8Array(0) }]), { compacted: true })).toBe(0);
  });

  test('timestamps too far before or after the clock', () => {
    const at = (timestamp: number) => encode([{ ...one, timestamp }]);
    expect(codeOf(at(NOW + 3_600_000))).toBe(0);
    expect(validate(at(NOW + 3_600_001))).toMatchObject({ code: INVALID_TIMESTAMP, badRecords: [{ index: 0 }] });
    expect(codeOf(at(NOW - 1000), { timestampBeforeMaxMs: 1000 })).toBe(0);
    expect(codeOf(at(NOW - 1001), { timestampBeforeMaxMs: 1000 })).toBe(INVALID_TIMESTAMP);
    expect(codeOf(at(-1), { timestampBeforeMaxMs: 1000 })).toBe(0);
  });

  test('a batch that claims LogAppendTime for a topic that stamps itself', () => {
    expect(codeOf(encode([one], { timestampType: 'LogAppendTime' }), { timestampType: 'LogAppendTime' })).toBe(
      INVALID_TIMESTAMP,
    );
  });
});

test('LogAppendTime is stamped on the header alone; the records stay byte for byte', () => {
  const bytes = encode([one, { ...one, timestamp: NOW + 9_999_999_999 }], { compression: 'snappy' });
  const before = bytes.slice();
  const result = validate(bytes, { timestampType: 'LogAppendTime' });
  expect(bytes).toEqual(before);
  if (result.kind !== 'ok') throw new Error(result.message);
  expect(result).toMatchObject({ maxTimestamp: NOW, maxTimestampOffsetDelta: 1, rewriteTimestamps: true });
  stampTimestamps(bytes, result, nodeCodecs);
  expect(batchCrcIsValid(bytes, 0, nodeCodecs)).toBe(true);
  expect([batchTimestampType(bytes, 0), batchMaxTimestamp(bytes, 0)]).toEqual(['LogAppendTime', NOW]);
  expect(bytes.subarray(BATCH_OVERHEAD)).toEqual(before.subarray(BATCH_OVERHEAD));
});

test('a header whose max timestamp is not that of its records is put right', () => {
  const bytes = encode([one]);
  setBatchMaxTimestamp(bytes, 0, 'CreateTime', NOW + 77, nodeCodecs);
  const result = validate(bytes);
  if (result.kind !== 'ok') throw new Error(result.message);
  stampTimestamps(bytes, result, nodeCodecs);
  expect(bytes).toEqual(encode([one]));
});

const kafkaBatches = readFileSync(new URL('./fixtures/record-batch-vectors.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => new Uint8Array(Buffer.from((JSON.parse(line) as { hex: string }).hex, 'hex')));

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(40) }),
);

function mutate(
  original: Uint8Array,
  mutations: readonly (typeof mutation extends fc.Arbitrary<infer T> ? T : never)[],
) {
  let bytes = original.slice();
  for (const each of mutations) {
    const at = each.at % (bytes.length + 1);
    if (each.kind === 'cut') bytes = bytes.slice(0, at);
    else if (each.kind === 'set') bytes[at] = each.value;
    else bytes = new Uint8Array([...bytes.slice(0, at), ...bytes.slice(Math.max(0, at - each.length))]);
  }
  return bytes;
}

test('hostile bytes: nothing but typed outcomes, and the CRC repaired so that the depths are reached', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kafkaBatches),
      fc.array(mutation, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (original, mutations, repair) => {
        const bytes = mutate(original, mutations);
        if (repair) {
          if (bytes.length >= BATCH_OVERHEAD) {
            writeInt64(bytes, 0, 0);
            writeInt32(bytes, 8, bytes.length - 12);
            bytes[16] = 2;
            setBatchCrc(bytes, 0, nodeCodecs);
          }
        }
        expect(['ok', 'error']).toContain(validate(bytes, { maxDecompressedBytes: 100_000 }).kind);
        for (const item of batches(bytes)) {
          if (item.kind === 'batch') {
            expect(['records', 'corrupt']).toContain(decodeBatch(bytes, item.at, nodeCodecs, 100_000).kind);
          }
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('what validation accepts, the reader decodes in full', () => {
  const compressions: CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
  fc.assert(
    fc.property(
      fc.constantFrom(...compressions),
      fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 20 }),
      fc.array(mutation, { maxLength: 2 }),
      (compression, values, mutations) => {
        const bytes = mutate(
          encode(
            values.map((value) => ({ ...one, value })),
            { compression },
          ),
          mutations,
        );
        if (wholeBatchSize(bytes, 0, bytes.length) > 0) setBatchCrc(bytes, 0, nodeCodecs);
        const result = validate(bytes);
        if (result.kind === 'error') return;
        const decoded = decodeBatch(bytes, 0, nodeCodecs);
        if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
        expect(decoded.records.map((each) => each.offset)).toEqual(decoded.records.map((_, index) => index));
        expect(decoded.records.length).toBe(result.recordCount);
        expect(Math.max(-1, ...decoded.records.map((each) => each.timestamp))).toBe(result.maxTimestamp);
      },
    ),
    { numRuns: 500 },
  );
});
