import { median } from './compare/statistics.ts';
import { figure } from './figure.ts';
import type { RunRecord } from './run-record.ts';

/** One look (a second, less at the ends of the measured part) at one part of a live run. Latencies and pauses are milliseconds. */
export interface TelemetryPoint {
  /** Seconds since the start, at the end of the interval. */
  readonly t: number;
  readonly loopLagMsP99: number;
  readonly loopLagMsMax: number;
  readonly gcMs: number;
  readonly gcMsMax: number;
  readonly heapBytes: number;
  /** Share of the time in which the event loop had something to do. */
  readonly utilization: number;
  /** Of brokers only: */
  readonly produceMsP99?: number;
  readonly fetchMsP99?: number;
  readonly queueMsP99?: number;
  readonly recordsPerBatch?: number;
  readonly produceLocalUsP50?: number;
  readonly requests?: number;
  readonly cpuMs?: number;
  /** Length of the interval; absent: one. */
  readonly seconds?: number;
}

export interface TelemetryPart {
  /** `broker 1`, `load thread 1`, `main thread`. */
  readonly part: string;
  readonly points: readonly TelemetryPoint[];
}

export interface TelemetrySummary {
  readonly part: string;
  readonly loopLagMsMax: number;
  readonly gcMsMax: number;
  /** Share of the measured part spent in garbage collection, and in the event loop at all. */
  readonly gcShare: number;
  readonly utilization: number;
  readonly heapBytesMax: number;
  readonly queueMsP99?: number;
  readonly produceMsP99?: number;
  readonly recordsPerBatch?: number;
  readonly produceLocalUsP50?: number;
  /** Microseconds of CPU for each record acknowledged in the measured part. */
  readonly cpuUsPerRecord?: number;
}

/** Whether a point lies mostly within the measured part; a run without one is measured as a whole. */
export function withinMeasured(phases: RunRecord['phases']): (point: TelemetryPoint) => boolean {
  const measured = phases.find(({ name }) => name === 'measure');
  const from = measured?.fromSeconds ?? 0;
  const to = measured?.toSeconds ?? Number.POSITIVE_INFINITY;
  return ({ t, seconds = 1 }) => t - seconds / 2 > from && t - seconds / 2 <= to;
}

/** Each part over the measured part of the run: worst seconds of what stalls, medians of the rest. */
export function telemetrySummary(record: Pick<RunRecord, 'telemetry' | 'phases' | 'metrics'>): TelemetrySummary[] {
  const within = withinMeasured(record.phases);
  const ackedPerSecond = record.metrics.throughput.acked;
  return (record.telemetry ?? []).flatMap(({ part, points }) => {
    const inside = points.filter(within);
    if (inside.length === 0) return [];
    const most = (of: (point: TelemetryPoint) => number): number => Math.max(...inside.map(of));
    const total = (of: (point: TelemetryPoint) => number): number => inside.reduce((sum, point) => sum + of(point), 0);
    const seconds = total((point) => point.seconds ?? 1);
    const middle = (of: (point: TelemetryPoint) => number | undefined): number | undefined => {
      const values = inside.flatMap((point) => of(point) ?? []);
      return values.length === 0 ? undefined : median(values);
    };
    const optional = {
      queueMsP99: middle(({ queueMsP99 }) => queueMsP99),
      produceMsP99: middle(({ produceMsP99 }) => produceMsP99),
      recordsPerBatch: middle(({ recordsPerBatch }) => recordsPerBatch),
      produceLocalUsP50: middle(({ produceLocalUsP50 }) => produceLocalUsP50),
      cpuUsPerRecord:
        ackedPerSecond > 0 && inside.every(({ cpuMs }) => cpuMs !== undefined)
          ? // Both by the second: the looks miss a little of the measured part at its ends.
            Number(((total(({ cpuMs }) => cpuMs!) * 1000) / seconds / ackedPerSecond).toPrecision(5))
          : undefined,
    };
    const present = Object.entries(optional).filter(([, value]) => value !== undefined);
    return [
      {
        part,
        loopLagMsMax: most(({ loopLagMsMax }) => loopLagMsMax),
        gcMsMax: most(({ gcMsMax }) => gcMsMax),
        gcShare: Number((total(({ gcMs }) => gcMs) / 1000 / seconds).toFixed(4)),
        utilization: Number((total((point) => point.utilization * (point.seconds ?? 1)) / seconds).toFixed(3)),
        heapBytesMax: most(({ heapBytes }) => heapBytes),
        ...(Object.fromEntries(present) as Partial<TelemetrySummary>),
      },
    ];
  });
}

/** CPU of all brokers together for each record acknowledged; undefined where a broker told nothing. */
export function brokerCpuUsPerRecord(record: RunRecord): number | undefined {
  const { telemetrySummary: parts = [], sim, phases, metrics } = record;
  if (sim?.brokerCpuMs !== undefined) {
    const measured = phases.find(({ name }) => name === 'measure');
    const acked = metrics.throughput.acked * ((measured?.toSeconds ?? 0) - (measured?.fromSeconds ?? 0));
    return acked > 0 ? Number(((sim.brokerCpuMs * 1000) / acked).toPrecision(6)) : undefined;
  }
  const brokers = parts.filter(({ part }) => part.startsWith('broker '));
  if (brokers.length === 0 || brokers.some(({ cpuUsPerRecord }) => cpuUsPerRecord === undefined)) return undefined;
  return brokers.reduce((sum, { cpuUsPerRecord }) => sum + cpuUsPerRecord!, 0);
}

/** Median time in the handler of Produce, over all brokers; undefined where a broker told nothing. */
export function brokerProduceUs({ telemetrySummary: parts = [] }: RunRecord): number | undefined {
  const brokers = parts.filter(({ part }) => part.startsWith('broker '));
  const times = brokers.flatMap(({ produceLocalUsP50 }) => produceLocalUsP50 ?? []);
  if (times.length === 0) return undefined;
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

export const TELEMETRY_HEADS = [
  'Part',
  'loop lag max, ms',
  'GC pause max, ms',
  'GC share',
  'busy',
  'heap max, MB',
  'queue p99, ms',
  'produce p99, ms',
  'records a batch',
  'produce work p50, µs',
  'CPU, µs a record',
] as const;

export function telemetryRows(record: RunRecord): string[][] {
  const number = (value: number | undefined): string => (value === undefined ? '–' : figure(value));
  const share = (value: number): string => `${(value * 100).toFixed(1)} %`;
  return (record.telemetrySummary ?? []).map((row) => [
    row.part,
    number(row.loopLagMsMax),
    number(row.gcMsMax),
    share(row.gcShare),
    share(row.utilization),
    (row.heapBytesMax / 1e6).toFixed(0),
    number(row.queueMsP99),
    number(row.produceMsP99),
    number(row.recordsPerBatch),
    number(row.produceLocalUsP50),
    number(row.cpuUsPerRecord),
  ]);
}

/** Data of charts/telemetry.vl.json. */
export function telemetryChartData(record: RunRecord): Record<string, object[]> {
  const rows = (of: (point: TelemetryPoint) => number | undefined): object[] =>
    (record.telemetry ?? []).flatMap(({ part, points }) =>
      points.flatMap((point) => {
        const value = of(point);
        return value === undefined ? [] : [{ t: point.t, part, value }];
      }),
    );
  return {
    'loop-lag': rows(({ loopLagMsMax }) => loopLagMsMax),
    'gc-pauses': rows(({ gcMs }) => gcMs),
    'queue-time': rows(({ queueMsP99 }) => queueMsP99),
    'batch-size': rows(({ recordsPerBatch }) => recordsPerBatch),
  };
}
