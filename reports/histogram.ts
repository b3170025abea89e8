import * as hdr from 'hdr-histogram-js';
import {
  BUCKETS,
  bucketHighest,
  bucketIndex,
  bucketLowest,
  HIGHEST_TRACKABLE,
  REGION,
  regionViews,
} from '../workloads/recorder.ts';

/** Fewer samples than this beyond a percentile, and the percentile is a guess: it is not printed. */
export const SAMPLES_BEYOND_MIN = 10;

export type Unit = 'ns' | 'us' | 'ms' | 's';
const NS_PER: Record<Unit, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** The percentiles that a summary may hold, in the order in which they are printed. */
export const PERCENTILES = {
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
  'p99.999': 0.99999,
} as const;
export type PercentileName = keyof typeof PERCENTILES;

/** What `--json` prints of a latency. Percentiles with fewer than ten samples beyond them are absent. */
export type LatencySummary = { unit: Unit; count: number; min?: number; mean?: number; max?: number } & {
  [name in PercentileName]?: number;
};

export interface SpectrumPoint {
  /** The quantile, from 0 to below 1. */
  readonly quantile: number;
  /** 1 / (1 − quantile): the axis of a percentile spectrum. */
  readonly x: number;
  readonly value: number;
}

/** Counts in HDR layout with exact count, sum, minimum and maximum. Values are nanoseconds. */
export class Histogram {
  /** float64, because years of merged uint32 regions fit. */
  readonly counts: Float64Array<ArrayBuffer> = new Float64Array(BUCKETS);
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  /** Values ≤ 0, counted as 0, and values above HIGHEST_TRACKABLE, counted there. */
  clampedLow = 0;
  clampedHigh = 0;

  record(valueNs: number, count = 1): void {
    this.counts[bucketIndex(valueNs)]! += count;
    if (!(valueNs > 0)) this.clampedLow += count;
    if (valueNs > HIGHEST_TRACKABLE) this.clampedHigh += count;
    const value = Number.isNaN(valueNs) ? 0 : valueNs;
    this.count += count;
    this.sum += value * count;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** Adds another histogram; commutative and associative, so workers merge in any order. */
  add(other: Histogram): void {
    for (let index = 0; index < BUCKETS; index++) this.counts[index]! += other.counts[index]!;
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.clampedLow += other.clampedLow;
    this.clampedHigh += other.clampedHigh;
  }

  /**
   * The value that a share of `quantile` of all samples does not exceed: the highest value of its bucket, so at most
   * 0.1 % above the true one and never below it. `quantile` in [0, 1]; NaN when empty.
   */
  valueAt(quantile: number): number {
    if (this.count === 0) return Number.NaN;
    // The epsilon keeps 0.9 × 10 from becoming the tenth of ten samples.
    const rank = Math.max(1, Math.ceil(quantile * this.count - 1e-9));
    if (rank >= this.count) return this.max;
    let seen = 0;
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.counts[index]!;
      if (seen >= rank) return this.#bounded(index);
    }
    return this.max;
  }

  summary(unit: Unit): LatencySummary {
    if (this.count === 0) return { unit, count: 0 };
    const per = NS_PER[unit];
    const summary: LatencySummary = {
      unit,
      count: this.count,
      min: this.min / per,
      mean: this.sum / this.count / per,
    };
    for (const [name, quantile] of Object.entries(PERCENTILES)) {
      if (samplesBeyond(this.count, quantile) < SAMPLES_BEYOND_MIN) break;
      summary[name as PercentileName] = this.valueAt(quantile) / per;
    }
    summary.max = this.max / per;
    return summary;
  }

  /**
   * Points of the percentile spectrum, `perHalving` of them for each halving of the distance to 1, while at least ten
   * samples lie beyond; the last point is the last that may be printed.
   */
  spectrum(unit: Unit, perHalving = 5): SpectrumPoint[] {
    const points: SpectrumPoint[] = [];
    if (this.count === 0) return points;
    const per = NS_PER[unit];
    for (let step = 0; ; step++) {
      const x = 2 ** (step / perHalving);
      const quantile = 1 - 1 / x;
      if (step > 0 && samplesBeyond(this.count, quantile) < SAMPLES_BEYOND_MIN) return points;
      points.push({ quantile, x, value: this.valueAt(quantile) / per });
    }
  }

  /** Non-empty buckets as [lowest, highest, count], for heat maps and tests. */
  *buckets(): Generator<[lowest: number, highest: number, count: number]> {
    for (let index = 0; index < BUCKETS; index++) {
      const count = this.counts[index]!;
      if (count > 0) yield [bucketLowest(index), bucketHighest(index), count];
    }
  }

