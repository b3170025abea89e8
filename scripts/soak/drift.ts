import { studentTails } from '../../reports/compare/statistics.ts';

/** How a figure drifts over a soak: what its line gains from the first sample to the last, as a share of its mean. */
export interface Drift {
  readonly share: number;
  /** 95 % interval of `share`. */
  readonly low: number;
  readonly high: number;
  readonly state: DriftState;
}

export type DriftState =
  /** No drift as large as the limit lies within the interval. */
  | 'flat'
  /** A drift to the worse: the interval excludes none, and the drift itself is beyond the limit. */
  | 'drifts'
  /** The samples scatter too much, or are too few, to exclude a drift beyond the limit. */
  | 'undecided';

const CONFIDENCE = 0.95;
const SAMPLES_MIN = 5;

/**
 * The least squares' line through evenly spaced samples, with Student's interval for its slope. `limit`: the share of drift
 * to the worse that matters over the whole time; a change to the better is none.
 */
export function driftOf(samples: readonly number[], better: 'lower' | 'higher', limit: number): Drift {
  const count = samples.length;
  const mean = samples.reduce((sum, value) => sum + value, 0) / count;
  if (count < SAMPLES_MIN || !(mean > 0)) {
    return { share: 0, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, state: 'undecided' };
  }
  const middle = (count - 1) / 2;
  const squares = samples.reduce((sum, _value, index) => sum + (index - middle) ** 2, 0);
  const slope = samples.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0) / squares;
  const residuals = samples.reduce((sum, value, index) => sum + (value - mean - slope * (index - middle)) ** 2, 0);
  const error = Math.sqrt(residuals / (count - 2) / squares);
  const span = (count - 1) / mean;
  const share = slope * span;
  const reach = studentQuantile(count - 2) * error * span;
  const [low, high] = [share - reach, share + reach];
  const worst = better === 'lower' ? high : -low;
  const least = better === 'lower' ? low : -high;
  const worse = better === 'lower' ? share : -share;
  return { share, low, high, state: least > 0 && worse > limit ? 'drifts' : worst <= limit ? 'flat' : 'undecided' };
}

/** How many errors to either side hold the confidence, with so many degrees of freedom. */
function studentQuantile(freedom: number): number {
  let [low, high] = [0, 1000];
  for (let step = 0; step < 60; step++) {
    const t = (low + high) / 2;
    const beyond = studentTails(t * t, freedom);
    if (beyond > 1 - CONFIDENCE) low = t;
    else high = t;
  }
  return high;
}
