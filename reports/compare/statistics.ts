import { createRandom } from '../../core/random.ts';

const RESAMPLES = 4_000;
const CONFIDENCE = 0.95;
/** Fewer pairs give an orientation and no verdict: five cannot even reach a p of 0.05 without a model. */
export const PAIRS_MIN = 8;

/** Middle of a list; the mean of the two middle ones for an even number. NaN when empty. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface PairedEffect {
  /** Median of b / a over the pairs. */
  readonly ratio: number;
  /** 95 % interval of that median. */
  readonly low: number;
  readonly high: number;
  /** Two-sided: the larger of the bootstrap's (how often the median is on the other side of 1) and the paired t-test's. */
  readonly p: number;
  readonly pairs: number;
}

/**
 * The median of b / a over pairs that ran side by side, so that what slows the machine for a while slows both and
 * cancels. The interval is a percentile bootstrap over whole pairs of the logarithm, for 2 and 1/2 are equally far from
 * 1; drawn from a fixed seed, so that the same figures give the same verdict. Eight noisy pairs all fall on one side of 1
 * once in 128 comparisons, which convinces the bootstrap however far they scatter; Student's t-test sees the scatter, but is
 * blinded by one outlier: both must be convinced. Needs positive figures and two pairs.
 */
export function pairedEffect(a: readonly number[], b: readonly number[]): PairedEffect {
  if (a.length !== b.length || a.length < 2) throw new RangeError(`pairs of ${a.length} and ${b.length} figures`);
  const logs = a.map((value, index) => {
    const other = b[index]!;
    if (!(value > 0) || !(other > 0)) throw new RangeError(`a ratio of ${other} and ${value}`);
    return Math.log(other / value);
  });
  const random = createRandom('bootstrap of the median paired ratio');
  const medians = new Float64Array(RESAMPLES);
  const drawn = new Float64Array(logs.length);
  let notAbove = 0;
  let notBelow = 0;
  for (let sample = 0; sample < RESAMPLES; sample++) {
    for (let index = 0; index < drawn.length; index++) drawn[index] = logs[Math.floor(random.float() * logs.length)]!;
    const middle = middleOf(drawn.sort());
    medians[sample] = middle;
    if (middle <= 0) notAbove++;
    if (middle >= 0) notBelow++;
  }
  medians.sort();
  const tail = (1 - CONFIDENCE) / 2;
  return {
    ratio: Math.exp(median(logs)),
    low: Math.exp(quantileOf(medians, tail)),
    high: Math.exp(quantileOf(medians, 1 - tail)),
    p: Math.max(Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (RESAMPLES + 1)), student(logs)),
    pairs: logs.length,
  };
}

function middleOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function quantileOf(sorted: Float64Array, quantile: number): number {
  const at = (sorted.length - 1) * quantile;
  const low = Math.floor(at);
  return sorted[low]! + (sorted[Math.ceil(at)]! - sorted[low]!) * (at - low);
}

/** Holm's step-down correction: p-values as if each had been tested alone, in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]! || a - b);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let highest = 0;
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = highest;
  }
  return adjusted;
}

/** Two-sided p-value of Student's t, by its square. */
export function studentTails(tSquared: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + tSquared), freedom / 2, 0.5);
}

/** Two-sided p-value of Student's t-test for a mean of 0. */
function student(values: readonly number[]): number {
  const [mean, variance] = moments(values);
  if (variance === 0) return mean === 0 ? 1 : 0;
  const freedom = values.length - 1;
  const tSquared = (mean * mean * values.length) / variance;
  return studentTails(tSquared, freedom);
}

/** Two-sided p-value of Welch's t-test for equal means; 1 where a side has fewer than two values. */
export function welch(a: readonly number[], b: readonly number[]): number {
  if (a.length < 2 || b.length < 2) return 1;
  const [meanA, varianceA] = moments(a);
  const [meanB, varianceB] = moments(b);
  const errorA = varianceA / a.length;
  const errorB = varianceB / b.length;
  const error = errorA + errorB;
  if (error === 0) return meanA === meanB ? 1 : 0;
  const t = (meanA - meanB) / Math.sqrt(error);
  const freedom = error ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1));
  return studentTails(t * t, freedom);
}

export function moments(values: readonly number[]): [mean: number, variance: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, values.length < 2 ? 0 : squares / (values.length - 1)];
}

/** Regularised incomplete beta function, by Lentz's continued fraction. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 300; m++) {
    for (const numerator of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / away(1 + numerator * d);
      c = away(1 + numerator / c);
      result *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return result;
}

const LANCZOS = [
  76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.001208650973866179,
  -0.000005395239384953,
] as const;

function logGamma(x: number): number {
  const shifted = x + 5.5;
  const series = LANCZOS.reduce((sum, coefficient, index) => sum + coefficient / (x + 1 + index), 1.000000000190015);
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310007 * series) / x);
}
