import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abba, median, pairedRatio, quantileOf } from './statistics.ts';

describe('median and quantiles', () => {
  test('of odd, even and no figures', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('stand between neighbours by their distance', () => {
    expect(quantileOf([0, 10], 0.25)).toBe(2.5);
    expect(quantileOf([3, 1, 2], 0)).toBe(1);
    expect(quantileOf([3, 1, 2], 1)).toBe(3);
  });
});

describe('paired ratios', () => {
  const positive = fc.double({ min: 0.001, max: 1e9, noNaN: true });
  const pairs = fc.array(fc.tuple(positive, positive), { minLength: 2, maxLength: 8 });

  test('a drift that both arms share cancels', () => {
    const theirs = [100, 200, 50, 400, 100, 80, 90, 10];
    const ratio = pairedRatio(
      theirs.map((value) => value * 1.5),
      theirs,
    );
    expect(ratio.median).toBeCloseTo(1.5, 12);
    expect(ratio.interval!.low).toBeCloseTo(1.5, 12);
    expect(ratio.interval!.high).toBeCloseTo(1.5, 12);
  });

  test('exchanging the arms inverts the ratio', () => {
    fc.assert(
      fc.property(pairs, (figures) => {
        const ours = figures.map(([a]) => a);
        const theirs = figures.map(([, b]) => b);
        const product = pairedRatio(ours, theirs).median * pairedRatio(theirs, ours).median;
        expect(product).toBeCloseTo(1, 9);
      }),
      { numRuns: 10 },
    );
  });

  test('the interval holds the median, widens with the spread and is the same each time', () => {
    const theirs = Array.from({ length: 8 }, () => 100);
    const tight = pairedRatio([99, 100, 101, 100, 99, 101, 100, 100], theirs);
    const wide = pairedRatio([50, 200, 101, 70, 140, 90, 100, 120], theirs);
    expect(wide.interval!.low).toBeLessThan(wide.median);
    expect(wide.interval!.high).toBeGreaterThan(wide.median);
    expect(tight.interval!.high - tight.interval!.low).toBeLessThan(wide.interval!.high - wide.interval!.low);
    expect(pairedRatio([99, 100, 101, 100, 99, 101, 100, 100], theirs)).toEqual(tight);
  });

  test('covers the true ratio about as often as it says', () => {
    // Eight pairs whose log-ratio is spread evenly about log 1.2: the seeds of fast-check make 200 experiments.
    let covered = 0;
    const noise = fc.array(fc.double({ min: -0.1, max: 0.1, noNaN: true }), { minLength: 8, maxLength: 8 });
    for (const errors of fc.sample(noise, { numRuns: 40, seed: 7 })) {
      const { interval } = pairedRatio(
        errors.map((error) => 1.2 * Math.exp(error)),
        errors.map(() => 1),
      );
      if (interval!.low <= 1.2 && interval!.high >= 1.2) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(32);
  });

  test('one pair has no interval, and no pair, or no figure, no ratio', () => {
    expect(pairedRatio([3], [2])).toEqual({ median: 1.5, interval: null, pairs: 1 });
    expect(() => pairedRatio([], [])).toThrow(RangeError);
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
    expect(() => pairedRatio([0], [1])).toThrow(RangeError);
  });
});

test('the arms take turns at going first', () => {
  expect(abba(3)).toEqual(['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs']);
});
