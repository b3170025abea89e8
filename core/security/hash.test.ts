import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from './base64.ts';
import { digestOf } from './hash.ts';
import { equalInConstantTime, Hmac } from './hmac.ts';
import { pbkdf2 } from './pbkdf2.ts';
import { sha256 } from './sha256.ts';
import { sha512 } from './sha512.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe.each([
  [sha256, 'sha256'],
  [sha512, 'sha512'],
] as const)('%o', (algorithm, peer) => {
  it('agrees with the platform for every length around a block', () => {
    for (let length = 0; length <= algorithm.blockBytes * 2 + 2; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => index * 7 + length);
      expect(hex(digestOf(algorithm, bytes))).toBe(createHash(peer).update(bytes).digest('hex'));
    }
  });

  it('gives the same for a message in pieces, and copies go on apart', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (pieces) => {
        const hash = algorithm.start();
        const peerHash = createHash(peer);
        for (const piece of pieces) {
          hash.copy().update(text('elsewhere')).digest();
          hash.update(piece);
          peerHash.update(piece);
        }
        expect(hex(hash.digest())).toBe(peerHash.digest('hex'));
      }),
      { numRuns: 60 },
    );
  });

  it('makes HMACs and derived keys as the platform does', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 150 }),
        (key, message, i, n) => {
          expect(hex(new Hmac(algorithm, key).of(message))).toBe(createHmac(peer, key).update(message).digest('hex'));
          expect(hex(pbkdf2(algorithm, key, message, i, n))).toBe(hex(pbkdf2Sync(key, message, i, n, peer)));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('published vectors', () => {
  it('FIPS 180-4', () => {
    expect(hex(digestOf(sha256, text('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hex(digestOf(sha256, text('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(digestOf(sha512, text('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });

  it('RFC 4231, test case 2', () => {
    const key = text('Jefe');
    const message = text('what do ya want for nothing?');
    expect(hex(new Hmac(sha256, key).of(message))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('RFC 7914, 11: PBKDF2 with HMAC-SHA-256', () => {
    expect(hex(pbkdf2(sha256, text('passwd'), text('salt'), 1, 64))).toBe(
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
    );
  });
});

describe('base64', () => {
  it('reads what it wrote, as the platform does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(toBase64(bytes, 'base64url')).toBe(Buffer.from(bytes).toString('base64url'));
        expect(hex(fromBase64(toBase64(bytes))!)).toBe(hex(bytes));
        expect(hex(fromBase64(toBase64(bytes, 'base64url'))!)).toBe(hex(bytes));
      }),
    );
  });

  it('refuses other letters and impossible lengths', () => {
    for (const bad of ['a', 'abcde', 'ab!d', 'ab d', 'ä===']) expect(fromBase64(bad)).toBeNull();
  });
});

it('compares all bytes, and lengths', () => {
  expect(equalInConstantTime(text('abc'), text('abc'))).toBe(true);
  for (const other of ['abd', 'xbc', 'ab', 'abcd', ''])
    expect(equalInConstantTime(text('abc'), text(other))).toBe(false);
});
