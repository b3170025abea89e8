import { expect, test } from 'vitest';
import { createRandom } from '../core/random.ts';
import { MEASUREMENT_BYTES, Measurement } from './measurement.ts';
import { bucketHighest, bucketIndex, HIGHEST_TRACKABLE } from './recorder.ts';
import { SeriesSampler } from './series.ts';

/** What a second with these latencies is to show, from the values themselves. */
function expected(latenciesNs: readonly number[]): object | null {
  if (latenciesNs.length === 0) return null;
  const sorted = latenciesNs.map((value) => bucketHighest(bucketIndex(value))).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]! / 1e6;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: sorted.at(-1)! / 1e6 };
}

test('each second shows the latencies that ended in it, of all threads, wherever they lie', () => {
  const random = createRandom('series');
  const buffers = [new ArrayBuffer(MEASUREMENT_BYTES), new ArrayBuffer(MEASUREMENT_BYTES)];
  const threads = buffers.map((buffer) => new Measurement(buffer, 0, Number.POSITIVE_INFINITY));
  const sampler = new SeriesSampler(buffers);
  // A narrow range first, then one below and one above it, nothing at all, and the ends of what can be counted.
  const ranges: readonly (readonly [from: number, to: number])[] = [
    [5e6, 6e6],
    [100, 3000],
    [1e9, 90e9],
    [0, 0],
    [4e6, 7e6],
  ];
  const seconds = ranges.map(([from, to]) => {
    const count = to === 0 ? 0 : 1 + random.below(2000);
    return Array.from({ length: count }, () => from + random.below(to - from));
  });
  seconds.push([-3, 0, HIGHEST_TRACKABLE * 2]);
  for (const [second, latencies] of seconds.entries()) {
    for (const latencyNs of latencies) threads[random.below(2)]!.acked(1e12, 1e12, 1e12 + latencyNs, 100);
    const { publish, acked } = sampler.sample((second + 1) * 1e9);
    expect(acked).toBe(latencies.length);
    const wanted = expected(latencies);
    if (wanted === null) expect(publish).toBeNull();
    else expect(publish).toMatchObject(wanted);
    expect(publish?.bins.reduce((sum, [, count]) => sum + count, 0) ?? 0).toBe(latencies.length);
  }
});
