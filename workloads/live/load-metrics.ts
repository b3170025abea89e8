import {
  type MetricFamily,
  type MetricsServer,
  type OtlpPusher,
  type ProcessTelemetry,
  serveMetrics,
  startOtlp,
} from '../../core/node/index.ts';
import { type Counter, counterIn, counterViews } from '../measurement.ts';
import type { SeriesPoint } from '../series.ts';
import type { TelemetryPart } from './telemetry.ts';

/** Where a run shows its own figures while it lasts. */
export interface MetricsSinks {
  /** OpenMetrics on this port of the loopback address. */
  readonly port?: number;
  /** A collector that takes OTLP over HTTP. */
  readonly otlp?: string;
}

export interface LoadMetricsSource {
  readonly workload: string;
  readonly buffers: readonly ArrayBufferLike[];
  readonly last: () => SeriesPoint | undefined;
  readonly thread: ProcessTelemetry;
  readonly telemetry: () => readonly TelemetryPart[];
  readonly problem: (text: string) => void;
}

const COUNTED: readonly (readonly [name: string, counter: Counter, help: string])[] = [
  ['faultline_load_records_intended', 'intended', 'Records that the schedule wanted.'],
  ['faultline_load_records_sent', 'sent', 'Records that producers have sent.'],
  ['faultline_load_records_acked', 'acked', 'Records that were acknowledged.'],
  ['faultline_load_records_failed', 'failed', 'Records that were not.'],
  ['faultline_load_records_consumed', 'consumed', 'Records that consumers have read.'],
  ['faultline_load_acked_bytes', 'ackedBytes', 'Bytes of values that were acknowledged.'],
];

/** The load's counters and latencies of the last second, its threads, and the process. */
export function loadFamilies(source: LoadMetricsSource): MetricFamily[] {
  const views = source.buffers.map(counterViews);
  const labels = { workload: source.workload };
  const last = source.last();
  const seconds = (latency: SeriesPoint['publish'] | undefined): MetricFamily['samples'] =>
    latency == null
      ? []
      : [
          { labels: { ...labels, quantile_of_last_second: '0.5' }, value: latency.p50 / 1000 },
          { labels: { ...labels, quantile_of_last_second: '0.99' }, value: latency.p99 / 1000 },
        ];
  const threads = source.telemetry().flatMap(({ part, points }) => {
    const point = points.at(-1);
    return point === undefined ? [] : [{ labels: { part }, value: point.loopLagMsMax / 1000 }];
  });
  return [
    ...COUNTED.map(([name, counter, help]): MetricFamily => {
      const unit = name.endsWith('_bytes') ? { unit: 'bytes' } : {};
      return { name, type: 'counter', help, ...unit, samples: [{ labels, value: counterIn(views, counter) }] };
    }),
    {
      name: 'faultline_load_publish_latency_seconds',
      type: 'gauge',
      help: 'From the intended send to the acknowledgement, over the last second.',
      unit: 'seconds',
      samples: seconds(last?.publish),
    },
    {
      name: 'faultline_load_end_to_end_latency_seconds',
      type: 'gauge',
      help: 'From the intended send to the poll that returned it, over the last second.',
      unit: 'seconds',
      samples: seconds(last?.endToEnd),
    },
    {
      name: 'faultline_part_eventloop_lag_max_seconds',
      type: 'gauge',
      help: 'Longest stall of the event loop of each part of the run, over the last second.',
      unit: 'seconds',
      samples: threads,
    },
    ...source.thread.families(),
  ];
}

/** Shows the figures as asked; `close` pushes a last time. Rejects when the port cannot be had. */
export async function showLoad(sinks: MetricsSinks, source: LoadMetricsSource): Promise<{ close(): Promise<void> }> {
  const families = (): MetricFamily[] => loadFamilies(source);
  const server: MetricsServer | null =
    sinks.port === undefined ? null : await serveMetrics('localhost', sinks.port, families);
  const resource = { 'service.name': 'faultline-load', 'faultline.workload': source.workload };
  const pusher: OtlpPusher | null =
    sinks.otlp === undefined ? null : startOtlp(sinks.otlp, resource, families, source.problem);
  return {
    async close() {
      await pusher?.close();
      await server?.close();
    },
  };
}
