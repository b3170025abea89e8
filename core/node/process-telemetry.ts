import { type ELDHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { Distribution, quantileOf } from '../broker/telemetry.ts';
import type { MetricFamily } from './openmetrics.ts';

/** How often the event loop is looked at; the delay is what a look comes late by. */
const RESOLUTION_MS = 10;

/** What one thread did since the look before: why an answer may have been late. */
export interface ThreadPoint {
  /** Delay of the event loop beyond what it was asked for, milliseconds. */
  readonly loopLagMsP99: number;
  readonly loopLagMsMax: number;
  /** Pauses for garbage collection, milliseconds. */
  readonly gcMs: number;
  readonly gcMsMax: number;
  readonly heapBytes: number;
  /** Share of the time in which the loop had something to do, 0 … 1. */
  readonly utilization: number;
}

/** Event loop, garbage collection and memory of the thread that makes it. `stop` when done. */
export class ProcessTelemetry {
  readonly #delay: ELDHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #whole: ELDHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #observer: PerformanceObserver;
  readonly #gcUs: Distribution = new Distribution();
  #loop = performance.eventLoopUtilization();
  #gcMs = 0;
  #gcMsMax = 0;

  constructor() {
    this.#delay.enable();
    this.#whole.enable();
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcMs += duration;
        this.#gcMsMax = Math.max(this.#gcMsMax, duration);
        this.#gcUs.record(duration * 1000);
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Since the call before. */
  next(): ThreadPoint {
    const point: ThreadPoint = {
      loopLagMsP99: lagMs(this.#delay, this.#delay.percentile(99)),
      loopLagMsMax: lagMs(this.#delay, this.#delay.max),
      gcMs: Number(this.#gcMs.toFixed(3)),
      gcMsMax: Number(this.#gcMsMax.toFixed(3)),
      heapBytes: process.memoryUsage().heapUsed,
      utilization: Number(performance.eventLoopUtilization(this.#loop).utilization.toFixed(3)),
    };
    this.#delay.reset();
    this.#loop = performance.eventLoopUtilization();
    this.#gcMs = 0;
    this.#gcMsMax = 0;
    return point;
  }

  /** In the names of Prometheus' client for Node, for the whole life of the process. */
  families(): MetricFamily[] {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const seconds = (name: string, help: string, value: number): MetricFamily => {
      return { name, type: 'gauge', help, unit: 'seconds', samples: [{ value }] };
    };
    const bytes = (name: string, help: string, value: number): MetricFamily => {
      return { name, type: 'gauge', help, unit: 'bytes', samples: [{ value }] };
    };
    const lag = (quantile: number): number => lagMs(this.#whole, this.#whole.percentile(quantile)) / 1000;
    const quantiles = [0.5, 0.99].map((q) => [q, (quantileOf(this.#gcUs.counts, q) ?? 0) / 1e6] as const);
    return [
      seconds('nodejs_eventloop_lag_p50_seconds', 'Delay of the event loop, median.', lag(50)),
      seconds('nodejs_eventloop_lag_p99_seconds', 'Delay of the event loop, 99th percentile.', lag(99)),
      seconds(
        'nodejs_eventloop_lag_max_seconds',
        'Longest delay of the event loop.',
        lagMs(this.#whole, this.#whole.max) / 1000,
      ),
      {
        name: 'nodejs_gc_duration_seconds',
        type: 'summary',
        help: 'Pauses for garbage collection.',
        unit: 'seconds',
        samples: [{ value: this.#gcUs.sum / 1e6, count: this.#gcUs.count, quantiles }],
      },
      bytes('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed),
      bytes('nodejs_heap_size_total_bytes', 'Heap held.', heapTotal),
      bytes('nodejs_external_memory_bytes', 'Memory outside of the heap, buffers above all.', external),
      bytes('process_resident_memory_bytes', 'Resident memory.', rss),
      {
        name: 'process_cpu_seconds',
        type: 'counter',
        help: 'CPU time, user and system.',
        unit: 'seconds',
        samples: [{ value: (user + system) / 1e6 }],
      },
    ];
  }

  stop(): void {
    this.#delay.disable();
    this.#whole.disable();
    this.#observer.disconnect();
  }
}

/** The monitor counts the interval itself; nothing was measured where it has not fired. */
function lagMs(histogram: ELDHistogram, ns: number): number {
  if (histogram.count === 0) return 0;
  return Number(Math.max(0, ns / 1e6 - RESOLUTION_MS).toFixed(3));
}
