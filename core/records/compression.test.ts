import { readFileSync } from 'node:fs';
import { compressionsAlgorithms } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { CodecError, type CompressionType } from '../runtime.ts';
import { crc32c } from './crc32c.ts';
import { xxhash32 } from './xxhash32.ts';

/** Text-like runs and noise, so that literals, matches, overlaps and incompressible blocks all occur. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 400 }))
        .map(([piece, times]) => {
          const out = new Uint8Array(piece.length * times);
          for (let index = 0; index < out.length; index++) out[index] = piece[index % piece.length]!;
          return out;
        }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

function large(length: number, alphabet: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[index] = (state >>> 24) % alphabet;
  }
  return bytes;
}

const types: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

describe.each(types)('%s', (type) => {
  test('decompress after compress is the identity', () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        expect(nodeCodecs.decompress(type, nodeCodecs.compress(type, bytes), bytes.length)).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
    for (const alphabet of [1, 3, 256]) {
      for (const length of [32768, 65536, 65537, 200_000]) {
        const bytes = large(length, alphabet);
        const back = nodeCodecs.decompress(type, nodeCodecs.compress(type, bytes), length);
        expect(Buffer.compare(back, bytes)).toBe(0);
      }
    }
  });

  test('more than the bound is refused', () => {
    const bytes = large(100_000, 2);
    expect(() => nodeCodecs.decompress(type, nodeCodecs.compress(type, bytes), 99_999)).toThrow(CodecError);
  });

  test('mutated input gives bytes or a CodecError, never more than the bound', () => {
    fc.assert(
      fc.property(
        compressible,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.option(fc.nat(), { nil: null }),
        (bytes, mutations, cut) => {
          const hostile = new Uint8Array(nodeCodecs.compress(type, bytes));
          for (const [at, value] of mutations) if (hostile.length > 0) hostile[at % hostile.length] = value;
          const given = cut === null ? hostile : hostile.subarray(0, cut % (hostile.length + 1));
          try {
            expect(nodeCodecs.decompress(type, given, 10_000).length).toBeLessThanOrEqual(10_000);
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe.each(['snappy', 'lz4'] as const)('%s and another implementation of it', (type) => {
  const other = compressionsAlgorithms[type];
  /**
   * It keeps a view of its WebAssembly memory and renews it only for an input longer than the view: an empty input
   * after that memory has grown meets a detached view, and throws. One byte renews it.
   */
  function theirCompress(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) other.compressSync(Buffer.of(0));
    return new Uint8Array(other.compressSync(Buffer.from(bytes)));
  }

  test('an empty input after a large one', () => {
    theirCompress(new Uint8Array(30_000_000));
    expect(nodeCodecs.decompress(type, theirCompress(new Uint8Array(0)), 0)).toEqual(new Uint8Array(0));
  });

  test('read each other', () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        expect(new Uint8Array(other.decompressSync(Buffer.from(nodeCodecs.compress(type, bytes))))).toEqual(bytes);
        expect(nodeCodecs.decompress(type, theirCompress(bytes), bytes.length)).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });
});

test('lz4: linked blocks, checksums and content size are read and checked', () => {
  // Written by the reference implementation: `lz4 -BD -BX --content-size` of 200 KB of repeated text.
  const frame = new Uint8Array(readFileSync(new URL('./fixtures/linked-blocks-checksums.lz4', import.meta.url)));
  const content = nodeCodecs.decompress('lz4', frame, 1_000_000);
  expect(Buffer.from(content).toString('latin1')).toBe('the quick brown fox jumps over the lazy dog, '.repeat(4445));
  for (let at = 4; at < frame.length; at += 7) {
    const broken = frame.slice();
    broken[at] = broken[at]! ^ 1;
    expect(() => nodeCodecs.decompress('lz4', broken, 1_000_000)).toThrow(CodecError);
  }
});

test('a bomb costs nothing: the bound is checked before memory is taken', () => {
  const claims = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]);
  expect(() => nodeCodecs.decompress('snappy', claims, 4294967296)).toThrow(CodecError);
  const zeros = nodeCodecs.compress('lz4', new Uint8Array(50_000_000));
  expect(zeros.length).toBeLessThan(250_000);
  expect(() => nodeCodecs.decompress('lz4', zeros, 1_000_000)).toThrow('exceeds');
});

test('checksums: the published check values, and native against plain', () => {
  const digits = new TextEncoder().encode('123456789');
  expect(crc32c(digits)).toBe(0xe3069283);
  expect(xxhash32(digits, 0, 9)).toBe(0x937bad67);
  expect(xxhash32(new TextEncoder().encode('Nobody inspects the spammish repetition'), 0, 39)).toBe(0xe2293b2f);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(400), (bytes, split) => {
      const at = Math.min(split, bytes.length);
      const whole = nodeCodecs.crc32c(bytes);
      expect(crc32c(bytes)).toBe(whole);
      expect(nodeCodecs.crc32c(bytes.subarray(at), nodeCodecs.crc32c(bytes.subarray(0, at)))).toBe(whole);
    }),
  );
});
