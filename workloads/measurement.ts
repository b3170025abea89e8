import { LatencyRecorder, REGION_BYTES } from './recorder.ts';

/**
 * The figures of one load thread in one piece of memory that the main thread reads while it is written: a latency
 * region per metric and plain counters. In the simulator there is one thread and the same layout.
 */

/**
 * publish: intended send → ack. publishService: actual send → ack. endToEnd: intended send → poll returned it.
 * commit: offset commit sent → answered. scheduleLag: intended send → actual send, the generator's own delay.
 * transaction: its commit asked for, with records still on their way → committed.
 */
export const METRICS = ['publish', 'publishService', 'endToEnd', 'commit', 'scheduleLag', 'transaction'] as const;
export type Metric = (typeof METRICS)[number];

/** `…Measured`: only what happened within the measured part. Bytes are those of record values. */
export const COUNTERS = [
  'intended',
  'sent',
  'sentBytes',
  'acked',
  'ackedBytes',
  'failed',
  'consumed',
  'consumedBytes',
  'intendedMeasured',
  'sentMeasured',
  'ackedMeasured',
  'ackedBytesMeasured',
  'consumedMeasured',
] as const;
export type Counter = (typeof COUNTERS)[number];

const COUNTER_BYTES = COUNTERS.length * 8;
export const MEASUREMENT_BYTES: number = COUNTER_BYTES + METRICS.length * REGION_BYTES;

const position = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<Counter, number>;

/** Byte offset of a metric's region within a measurement. */
export function metricOffset(metric: Metric): number {
  return COUNTER_BYTES + METRICS.indexOf(metric) * REGION_BYTES;
}

/** A view of the counters for a reader. */
export function counterViews(buffer: ArrayBufferLike): Float64Array<ArrayBufferLike> {
  return new Float64Array(buffer, 0, COUNTERS.length);
}

export function counterIn(views: readonly Float64Array<ArrayBufferLike>[], name: Counter): number {
  let sum = 0;
  for (const view of views) sum += view[position[name]]!;
  return sum;
}

/** The writing side: one per load thread. Times are nanoseconds since the load's start. */
export class Measurement {
  readonly buffer: ArrayBufferLike;
  readonly fromNs: number;
  readonly toNs: number;
  readonly #counters: Float64Array<ArrayBufferLike>;
  readonly #recorders: readonly LatencyRecorder[];

  /** The measured part is [fromNs, toNs). */
  constructor(buffer: ArrayBufferLike, fromNs: number, toNs: number) {
    this.buffer = buffer;
    this.fromNs = fromNs;
    this.toNs = toNs;
    this.#counters = counterViews(buffer);
    this.#counters.fill(0);
    this.#recorders = METRICS.map((metric) => new LatencyRecorder(buffer, metricOffset(metric)));
  }

  #add(at: number, by: number): void {
    this.#counters[at] = this.#counters[at]! + by;
  }

  isMeasured(timeNs: number): boolean {
    return timeNs >= this.fromNs && timeNs < this.toNs;
  }

  /** Intended but perhaps never sent: what the generator owes. */
  intended(intendedNs: number): void {
    this.#add(position.intended, 1);
    if (this.isMeasured(intendedNs)) this.#add(position.intendedMeasured, 1);
  }

  sent(intendedNs: number, nowNs: number, bytes: number): void {
    this.#add(position.sent, 1);
    this.#add(position.sentBytes, bytes);
    if (this.isMeasured(nowNs)) this.#add(position.sentMeasured, 1);
    if (this.isMeasured(intendedNs)) this.#recorders[4]!.record(nowNs - intendedNs);
  }

  acked(intendedNs: number, sentNs: number, nowNs: number, bytes: number): void {
    this.#add(position.acked, 1);
    this.#add(position.ackedBytes, bytes);
    if (this.isMeasured(nowNs)) {
      this.#add(position.ackedMeasured, 1);
      this.#add(position.ackedBytesMeasured, bytes);
    }
    if (this.isMeasured(intendedNs)) {
      this.#recorders[0]!.record(nowNs - intendedNs);
      this.#recorders[1]!.record(nowNs - sentNs);
    }
  }

  failed(): void {
    this.#add(position.failed, 1);
  }

  /** `intendedNs` is null for a record that carries no envelope. */
  consumed(intendedNs: number | null, nowNs: number, bytes: number): void {
    this.#add(position.consumed, 1);
    this.#add(position.consumedBytes, bytes);
    if (this.isMeasured(nowNs)) this.#add(position.consumedMeasured, 1);
    if (intendedNs !== null && this.isMeasured(intendedNs)) this.#recorders[2]!.record(nowNs - intendedNs);
  }

  committed(sentNs: number, nowNs: number): void {
    if (this.isMeasured(sentNs)) this.#recorders[3]!.record(nowNs - sentNs);
  }

  transacted(askedNs: number, nowNs: number): void {
    if (this.isMeasured(askedNs)) this.#recorders[5]!.record(nowNs - askedNs);
  }
}
