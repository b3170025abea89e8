import type { Broker } from '../broker/index.ts';
import { type Distribution, medianOf, quantileOf } from '../broker/telemetry.ts';
import type { ProcessTelemetry, ThreadPoint } from './process-telemetry.ts';

/** What a broker and its process did since the look before. Latencies are told; absent where nothing happened. */
export interface BrokerPoint extends ThreadPoint {
  /** Length of what is told, up to this look. */
  readonly seconds: number;
  readonly produceMsP99?: number;
  readonly fetchMsP99?: number;
  /** Of all requests. */
  readonly queueMsP99?: number;
  readonly recordsPerBatch?: number;
  /** Median time in the handler of Produce, microseconds: work alone, whatever waits or stalls around it. */
  readonly produceLocalUsP50?: number;
  readonly requests: number;
  /** Of the whole process. */
  readonly cpuMs: number;
}

/** Reads a broker's counters again and again, and tells the differences. */
export class BrokerProbe {
  readonly #broker: Broker;
  readonly #thread: ProcessTelemetry;
  readonly #seen = new Map<string, Float64Array>();
  #cpu = process.cpuUsage();
  #lookedAt = performance.now();
  #records = 0;
  #batches = 0;

  constructor(broker: Broker, thread: ProcessTelemetry) {
    this.#broker = broker;
    this.#thread = thread;
  }

  next(): BrokerPoint {
    const { telemetry } = this.#broker.assembly;
    const queued = new Float64Array(telemetry.recordsPerBatch.counts.length);
    let requests = 0;
    const told: { produceMsP99?: number; fetchMsP99?: number; queueMsP99?: number; produceLocalUsP50?: number } = {};
    for (const [key, { totalUs, queueUs, localUs }] of telemetry.requests) {
      const local = key === PRODUCE ? medianOf(this.#added('local', localUs)) : null;
      if (local !== null) told.produceLocalUsP50 = rounded(local);
      const added = this.#added(`total ${key}`, totalUs);
      this.#added(`queue ${key}`, queueUs).forEach((count, bucket) => {
        queued[bucket] = queued[bucket]! + count;
        requests += count;
      });
      const p99 = quantileOf(added, 0.99);
      if (p99 === null) continue;
      if (key === PRODUCE) told.produceMsP99 = rounded(p99 / 1000);
      if (key === FETCH) told.fetchMsP99 = rounded(p99 / 1000);
    }
    const queue = quantileOf(queued, 0.99);
    if (queue !== null) told.queueMsP99 = rounded(queue / 1000);
    const batches = telemetry.recordsPerBatch.count - this.#batches;
    const records = telemetry.messagesIn - this.#records;
    this.#batches += batches;
    this.#records += records;
    const size = batches === 0 ? {} : { recordsPerBatch: rounded(records / batches) };
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const seconds = Number(((performance.now() - this.#lookedAt) / 1000).toFixed(3));
    this.#lookedAt = performance.now();
    return { ...this.#thread.next(), ...told, ...size, seconds, requests, cpuMs: (user + system) / 1000 };
  }

  #added(name: string, { counts }: Distribution): Float64Array {
    const before = this.#seen.get(name);
    this.#seen.set(name, counts.slice());
    return before === undefined ? counts.slice() : counts.map((count, bucket) => count - before[bucket]!);
  }
}

const PRODUCE = 0;
const FETCH = 1;

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
