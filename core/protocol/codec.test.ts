import { describe, expect, test } from 'vitest';
import {
  apiVersions,
  DecodeError,
  decodeMessage,
  decodeRequestHead,
  decodeResponse,
  decodeVersioned,
  EncodeError,
  encodeMessage,
  encodeRequestFrame,
  encodeResponseFrame,
  encodeVersioned,
  fetch,
  INT64_MAX,
  metadata,
  peekCorrelationId,
  produce,
  ZERO_UUID,
} from './index.ts';
import { bytesOf, hex, schemaOf } from './testing/samples.ts';

describe('frames', () => {
  test('a request: size, header v1, body', () => {
    const frame = encodeRequestFrame(metadata, 1, 7, 'me', { topics: null });
    expect(hex(frame)).toBe('00000010' + '0003' + '0001' + '00000007' + '00026d65' + 'ffffffff');
    expect(decodeRequestHead(bytesOf(hex(frame).slice(8)))).toEqual({
      kind: 'request',
      api: metadata,
      version: 1,
      correlationId: 7,
      clientId: 'me',
      bodyAt: 12,
    });
  });

  test('a flexible request: header v2, whose client id keeps its int16 length', () => {
    const frame = encodeRequestFrame(apiVersions, 3, 7, 'me', { clientSoftwareName: 'x', clientSoftwareVersion: '1' });
    expect(hex(frame)).toBe('00000012' + '0012' + '0003' + '00000007' + '00026d65' + '00' + '0278' + '0231' + '00');
    const tagged = bytesOf('0012 0003 00000007 ffff 01 05 02 aabb 0278 0231 00');
    expect(decodeRequestHead(tagged)).toMatchObject({ clientId: null, bodyAt: 15 });
  });

  test('a response: header v0, v1 in flexible versions, v0 for ApiVersions in all', () => {
    expect(hex(encodeResponseFrame(metadata, 0, 9, {}))).toBe('0000000c' + '00000009' + '00000000' + '00000000');
    expect(hex(encodeResponseFrame(produce, 9, 9, {}))).toBe('0000000b' + '00000009' + '00' + '01' + '00000000' + '00');
    const versions = encodeResponseFrame(apiVersions, 3, 9, {
      apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }],
    });
    expect(hex(versions)).toBe('00000013' + '00000009' + '0000' + '02' + '000100040012' + '00' + '00000000' + '00');
    const frame = bytesOf(hex(versions).slice(8));
    expect(peekCorrelationId(frame)).toBe(9);
    expect(decodeResponse(apiVersions, 3, frame)).toMatchObject({
      correlationId: 9,
      body: { apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }], finalizedFeaturesEpoch: -1 },
    });
  });

  test('what we do not serve is told apart from bad bytes', () => {
    const newer = { kind: 'unsupported', apiKey: 18, version: 99, correlationId: 5 };
    expect(decodeRequestHead(bytesOf('0012 0063 00000005 ffff'))).toEqual(newer);
    expect(decodeRequestHead(bytesOf('7fff 0000 00000005'))).toMatchObject({ kind: 'unsupported', apiKey: 32767 });
    expect(decodeRequestHead(bytesOf('0000 ffff 00000005'))).toMatchObject({ kind: 'unsupported', version: -1 });
    expect(() => decodeRequestHead(bytesOf('0012 0003 0000'))).toThrow(DecodeError);
    expect(() => decodeRequestHead(bytesOf('0012 0003 00000005 0009 61'))).toThrow(DecodeError);
  });

  test('long records are chunks of their own, the very arrays that were given', () => {
    const first = new Uint8Array(10_000).fill(1);
    const second = new Uint8Array(20_000).fill(2);
    const draft = {
      responses: [
        { topic: 't', partitions: [{ records: first }, { records: new Uint8Array(3) }, { records: second }] },
      ],
    };
    const chunks = encodeResponseFrame(fetch, 12, 1, draft);
    expect(chunks.filter((chunk) => chunk === first || chunk === second)).toEqual([first, second]);
    const frame = new Uint8Array(Buffer.concat(chunks));
    expect(Buffer.from(frame).readInt32BE(0)).toBe(frame.length - 4);
    const { body } = decodeResponse(fetch, 12, frame.subarray(4));
    expect(body.responses[0]!.partitions.map(({ records }) => records)).toEqual([first, new Uint8Array(3), second]);
    const records = body.responses[0]!.partitions[2]!.records!;
    expect(records.buffer).toBe(frame.buffer);
  });

  test('views of a Node Buffer are plain arrays', () => {
    const [chunk] = encodeRequestFrame(produce, 9, 1, null, {
      topicData: [{ name: 't', partitionData: [{ records: new Uint8Array([1, 2]) }] }],
    });
    const frame = Buffer.from(chunk!.subarray(4));
    const head = decodeRequestHead(frame);
    if (head.kind !== 'request') throw new Error(head.kind);
    const body = decodeMessage(produce.request, 9, frame, head.bodyAt);
    const records = body.topicData[0]!.partitionData[0]!.records!;
    expect(records.constructor).toBe(Uint8Array);
    expect(records.buffer).toBe(frame.buffer);
  });

  test('frames given out keep their bytes, whatever is encoded after them', () => {
    const frames: { given: Uint8Array[]; expected: string }[] = [];
    // Past the end of several buffers, with long messages, refused ones and kept ones between.
    for (let index = 0; index < 300; index++) {
      const name = 'x'.repeat(index % 7 === 0 ? 20_000 : (index * 37) % 700);
      const given = encodeRequestFrame(metadata, 12, index, `client-${index}`, { topics: [{ name }] });
      frames.push({ given, expected: hex(given) });
      expect(() => encodeRequestFrame(metadata, 12, 2 ** 40, name, {})).toThrow(EncodeError);
      if (index % 5 === 0) encodeMessage(metadata.request, 12, { topics: [{ name }] });
    }
    for (const [index, { given, expected }] of frames.entries()) {
      expect(hex(given) === expected).toBe(true);
      const frame = Buffer.concat(given);
      expect(frame.readInt32BE(0)).toBe(frame.length - 4);
      expect(decodeRequestHead(frame.subarray(4))).toMatchObject({ correlationId: index, clientId: `client-${index}` });
    }
  });

  test('a message larger than the kept buffer leaves nothing behind', () => {
    const text = 'x'.repeat(30_000);
    const large = encodeMessage(metadata.response, 12, { topics: Array.from({ length: 100 }, () => ({ name: text })) });
    expect(decodeMessage(metadata.response, 12, large).topics.every(({ name }) => name === text)).toBe(true);
    expect(hex(encodeMessage(metadata.request, 0, { topics: [] }))).toBe('00000000');
  });
});

