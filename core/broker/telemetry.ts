/** Buckets of a distribution: four an octave, from 1 to 2^30; what lies outside falls into the first or the last. */
export const DISTRIBUTION_BUCKETS = 121;

/** Counts by size, each bucket 19 % wide. Plain numbers that only grow: a reader keeps the differences it wants. */
export class Distribution {
  readonly counts: Float64Array = new Float64Array(DISTRIBUTION_BUCKETS);
  count = 0;
  sum = 0;

  record(value: number): void {
    const bucket = value <= 1 ? 0 : Math.min(DISTRIBUTION_BUCKETS - 1, Math.ceil(4 * Math.log2(value)));
    this.counts[bucket] = this.counts[bucket]! + 1;
    this.count++;
    this.sum += value;
  }
}

/** The upper end of the bucket in which the share `quantile` of what was counted since `before` ends; null without any. */
export function quantileOf(counts: ArrayLike<number>, quantile: number, before?: ArrayLike<number>): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]! - (before?.[bucket] ?? 0);
  if (total <= 0) return null;
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    below += counts[bucket]! - (before?.[bucket] ?? 0);
    if (below >= quantile * total) return 2 ** (bucket / 4);
  }
  return 2 ** ((counts.length - 1) / 4);
}

/** The median, placed within its bucket by the share of the bucket that lies below: for comparing, where a step is too much. */
export function medianOf(counts: ArrayLike<number>): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]!;
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const here = counts[bucket]!;
    if (here > 0 && below + here >= total / 2) return 2 ** ((bucket - 1 + (total / 2 - below) / here) / 4);
    below += here;
  }
  return null;
}

/** What a broker knows of the requests of one API. Times are microseconds. */
export interface RequestTelemetry {
  readonly api: string;
  errors: number;
  responseBytes: number;
  /** From the whole frame to its turn, behind other requests of its connection. */
  readonly queueUs: Distribution;
  /** In the handler, until it returns; what it waits for afterwards is not in it. */
  readonly localUs: Distribution;
  /** From the whole frame to its response. */
  readonly totalUs: Distribution;
}

/** Counters of one broker: nothing is done for a record, little for a request, and nobody need read them. */
export class BrokerTelemetry {
  readonly requests: Map<number, RequestTelemetry> = new Map();
  messagesIn = 0;
  bytesIn = 0;
  readonly recordsPerBatch: Distribution = new Distribution();
  readonly bytesPerBatch: Distribution = new Distribution();

  of(apiKey: number, api: string): RequestTelemetry {
    let found = this.requests.get(apiKey);
    if (found === undefined) {
      const distributions = { queueUs: new Distribution(), localUs: new Distribution(), totalUs: new Distribution() };
      found = { api, errors: 0, responseBytes: 0, ...distributions };
      this.requests.set(apiKey, found);
    }
    return found;
  }

  /** A batch of a producer that the log takes. */
  produced(records: number, bytes: number): void {
    this.messagesIn += records;
    this.bytesIn += bytes;
    this.recordsPerBatch.record(records);
    this.bytesPerBatch.record(bytes);
  }
}
