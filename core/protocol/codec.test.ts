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
  type MessageSchema,
  metadata,
  peekCorrelationId,
  produce,
  streamsGroupHeartbeat,
  ZERO_UUID,
} from './index.ts';

function schemaOf(fields: MessageSchema['fields'], flexible = '1+'): MessageSchema {
  return { name: 'Sample', versions: '0-1', flexible, fields };
}

function hex(bytes: Uint8Array | readonly Uint8Array[]): string {
  return Buffer.concat(bytes instanceof Uint8Array ? [bytes] : [...bytes]).toString('hex');
}

/** An unknown tag of no bytes. */
function putTag(bytes: Uint8Array, at: number, tag: number): number {
  let left = tag;
  let end = at;
  for (; left > 0x7f; left >>>= 7) bytes[end++] = (left & 0x7f) | 0x80;
  bytes[end] = left;
  return end + 2;
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

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

describe('the tagged section', () => {
  const schema = schemaOf({
    a: { type: 'int8', in: '1+', tag: 1 },
    b: { type: 'string', in: '1+', tag: 3, nullable: '1+', default: 'x' },
    c: { struct: { d: 'int8' }, in: '1+', tag: 5 },
  });

  test('known and unknown tags travel in the order of their numbers', () => {
    const unknownTags = [6, 0, 4].map((tag) => ({ tag, bytes: new Uint8Array([tag]) }));
    const bytes = encodeMessage(schema, 1, { a: 9, b: null as never, c: { d: 7 }, unknownTags });
    expect(hex(bytes)).toBe('06' + '000100' + '010109' + '030100' + '040104' + '05020700' + '060106');
    expect(decodeMessage(schema, 1, bytes)).toEqual({
      a: 9,
      b: null,
      c: { d: 7 },
      unknownTags: [0, 4, 6].map((tag) => ({ tag, bytes: new Uint8Array([tag]) })),
    });
  });

  test('defaults are not written', () => {
    expect(hex(encodeMessage(schema, 1, { a: 0, b: 'x', c: { d: 0 } }))).toBe('00');
    expect(decodeMessage(schema, 1, bytesOf('00'))).toEqual({ a: 0, b: 'x', c: { d: 0 } });
  });

  test('a long value shifts to make room for its size', () => {
    const b = 'y'.repeat(20_000);
    const bytes = encodeMessage(schema, 1, { b, unknownTags: [{ tag: 9, bytes: new Uint8Array(300_000) }] });
    expect(decodeMessage(schema, 1, bytes)).toMatchObject({ b, unknownTags: [{ tag: 9 }] });
  });

  test('so does a long value of bytes, which stays within the tag', () => {
    const schema = schemaOf({ value: { type: 'bytes', in: '1+', tag: 0 } });
    const value = new Uint8Array(5000).fill(3);
    const bytes = encodeMessage(schema, 1, { value });
    expect(hex(bytes.subarray(0, 6))).toBe('01' + '00' + '8a27' + '8927');
    expect(decodeMessage(schema, 1, bytes)).toEqual({ value });
  });

  test('a tag twice, or one that is known, is refused', () => {
    const empty = new Uint8Array(0);
    for (const tags of [[3], [7, 7]]) {
      const unknownTags = tags.map((tag) => ({ tag, bytes: empty }));
      expect(() => encodeMessage(schema, 1, { unknownTags })).toThrow(EncodeError);
    }
  });

  test('a tag that only a later version has is unknown, and kept', () => {
    const later = schemaOf({ a: { type: 'int8', in: '2+', tag: 1 } });
    const unknownTags = [{ tag: 1, bytes: new Uint8Array([5, 6]) }];
    const bytes = encodeMessage(later, 1, { unknownTags });
    expect(decodeMessage(later, 1, bytes)).toEqual({ a: 0, unknownTags });
  });

  test.each([
    ['a known tag twice', '02 010109 010108'],
    ['an unknown tag twice', '02 0900 0900'],
    ['tags out of order', '02 03020278 010108'],
  ])('%s is refused', (_, text) => {
    expect(() => decodeMessage(schema, 1, bytesOf(text))).toThrow(/tag \d after tag \d/);
  });

  test('the size of a known tag is that of its value', () => {
    expect(() => decodeMessage(schema, 1, bytesOf('01 01 02 09 00'))).toThrow('longer than its value');
    expect(() => decodeMessage(schema, 1, bytesOf('01 01 00'))).toThrow(DecodeError);
    expect(() => decodeMessage(schema, 1, bytesOf('01 05 01 07 00'))).toThrow(DecodeError);
  });
});

describe('hostile bytes', () => {
  test.each([
    ['a negative length of a string', 'string', '8000'],
    ['a negative length of bytes', 'bytes', 'fffffffe'],
    ['a length beyond the end', 'bytes', '7fffffff 00'],
    ['text that is not UTF-8', 'string', '0002 c328'],
    ['a surrogate in UTF-8', 'string', '0003 eda080'],
  ] as const)('%s', (_, type, text) => {
    expect(() => decodeMessage(schemaOf({ value: { type, nullable: '0+' } }), 0, bytesOf(text))).toThrow(DecodeError);
  });

  test.each([
    ['a varint of six bytes', '8080808080 01'],
    ['a varint whose bits beyond the 32nd are set', '81808080 10 00'],
    ['a string longer than any version allows', `81 80 02${'61'.repeat(32768)}00`],
    ['a length beyond the end', 'ffffffff0f'],
  ])('compact: %s', (_, text) => {
    expect(() => decodeMessage(schemaOf({ value: 'string' }), 1, bytesOf(text))).toThrow(DecodeError);
  });

  test('a count is refused before its elements are made', () => {
    const schema = schemaOf({ value: { each: { a: 'int64', b: 'int64' } } });
    const claim = new Uint8Array(1_000_004);
    claim.set(bytesOf('0000f425')); // 62,501 elements of 16 bytes in 1,000,000
    expect(() => decodeMessage(schema, 0, claim)).toThrow('62501 elements in 1000000 bytes');
    expect(() => decodeMessage(schema, 0, bytesOf('7fffffff'))).toThrow('2147483647 elements in 0 bytes');
    expect(() => decodeMessage(schema, 0, bytesOf('fffffffe'))).toThrow(DecodeError);
    expect(() => decodeMessage(schema, 1, bytesOf('ffffffff0f'))).toThrow('4294967294 elements in 0 bytes');
  });

  test('a flexible element takes a byte for its tags too', () => {
    const schema = schemaOf({ value: { each: { a: 'int8' } } });
    expect(() => decodeMessage(schema, 1, bytesOf('04 0100020003'))).toThrow('3 elements in 5 bytes');
  });

  test('all elements of a message are bounded, however few bytes they take', () => {
    const schema = schemaOf({ outer: { each: { inner: { each: 'string' } } } });
    const claim = new Uint8Array(1_000_100).fill(1);
    claim.set(bytesOf('02 c1843d')); // One element, in it 1,000,000 empty strings.
    expect(() => decodeMessage(schema, 1, claim)).toThrow('more than 1000000 structs, strings and tags');
    const tags = new Uint8Array(4_000_100).fill(0);
    tags.set(bytesOf('01 c1843d')); // No elements, then 1,000,001 tags.
    for (let tag = 0, at = 4; tag <= 1_000_000; tag++) at = putTag(tags, at, tag);
    expect(() => decodeMessage(schema, 1, tags)).toThrow('more than 1000000 structs, strings and tags');
    const numbers = schemaOf({ value: { each: 'int8' } }, 'none');
    const many = new Uint8Array(2_000_004);
    many.set(bytesOf('001e8480'));
    expect(decodeMessage(numbers, 0, many).value).toHaveLength(2_000_000);
  });

  test('elements that take no bytes cannot be declared: nothing would bound their count', () => {
    const schema = schemaOf({ value: { each: { a: { type: 'int8', in: '1+' } } } });
    expect(() => decodeMessage(schema, 0, bytesOf('7fffffff'))).toThrow('takes no bytes');
  });

  test('a name that is no identifier cannot be declared: it would become source', () => {
    for (const name of ['a b', '1', 'x: 1, [console.log()]', '']) {
      expect(() => decodeMessage(schemaOf({ [name]: 'int8' }), 0, bytesOf('00'))).toThrow('becomes source');
      expect(() => encodeMessage(schemaOf({ [name]: 'int8' }), 0, {})).toThrow('becomes source');
    }
  });

  test('a marker of a nullable struct is 1 or −1', () => {
    const schema = schemaOf({ value: { struct: { a: 'int8' }, nullable: '0+' } });
    expect(decodeMessage(schema, 0, bytesOf('01 05'))).toEqual({ value: { a: 5 } });
    expect(decodeMessage(schema, 0, bytesOf('ff'))).toEqual({ value: null });
    expect(() => decodeMessage(schema, 0, bytesOf('02 05'))).toThrow(DecodeError);
    expect(() => decodeMessage(streamsGroupHeartbeat.request, 0, bytesOf('01'))).toThrow(DecodeError);
  });

  test('the marker of a nullable struct in a tag is 1 or 0, as a broker writes for members without classic metadata', () => {
    const schema = schemaOf({ value: { struct: { a: 'int8' }, in: '1+', nullable: '1+', tag: 0 } });
    for (const [text, value] of [
      ['01 00 01 00', null],
      ['01 00 03 01 05 00', { a: 5 }],
    ] as const) {
      expect(decodeMessage(schema, 1, bytesOf(text))).toEqual({ value });
      expect(encodeMessage(schema, 1, { value } as never)).toEqual(bytesOf(text));
    }
    expect(() => decodeMessage(schema, 1, bytesOf('01 00 01 ff'))).toThrow(DecodeError);
  });

  test('a position beyond the end', () => {
    expect(() => decodeMessage(schemaOf({}, 'none'), 0, new Uint8Array(1), 2)).toThrow(DecodeError);
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