describe('numbers', () => {
  const schema = schemaOf({ value: 'int64' });
  test.each([
    [0, '0000000000000000'],
    [-1, 'ffffffffffffffff'],
    [2 ** 53, '0020000000000000'],
    [2 ** 53 - 1, '001fffffffffffff'],
    [-(2 ** 53) + 1, 'ffe0000000000001'],
    [-INT64_MAX, '8000000000000000'],
    [INT64_MAX, '7fffffffffffffff'],
  ])('int64 %d', (value, bytes) => {
    expect(hex(encodeMessage(schema, 0, { value }))).toBe(bytes);
    expect(decodeMessage(schema, 0, bytesOf(bytes)).value).toBe(value);
  });

  test.each([
    ['bool', 1],
    ['int8', 128],
    ['int8', -129],
    ['int16', 32768],
    ['uint16', -1],
    ['uint16', 65536],
    ['int32', 2147483648],
    ['int32', 0.5],
    ['int32', '1'],
    ['int64', 2 ** 64],
    ['int64', 1.5],
    ['int64', Number.NaN],
    ['int64', 5n],
    ['bigint64', 5],
    ['bigint64', 2n ** 63n],
    ['float64', '1'],
    ['string', 7],
    ['string', 'x'.repeat(32768)],
    ['string', 'é'.repeat(16384)],
    ['uuid', 'AAAA'],
    ['uuid', 'AAAAAAAAAAAAAAAAAAAAA='],
    ['uuid', 'AAAAAAAAAAAAAAAAAAAAAB'],
    ['bytes', [1]],
    ['records', null],
  ] as const)('%s refuses %s', (type, value) => {
    for (const version of [0, 1]) {
      expect(() => encodeMessage(schemaOf({ value: type }), version, { value } as never)).toThrow(EncodeError);
    }
  });

  test('the error names message, version and field', () => {
    const draft = { topics: [{ topic: 't', partitions: [{ fetchOffset: 1.5 }] }] };
    expect(() => encodeMessage(fetch.request, 12, draft)).toThrow(
      'FetchRequest v12: topics.partitions.fetchOffset: 1.5 is not an int64',
    );
  });
});

