import { type Counter, counterIn, counterViews, type Metric, metricOffset } from './measurement.ts';
import { BUCKETS, bucketHighest, bucketIndex, REGION, regionViews } from './recorder.ts';

/** Percentiles of the latencies that ended within one second, milliseconds; null without any. */
export interface LatencyPoint {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Samples by bin of a heat map, the empty ones left out: bin b holds 2^(b/4) up to 2^((b+1)/4) nanoseconds. */
  readonly bins: readonly (readonly [bin: number, count: number])[];
}

/** One second (or less, at the end) of a run. Counts are of that second alone. */
export interface SeriesPoint {
  /** Seconds since time zero, at the end of the interval. */
  readonly t: number;
  readonly intervalSeconds: number;
  readonly intended: number;
  readonly sent: number;
  readonly acked: number;
  readonly failed: number;
  readonly consumed: number;
  readonly ackedBytes: number;
  readonly publish: LatencyPoint | null;
  readonly endToEnd: LatencyPoint | null;
}

const COUNTED = ['intended', 'sent', 'acked', 'failed', 'consumed', 'ackedBytes'] as const satisfies readonly Counter[];

/** Reads the measurements of all load threads once a second and keeps the differences. */
export class SeriesSampler {
  readonly points: SeriesPoint[] = [];
  readonly #counters: readonly Float64Array<ArrayBufferLike>[];
  readonly #publish: Window;
  readonly #endToEnd: Window;
  #previous: readonly number[] = COUNTED.map(() => 0);
  #lastNs: number;

  /** `buffers`: one measurement per load thread. `startNs`: when the first interval begins, since time zero. */
  constructor(buffers: readonly ArrayBufferLike[], startNs = 0) {
    this.#counters = buffers.map(counterViews);
    this.#publish = new Window(buffers, 'publish');
    this.#endToEnd = new Window(buffers, 'endToEnd');
    this.#lastNs = startNs;
  }

  sample(nowNs: number): SeriesPoint {
    const totals = COUNTED.map((name) => counterIn(this.#counters, name));
    const [intended, sent, acked, failed, consumed, ackedBytes] = totals.map(
      (total, index) => total - this.#previous[index]!,
    );
    const point: SeriesPoint = {
      t: nowNs / 1e9,
      intervalSeconds: (nowNs - this.#lastNs) / 1e9,
      intended: intended!,
      sent: sent!,
      acked: acked!,
      failed: failed!,
      consumed: consumed!,
      ackedBytes: ackedBytes!,
      publish: this.#publish.next(),
      endToEnd: this.#endToEnd.next(),
    };
    this.#previous = totals;
    this.#lastNs = nowNs;
    this.points.push(point);
    return point;
  }
}

/** The heat map's bin of each bucket. */
const BIN_OF: Int16Array = Int16Array.from({ length: BUCKETS }, (_, index) =>
  Math.floor(4 * Math.log2(Math.max(1, bucketHighest(index)))),
);

/** What was added to one metric since the last look, over all threads. */
class Window {
  readonly #regions: readonly ReturnType<typeof regionViews>[];
  readonly #seen: readonly Uint32Array[];
  readonly #added = new Uint32Array(BUCKETS);

  constructor(buffers: readonly ArrayBufferLike[], metric: Metric) {
    this.#regions = buffers.map((buffer) => regionViews(buffer, metricOffset(metric)));
    this.#seen = buffers.map(() => new Uint32Array(BUCKETS));
  }

  next(): LatencyPoint | null {
    // Most buckets lie outside of all that was ever recorded.
    let lowest = BUCKETS;
    for (const { head } of this.#regions) {
      if (head[REGION.min]! <= head[REGION.max]!) lowest = Math.min(lowest, bucketIndex(head[REGION.min]!));
    }
    const added = this.#added.fill(0, lowest);
    let count = 0;
    let highest = 0;
    this.#regions.forEach(({ head, counts }, thread) => {
      const seen = this.#seen[thread]!;
      const last = bucketIndex(head[REGION.max]!);
      for (let index = lowest; index <= last; index++) {
        const now = counts[index]!;
        if (now === seen[index]) continue;
        const more = (now - seen[index]!) >>> 0;
        seen[index] = now;
        added[index] = added[index]! + more;
        count += more;
        if (index > highest) highest = index;
      }
    });
    if (count === 0) return null;
    const at = (share: number): number => {
      const wanted = Math.max(1, Math.ceil(share * count));
      let below = 0;
      for (let index = lowest; index <= highest; index++) {
        below += added[index]!;
        if (below >= wanted) return bucketHighest(index) / 1e6;
      }
      return bucketHighest(highest) / 1e6;
    };
    const bins: [number, number][] = [];
    for (let index = lowest; index <= highest; index++) {
      if (added[index] === 0) continue;
      const last = bins.at(-1);
      if (last !== undefined && last[0] === BIN_OF[index]) last[1] += added[index]!;
      else bins.push([BIN_OF[index]!, added[index]!]);
    }
    return { count, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: bucketHighest(highest) / 1e6, bins };
  }
}
