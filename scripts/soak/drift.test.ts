import { expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import { driftOf } from './drift.ts';

/** Around a line that gains `drift` of its start over all samples. */
function line(count: number, drift: number, noise: number): number[] {
  const random = createRandom(`${count} ${drift} ${noise}`);
  return Array.from(
    { length: count },
    (_, index) => 100 * (1 + (drift * index) / (count - 1)) * (1 + noise * (2 * random.float() - 1)),
  );
}

test('a line that stays is flat, one that grows drifts, and only to the worse', () => {
  expect(driftOf(line(60, 0, 0.02), 'lower', 0.1).state).toBe('flat');
  const grows = driftOf(line(60, 0.3, 0.02), 'lower', 0.1);
  expect(grows.state).toBe('drifts');
  expect(grows.share).toBeCloseTo(0.26, 1);
  expect(grows.low).toBeLessThan(grows.share);
  expect(grows.high).toBeGreaterThan(grows.share);
  expect(driftOf(line(60, 0.3, 0.02), 'higher', 0.1).state).toBe('flat');
  expect(driftOf(line(60, -0.3, 0.02), 'higher', 0.1).state).toBe('drifts');
  expect(driftOf(line(60, -0.3, 0.02), 'lower', 0.1).state).toBe('flat');
});

test('what is too short or scatters too much is undecided, never flat', () => {
  expect(driftOf([1, 1, 1, 1], 'lower', 0.1).state).toBe('undecided');
  expect(driftOf(line(6, 0, 0.5), 'lower', 0.1).state).toBe('undecided');
});

test('the interval is that of the t distribution: 3.182 errors with three degrees of freedom', () => {
  const { share, high } = driftOf([1, 2, 2, 2, 3], 'lower', 0.1);
  // Slope 0.4, residuals 0.4: an error of √(0.4 / 3 / 10); four steps over a mean of 2.
  expect(share).toBeCloseTo(0.8, 10);
  expect((high - share) / (Math.sqrt(0.4 / 30) * 2)).toBeCloseTo(3.182, 3);
});
