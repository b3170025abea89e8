import { moments, welch } from './statistics.ts';

export interface ChangePoint {
  /** Index of the first value of the new level. */
  readonly index: number;
  readonly p: number;
  readonly before: number;
  readonly after: number;
}

export interface ChangePointOptions {
  /** Values that are looked at together. */
  readonly window?: number;
  readonly maxP?: number;
  /** Relative change of the mean that counts. */
  readonly minMagnitude?: number;
}

const SEGMENT_MIN = 3;

/**
 * Change points of a series: E-divisive means, with Student's t-test for significance instead of permutations, as
 * Apache Otava does. Weak points are searched in windows that overlap by half, then the weakest is taken out again and
 * again until all that remain are significant. Deterministic. For history and triage: a gate needs pairs.
 */
export function changePoints(series: readonly number[], options: ChangePointOptions = {}): ChangePoint[] {
  const { window = 50, maxP = 0.001, minMagnitude = 0.02 } = options;
  const weak = new Set<number>();
  const step = Math.max(1, Math.floor(window / 2));
  for (let from = 0; from === 0 || from + step < series.length; from += step) {
    split(series, from, Math.min(series.length, from + window), maxP * 10, weak);
  }
  const points = [...weak].sort((a, b) => a - b);
  for (;;) {
    const found = points.map((index, at) =>
      pointAt(series, points[at - 1] ?? 0, index, points[at + 1] ?? series.length),
    );
    let weakest = -1;
    for (const [at, point] of found.entries()) {
      const magnitude = Math.abs(point.after / point.before - 1);
      const isWeak = point.p > maxP || magnitude < minMagnitude;
      if (isWeak && (weakest < 0 || point.p > found[weakest]!.p)) weakest = at;
    }
    if (weakest < 0) return found;
    points.splice(weakest, 1);
  }
}

function pointAt(series: readonly number[], from: number, index: number, to: number): ChangePoint {
  const [left, right] = [series.slice(from, index), series.slice(index, to)];
  return { index, p: welch(left, right), before: moments(left)[0], after: moments(right)[0] };
}

/** The place that maximises the energy distance of what is left and right of it; then the same in both halves. */
function split(series: readonly number[], from: number, to: number, maxP: number, found: Set<number>): void {
  if (to - from < 2 * SEGMENT_MIN) return;
  let best = -1;
  let bestDistance = Number.NEGATIVE_INFINITY;
  for (let at = from + SEGMENT_MIN; at <= to - SEGMENT_MIN; at++) {
    const distance = energyDistance(series, from, at, to);
    if (distance > bestDistance) [best, bestDistance] = [at, distance];
  }
  if (pointAt(series, from, best, to).p > maxP) return;
  found.add(best);
  split(series, from, best, maxP, found);
  split(series, best, to, maxP, found);
}

function energyDistance(series: readonly number[], from: number, at: number, to: number): number {
  const m = at - from;
  const n = to - at;
  const across = sumOfDistances(series, from, at, at, to);
  const left = sumOfDistances(series, from, at, from, at) / 2;
  const right = sumOfDistances(series, at, to, at, to) / 2;
  const distance = (2 / (m * n)) * across - (2 / (m * (m - 1))) * left - (2 / (n * (n - 1))) * right;
  return ((m * n) / (m + n)) * distance;
}

function sumOfDistances(series: readonly number[], aFrom: number, aTo: number, bFrom: number, bTo: number): number {
  let sum = 0;
  for (let a = aFrom; a < aTo; a++) for (let b = bFrom; b < bTo; b++) sum += Math.abs(series[a]! - series[b]!);
  return sum;
}
