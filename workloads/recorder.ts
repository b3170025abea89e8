/**
 * Latency counters in the layout of HdrHistogram with three significant digits, on memory that another thread may read
 * while it is written. One writer per region and no atomics: a reader sees counts that are at most one record old,
 * which costs nothing on the hot path and cannot lose a record. `reports/histogram.ts` reads regions and does the rest.
 *
 * A region: five float64 of exact figures (REGION), then `BUCKETS` uint32 counts. Counts wrap at 2^32; readers that
 * take differences modulo 2^32 at least once per 2^32 records stay exact.
 */

/** Values below this have a bucket each; above it a bucket spans at most 1/1024 of its value (0.098 %). */
const EXACT_BELOW = 2048;
/** Leading zeros of `value | SUB_BUCKETS` for each of those: what small values need no branch for. */
const EXACT_ZEROS = 21;
const SUB_BUCKETS = 1024;
const SUB_BUCKET_BITS = 10;

/** 2^42 − 1 ns: 73 minutes. Larger values are counted in the last bucket; the exact maximum keeps them. */
export const HIGHEST_TRACKABLE: number = 2 ** 42 - 1;
/** The index of HIGHEST_TRACKABLE is the last one. */
export const BUCKETS: number = (41 - SUB_BUCKET_BITS) * SUB_BUCKETS + 2 * SUB_BUCKETS;

/** Positions of the float64 figures at the head of a region. */
export const REGION = { sum: 0, min: 1, max: 2, clampedLow: 3, clampedHigh: 4 } as const;
/** By name: in the record's path even looking them up would show. */
const { sum: SUM, min: MIN, max: MAX } = REGION;
const HEAD_FIGURES = 5;
const HEAD_BYTES = HEAD_FIGURES * 8;

/** Size of one region, a multiple of eight, so that regions can stand side by side in one buffer. */
export const REGION_BYTES: number = HEAD_BYTES + BUCKETS * 4;

/** Powers of two are looked up: computing `2 ** b` costs ten times the whole record. */
const POWER: Float64Array = Float64Array.from({ length: 44 }, (_, bits) => 2 ** bits);
const RECIPROCAL: Float64Array = POWER.map((power) => 1 / power);

/** The bucket of a value. Values below 1 count as 0, values above HIGHEST_TRACKABLE as that; NaN counts as 0. */
export function bucketIndex(value: number): number {
  if (!(value >= 1)) return 0;
  if (value < EXACT_BELOW) return value | 0;
  if (value < 0x80000000) {
    const shift = EXACT_ZEROS - Math.clz32(value);
    return (shift << SUB_BUCKET_BITS) + (value >>> shift);
  }
  if (value > HIGHEST_TRACKABLE) return BUCKETS - 1;
  const shift = 42 - Math.clz32((value * RECIPROCAL[21]!) >>> 0);
  return shift * SUB_BUCKETS + Math.floor(value * RECIPROCAL[shift]!);
}

/** The smallest value of a bucket. */
export function bucketLowest(index: number): number {
  if (index < EXACT_BELOW) return index;
  const shift = (index >>> SUB_BUCKET_BITS) - 1;
  return (index - shift * SUB_BUCKETS) * POWER[shift]!;
}

/** The largest integer of a bucket. */
export function bucketHighest(index: number): number {
  if (index < EXACT_BELOW) return index;
  const shift = (index >>> SUB_BUCKET_BITS) - 1;
  return (index - shift * SUB_BUCKETS + 1) * POWER[shift]! - 1;
}

/** The two views of a region; writers and readers make their own. */
export function regionViews(
  buffer: ArrayBufferLike,
  byteOffset: number,
): { head: Float64Array<ArrayBufferLike>; counts: Uint32Array<ArrayBufferLike> } {
  return {
    head: new Float64Array(buffer, byteOffset, HEAD_FIGURES),
    counts: new Uint32Array(buffer, byteOffset + HEAD_BYTES, BUCKETS),
  };
}

/** Empties a region; its writer does so before the first record, nobody does so later. */
export function clearRegion(buffer: ArrayBufferLike, byteOffset: number): void {
  const { head, counts } = regionViews(buffer, byteOffset);
  head.fill(0);
  counts.fill(0);
  head[REGION.min] = Number.POSITIVE_INFINITY;
  head[REGION.max] = Number.NEGATIVE_INFINITY;
}

/** The one writer of a region. */
export class LatencyRecorder {
  readonly #head: Float64Array<ArrayBufferLike>;
  readonly #counts: Uint32Array<ArrayBufferLike>;

  /** `byteOffset` is a multiple of 8 with REGION_BYTES behind it. Empties the region. */
  constructor(buffer: ArrayBufferLike, byteOffset = 0) {
    clearRegion(buffer, byteOffset);
    const { head, counts } = regionViews(buffer, byteOffset);
    this.#head = head;
    this.#counts = counts;
  }

  /**
   * Nothing is dropped: a value ≤ 0 (two clocks that disagree) is counted as 0 and in `clampedLow`, but the exact
   * minimum and the sum keep it as it was. NaN is the caller's bug and counts as 0 alone.
   */
  record(valueNs: number, count = 1): void {
    if (!(valueNs > 0 && valueNs < 0x80000000)) {
      this.#recordRare(valueNs, count);
      return;
    }
    // All but what is rare; written out because even a call would show.
    const head = this.#head;
    const counts = this.#counts;
    const value = valueNs | 0;
    const shift = EXACT_ZEROS - Math.clz32(value | SUB_BUCKETS);
    counts[(shift << SUB_BUCKET_BITS) + (value >>> shift)]! += count;
    head[SUM]! += valueNs * count;
    if (valueNs < head[MIN]!) head[MIN] = valueNs;
    if (valueNs > head[MAX]!) head[MAX] = valueNs;
  }

  #recordRare(valueNs: number, count: number): void {
    const head = this.#head;
    this.#counts[bucketIndex(valueNs)]! += count;
    if (!(valueNs > 0)) head[REGION.clampedLow]! += count;
    else if (valueNs > HIGHEST_TRACKABLE) head[REGION.clampedHigh]! += count;
    const exactNs = Number.isNaN(valueNs) ? 0 : valueNs;
    head[SUM]! += exactNs * count;
    if (exactNs < head[MIN]!) head[MIN] = exactNs;
    if (exactNs > head[MAX]!) head[MAX] = exactNs;
  }
}
