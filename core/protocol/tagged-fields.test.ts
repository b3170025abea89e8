import { expect, test } from 'vitest';
import { DecodeError, decodeMessage, EncodeError, encodeMessage } from './index.ts';
import { bytesOf, hex, schemaOf } from './testing/samples.ts';

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
