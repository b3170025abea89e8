import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';
import type { Random } from './runtime.ts';

const draw = (random: Random, count = 8): number[] => Array.from({ length: count }, () => random.uint32());

test('the stream of a seed is fixed for ever: replays of old seeds depend on it', () => {
  expect(draw(createRandom('faultline'), 4)).toEqual([2846017550, 2784772817, 2654032782, 3635125337]);
  expect(draw(createRandom(1).fork('disk').fork('broker-2'), 4)).toEqual([
    470410073, 1579307416, 779220137, 2388086333,
  ]);
});

test('a fork depends on seed and purpose alone, not on what was drawn', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(20), (seed, purpose, draws) => {
      const quiet = createRandom(seed);
      const busy = createRandom(seed);
      draw(busy, draws);
      expect(draw(busy.fork(purpose))).toEqual(draw(quiet.fork(purpose)));
    }),
  );
});

test('different seeds and purposes give different streams', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      fc.pre(one !== other);
      expect(draw(createRandom(one))).not.toEqual(draw(createRandom(other)));
      expect(draw(createRandom(7).fork(one))).not.toEqual(draw(createRandom(7).fork(other)));
    }),
  );
  const starts = new Set(Array.from({ length: 20_000 }, (_, seed) => createRandom(seed).uint32()));
  expect(starts.size).toBeGreaterThan(19_990);
  expect(draw(createRandom('').fork(''))).not.toEqual(draw(createRandom('')));
});

test('below is uniform, for small bounds and for those above 2^32', () => {
  const random = createRandom('uniform');
  const buckets = new Array<number>(10).fill(0);
  for (let index = 0; index < 100_000; index++) buckets[random.below(10)]!++;
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  const bound = 3 * 2 ** 51;
  let low = 0;
  for (let index = 0; index < 10_000; index++) {
    const drawn = random.below(bound);
    expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
    if (drawn < bound / 3) low++;
  }
  expect(Math.abs(low - 3333)).toBeLessThan(300);
  for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 54]) expect(() => random.below(wrong)).toThrow(RangeError);
});

test('every bit of uint32 and float is fair', () => {
  const random = createRandom('bits');
  const ones = new Array<number>(32).fill(0);
  let sum = 0;
  for (let index = 0; index < 20_000; index++) {
    const word = random.uint32();
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) ones[bit]!++;
    const float = random.float();
    expect(float >= 0 && float < 1).toBe(true);
    sum += float;
  }
  for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01);
});

test('uuidBytes are version 4', () => {
  const bytes = createRandom(3).uuidBytes();
  expect(bytes.length).toBe(16);
  expect(bytes[6]! >>> 4).toBe(4);
  expect(bytes[8]! >>> 6).toBe(2);
});