describe('what a version cannot carry', () => {
  test('an ignorable field is dropped, another is refused unless it has its default', () => {
    expect(() => encodeMessage(fetch.request, 15, { replicaId: 3 })).toThrow(
      'FetchRequest v15: replicaId is not carried by this version',
    );
    expect(encodeMessage(fetch.request, 15, { replicaId: -1 })).toEqual(encodeMessage(fetch.request, 15, {}));
    expect(encodeMessage(fetch.request, 4, { rackId: 'r' })).toEqual(encodeMessage(fetch.request, 4, {}));
    expect(() => encodeMessage(fetch.request, 4, { replicaState: { replicaId: 1 } })).toThrow(EncodeError);
    expect(encodeMessage(fetch.request, 4, { replicaState: { replicaEpoch: -1 } })).toEqual(
      encodeMessage(fetch.request, 4, {}),
    );
    expect(() => encodeMessage(fetch.request, 4, { forgottenTopicsData: [{}] })).toThrow(EncodeError);
  });

  test('null where this version does not allow it', () => {
    expect(() => encodeMessage(metadata.request, 0, { topics: null })).toThrow(EncodeError);
    expect(() => decodeMessage(metadata.request, 0, bytesOf('ffffffff'))).toThrow(DecodeError);
    const schema = schemaOf({ inner: { struct: { a: 'int8' } } });
    expect(() => encodeMessage(schema, 0, { inner: null } as never)).toThrow(EncodeError);
  });

  test('versions that the schema does not have', () => {
    for (const version of [-1, 3, 19, 1.5, Number.NaN]) {
      expect(() => encodeMessage(fetch.request, version, {})).toThrow(EncodeError);
      expect(() => decodeMessage(fetch.request, version, new Uint8Array(9))).toThrow(DecodeError);
    }
  });

  test('unknown tags need a flexible version', () => {
    const unknownTags = [{ tag: 1, bytes: new Uint8Array(0) }];
    expect(() => encodeMessage(fetch.request, 11, { unknownTags })).toThrow(EncodeError);
  });
});

test('text survives as it is: byte order mark, emoji, the longest string', () => {
  const schema = schemaOf({ value: 'string' });
  for (const value of [
    '\ufeffa',
    '🦀',
    'x'.repeat(32767),
    'é'.repeat(16383),
    `${'a'.repeat(126)}é`,
    `${'a'.repeat(127)}é`,
  ]) {
    for (const version of [0, 1]) {
      expect(decodeMessage(schema, version, encodeMessage(schema, version, { value }))).toEqual({ value });
    }
  }
});

test('records that a draft does not say are null where they may be', () => {
  const draft = { responses: [{ partitions: [{}] }] };
  const { responses } = decodeMessage(fetch.response, 12, encodeMessage(fetch.response, 12, draft));
  expect(responses[0]!.partitions[0]!.records).toBeNull();
});

test('an absent uuid is zero', () => {
  const bytes = encodeMessage(schemaOf({ value: 'uuid' }), 0, {});
  expect(bytes).toEqual(new Uint8Array(16));
  expect(decodeMessage(schemaOf({ value: 'uuid' }), 0, bytes)).toEqual({ value: ZERO_UUID });
});

test('a message behind its version', () => {
  const schema = schemaOf({ value: 'int8' });
  const bytes = encodeVersioned(schema, 1, { value: 3 });
  expect(hex(bytes)).toBe('00010300');
  expect(decodeVersioned(schema, bytes)).toEqual({ version: 1, message: { value: 3 } });
  expect(() => decodeVersioned(schema, bytesOf('0009 03'))).toThrow(DecodeError);
});