  #bounded(index: number): number {
    return Math.min(this.max, Math.max(this.min, bucketHighest(index)));
  }
}

function samplesBeyond(count: number, quantile: number): number {
  return Math.round(count - Math.ceil(quantile * count - 1e-9));
}

/** Reads one recorder's region again and again; each call returns what was recorded since the last one. */
export class RegionReader {
  readonly #head: Float64Array<ArrayBufferLike>;
  readonly #counts: Uint32Array<ArrayBufferLike>;
  readonly #seen: Uint32Array<ArrayBuffer> = new Uint32Array(BUCKETS);
  #sum = 0;
  #clampedLow = 0;
  #clampedHigh = 0;
  readonly #total = new Histogram();

  constructor(buffer: ArrayBufferLike, byteOffset = 0) {
    const { head, counts } = regionViews(buffer, byteOffset);
    this.#head = head;
    this.#counts = counts;
  }

  /**
   * The interval's histogram. Its minimum and maximum are those of its buckets, save where the interval moved the
   * region's exact ones; `total` is exact in all figures. Buckets are differences modulo 2^32.
   */
  interval(): Histogram {
    const interval = new Histogram();
    const head = this.#head;
    const sum = head[REGION.sum]!;
    const clampedLow = head[REGION.clampedLow]!;
    const clampedHigh = head[REGION.clampedHigh]!;
    for (let index = 0; index < BUCKETS; index++) {
      const now = this.#counts[index]!;
      const fresh = (now - this.#seen[index]!) >>> 0;
      if (fresh === 0) continue;
      this.#seen[index] = now;
      interval.counts[index] = fresh;
      interval.count += fresh;
      interval.min = Math.min(interval.min, bucketLowest(index));
      interval.max = Math.max(interval.max, bucketHighest(index));
    }
    if (interval.count === 0) return interval;
    const min = head[REGION.min]!;
    const max = head[REGION.max]!;
    interval.min = min < this.#total.min ? min : Math.max(interval.min, min);
    interval.max = max > this.#total.max ? max : Math.min(interval.max, max);
    interval.sum = sum - this.#sum;
    interval.clampedLow = clampedLow - this.#clampedLow;
    interval.clampedHigh = clampedHigh - this.#clampedHigh;
    this.#sum = sum;
    this.#clampedLow = clampedLow;
    this.#clampedHigh = clampedHigh;
    this.#total.add(interval);
    return interval;
  }

  /** Everything that intervals have returned so far. */
  get total(): Histogram {
    return this.#total;
  }
}

/** The same counts in hdr-histogram-js, which encodes and exports; the highest bucket goes in as the exact maximum. */
export function toHdr(histogram: Histogram): hdr.Histogram {
  const target = hdr.build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_TRACKABLE,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
    useWebAssembly: false,
  });
  for (const [lowest, highest, count] of histogram.buckets()) {
    const isLast = histogram.max >= lowest && (histogram.max <= highest || highest === HIGHEST_TRACKABLE);
    target.recordValueWithCount(isLast ? Math.min(Math.floor(histogram.max), highest) : lowest, count);
  }
  return target;
}

/** The text table that hdrhistogram.org plots (.hgrm), in `unit`. */
export function toHgrm(histogram: Histogram, unit: Unit): string {
  return toHdr(histogram).outputPercentileDistribution(5, NS_PER[unit]);
}

export interface HlogInterval {
  readonly tag: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly histogram: Histogram;
}

/** An HdrHistogram interval log (.hlog, format 1.3) of nanosecond values; its maxima are printed in milliseconds. */
export function toHlog(intervals: readonly HlogInterval[], comment: string): string {
  let text = '';
  const writer = new hdr.HistogramLogWriter((piece) => {
    text += piece;
  });
  for (const line of comment.split('\n')) writer.outputComment(line);
  writer.outputLogFormatVersion();
  const first = intervals[0];
  if (first !== undefined) {
    writer.baseTime = first.startMs;
    writer.outputComment(`[BaseTime: ${(first.startMs / 1000).toFixed(3)} (seconds since epoch)]`);
    writer.outputStartTime(first.startMs);
  }
  writer.outputLegend();
  for (const { tag, startMs, endMs, histogram } of intervals) {
    const encoded = toHdr(histogram);
    encoded.tag = tag;
    encoded.startTimeStampMsec = startMs;
    encoded.endTimeStampMsec = endMs;
    writer.outputIntervalHistogram(encoded, undefined, undefined, 1e6);
  }
  return text;
}
