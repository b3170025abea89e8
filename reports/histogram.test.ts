import fc from 'fast-check';
import * as hdr from 'hdr-histogram-js';
import { describe, expect, test } from 'vitest';
import {
  BUCKETS,
  bucketHighest,
  bucketIndex,
  bucketLowest,
  HIGHEST_TRACKABLE,
  LatencyRecorder,
  REGION_BYTES,
} from '../workloads/recorder.ts';
import { Histogram, RegionReader, SAMPLES_BEYOND_MIN, toHgrm, toHlog } from './histogram.ts';

/** Latencies over all magnitudes, the edges of powers of two among them. */
const latency = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.tuple(fc.integer({ min: 0, max: 41 }), fc.integer({ min: -1, max: 1 })).map(([bits, delta]) => 2 ** bits + delta),
  fc.double({ min: 0, max: 1, noNaN: true }).map((share) => Math.floor(share ** 4 * HIGHEST_TRACKABLE)),
);

function of(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('layout', () => {
  test('every value lies in its bucket, which spans at most 0.1 % of it', () => {
    fc.assert(
      fc.property(latency, (value) => {
        const index = bucketIndex(value);
        expect(bucketLowest(index)).toBeLessThanOrEqual(value);
        expect(bucketHighest(index)).toBeGreaterThanOrEqual(value);
        expect(bucketHighest(index) - bucketLowest(index)).toBeLessThanOrEqual(value / 1000);
      }),
    );
  });

  test('buckets tile the whole range in order', () => {
    let broken = 0;
    for (let index = 1; index < BUCKETS; index++) if (bucketLowest(index) !== bucketHighest(index - 1) + 1) broken += 1;
    expect(broken).toBe(0);
    expect(bucketHighest(BUCKETS - 1)).toBe(HIGHEST_TRACKABLE);
  });

  test('equals the layout of HdrHistogram', () => {
    const reference = hdr.build({
      bitBucketSize: 64,
      lowestDiscernibleValue: 1,
      highestTrackableValue: HIGHEST_TRACKABLE,
      numberOfSignificantValueDigits: 3,
      useWebAssembly: false,
    }) as hdr.Histogram & Record<'lowestEquivalentValue' | 'highestEquivalentValue', (value: number) => number>;
    fc.assert(
      fc.property(
        latency.filter((value) => value <= HIGHEST_TRACKABLE),
        (value) => {
          const index = bucketIndex(value);
          expect(bucketLowest(index)).toBe(reference.lowestEquivalentValue(value));
          expect(bucketHighest(index)).toBe(reference.highestEquivalentValue(value));
        },
      ),
    );
  });
});

describe('percentiles', () => {
  test('are never below the true value and at most 0.1 % above it', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, quantile) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(quantile * values.length - 1e-9) - 1)]!;
          const found = of(values).valueAt(quantile);
          expect(found).toBeGreaterThanOrEqual(exact);
          expect(found).toBeLessThanOrEqual(exact * 1.001);
        },
      ),
    );
  });

  test('merging is the same as recording everything in one', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), fc.array(latency), (a, b, c) => {
        const left = of(a);
        left.add(of(b));
        left.add(of(c));
        const right = of(c);
        const inner = of(b);
        inner.add(of(a));
        right.add(inner);
        const whole = of([...a, ...b, ...c]);
        for (const merged of [left, right]) {
          expect([...merged.buckets()]).toEqual([...whole.buckets()]);
          expect(merged.count).toBe(whole.count);
          expect([merged.min, merged.max]).toEqual([whole.min, whole.max]);
        }
      }),
    );
  });

  test('one with fewer than ten samples beyond it is absent, also from the spectrum', () => {
    const thousand = of(Array.from({ length: 1000 }, (_, index) => (index + 1) * 1e6));
    expect(thousand.summary('ms')).toMatchObject({ count: 1000, min: 1, max: 1000 });
    expect(thousand.summary('ms').p99).toBeCloseTo(990, -1);
    expect(thousand.summary('ms')).not.toHaveProperty('p99.9');
    const almost = of(Array.from({ length: 999 }, (_, index) => (index + 1) * 1e6));
    expect(almost.summary('ms')).not.toHaveProperty('p99');
    const last = thousand.spectrum('ms').at(-1)!;
    expect(1000 * (1 - last.quantile)).toBeGreaterThanOrEqual(SAMPLES_BEYOND_MIN - 1e-9);
    expect(new Histogram().summary('ms')).toEqual({ unit: 'ms', count: 0 });
  });
});

describe('recorder', () => {
  test('drops nothing: zero, negative, huge and NaN are counted', () => {
    const buffer = new SharedArrayBuffer(REGION_BYTES);
    const recorder = new LatencyRecorder(buffer);
    const reader = new RegionReader(buffer);
    for (const value of [0, -5, 1e15, Number.NaN, 7]) recorder.record(value);
    const seen = reader.interval();
    expect(seen).toMatchObject({ count: 5, min: -5, max: 1e15, clampedLow: 3, clampedHigh: 1, sum: 1e15 + 2 });
  });

  test('intervals add up to a histogram of all records, side by side in one buffer', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latency, { maxLength: 20 }), { maxLength: 6 }), (rounds) => {
        const buffer = new SharedArrayBuffer(2 * REGION_BYTES);
        const other = new LatencyRecorder(buffer, 0);
        const recorder = new LatencyRecorder(buffer, REGION_BYTES);
        const reader = new RegionReader(buffer, REGION_BYTES);
        for (const round of rounds) {
          for (const value of round) recorder.record(value);
          other.record(3);
          const interval = reader.interval();
          expect([...interval.buckets()]).toEqual([...of(round).buckets()]);
          expect(interval.count).toBe(round.length);
        }
        const whole = of(rounds.flat());
        expect([...reader.total.buckets()]).toEqual([...whole.buckets()]);
        expect([reader.total.min, reader.total.max]).toEqual([whole.min, whole.max]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('export', () => {
  test('a .hlog reads back with the same counts and tag; a .hgrm names its maximum', () => {
    const histogram = of([1e6, 2e6, 2e6, 40e6]);
    const text = toHlog(
      [{ tag: 'publish', startMs: 1_700_000_000_000, endMs: 1_700_000_001_000, histogram }],
      'orders',
    );
    const read = new hdr.HistogramLogReader(text).nextIntervalHistogram() as hdr.Histogram;
    expect(read.tag).toBe('publish');
    expect(read.totalCount).toBe(4);
    expect(read.maxValue).toBe(bucketHighest(bucketIndex(40e6)));
    expect(toHgrm(histogram, 'ms')).toMatch(/#\[Max += {2,}40\.0/);
    expect(toHgrm(histogram, 'ms')).toContain('Total count    =            4');
  });
});
