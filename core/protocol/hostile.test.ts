import { expect, test } from 'vitest';
import { DecodeError, decodeMessage, encodeMessage, streamsGroupHeartbeat } from './index.ts';
import { bytesOf, schemaOf } from './testing/samples.ts';

/** An unknown tag of no bytes. */
function putTag(bytes: Uint8Array, at: number, tag: number): number {
  let left = tag;
  let end = at;
  for (; left > 0x7f; left >>>= 7) bytes[end++] = (left & 0x7f) | 0x80;
  bytes[end] = left;
  return end + 2;
}

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
