import { expect, test } from 'vitest';
import { readText } from './text.ts';
import { readUuid } from './uuid.ts';

// Both remember what they made, in tables of a few thousand slots: these are enough values to meet in every slot.

function outcome(bytes: Uint8Array): string {
  try {
    return readText(bytes, 0, bytes.length);
  } catch {
    return 'refused';
  }
}

test('text that was remembered is given for its own bytes alone', () => {
  const wrong: string[] = [];
  for (let index = 0; index < 20_000; index++) {
    const prefix = Buffer.from(`${index}`);
    const valid = Buffer.concat([prefix, Buffer.from([0xc3, 0xa9])]);
    const latin1 = Buffer.concat([prefix, Buffer.from([0xe9])]);
    for (let again = 0; again < 2; again++) {
      if (outcome(valid) !== `${index}é` || outcome(prefix) !== `${index}` || outcome(latin1) !== 'refused') {
        wrong.push(`${index}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('so is a uuid, whichever of its words differs', () => {
  const wrong: string[] = [];
  for (const at of [0, 4, 8, 12]) {
    const bytes = Buffer.alloc(16);
    for (let index = 0; index < 5000; index++) {
      bytes.writeUInt32BE(index, at);
      const expected = bytes.toString('base64url');
      if (readUuid(bytes, 0) !== expected) wrong.push(expected);
    }
  }
  expect(wrong).toEqual([]);
});
