import { createRandom } from '../../core/random.ts';

/** Middle of a list; the mean of the two middle ones for an even number. NaN when empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that a share of `quantile` (0 … 1) does not exceed, between neighbours by their distance. NaN when empty. */
export function quantileOf(values: readonly number[], quantile: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * quantile;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

export interface Ratio {
  readonly median: number;
  /** 95 % confidence interval; null with a single pair, which says nothing of its spread. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly pairs: number;
}

const RESAMPLES = 10_000;

/**
 * The median of `ours / theirs` over pairs that ran side by side, so that what slows the machine for a while slows both
 * and cancels. The interval is a percentile bootstrap over whole pairs of the logarithm, because 2 and 1/2 are equally
 * far from 1; it is drawn from a fixed seed, so that the same figures print the same interval. Needs positive figures.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): Ratio {
  if (ours.length !== theirs.length || ours.length === 0) {
    throw new RangeError(`pairs of ${ours.length} and ${theirs.length} figures`);
  }
  const logs = ours.map((value, index) => {
    const other = theirs[index]!;
    if (!(value > 0) || !(other > 0)) throw new RangeError(`a ratio of ${value} and ${other}`);
    return Math.log(value / other);
  });
  const ratio = Math.exp(median(logs));
  if (logs.length === 1) return { median: ratio, interval: null, pairs: 1 };
  const random = createRandom('bootstrap of the median paired ratio');
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(logs.map(() => logs[Math.floor(random.float() * logs.length)]!)),
  );
  return {
    median: ratio,
    interval: { low: Math.exp(quantileOf(medians, 0.025)), high: Math.exp(quantileOf(medians, 0.975)) },
    pairs: logs.length,
  };
}

export type Arm = 'ours' | 'theirs';

/** A B, B A, A B, …: a machine that gets steadily slower or faster favours neither arm. */
export function abba(pairs: number): Arm[] {
  return Array.from({ length: pairs }, (_, pair): Arm[] =>
    pair % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'],
  ).flat();
}
