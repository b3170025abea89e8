import { Histogram, RegionReader } from '../reports/histogram.ts';
import {
  ACHIEVED_MIN,
  type ExitCode,
  type Expectation,
  exitCodeOf,
  type Generator,
  LAG_MS_MAX,
  type LatencyName,
  type Metrics,
  type RunStatus,
} from '../reports/run-record.ts';
import { JUDGEMENTS, type VerdictResult } from '../reports/verdict/result.ts';
import { counterIn, counterViews, type Metric, metricOffset } from '../workloads/measurement.ts';
import type { MetricExpectation, Workload } from '../workloads/workload.ts';
import type { Outcome } from './outcome.ts';
import { round } from './series-points.ts';

const LATENCIES: readonly { name: LatencyName; metric: Metric }[] = [
  { name: 'publish', metric: 'publish' },
  { name: 'service', metric: 'publishService' },
  { name: 'endToEnd', metric: 'endToEnd' },
  { name: 'commit', metric: 'commit' },
  { name: 'transaction', metric: 'transaction' },
];

export interface Judged {
  readonly metrics: Metrics;
  readonly histograms: ReadonlyMap<LatencyName, Histogram>;
  readonly generator: Generator;
  /** The generator's own delay, 99th percentile, milliseconds. */
  readonly lagMs: number;
  readonly expect: readonly Expectation[];
  readonly status: RunStatus;
  readonly exit: ExitCode;
  readonly target: number | null;
  /** Acknowledged records in all, warm-up included. */
  readonly acked: number;
}

/** The figures of a run, held against what its file expects. */
export function judge(workload: Workload, outcome: Outcome): Judged {
  const { conducted, measurements, verdict } = outcome;
  const loadEndSeconds = conducted.loadEndNs / 1e9;
  const measuredSeconds = Math.max(
    1e-9,
    Math.min(workload.phases.measureMs / 1000, loadEndSeconds - workload.phases.warmupMs / 1000),
  );
  const histograms = new Map(LATENCIES.map(({ name, metric }) => [name, merged(measurements, metric)]));
  const counters = measurements.map(counterViews);
  const rate = (counter: Parameters<typeof counterIn>[1]): number => counterIn(counters, counter) / measuredSeconds;
  const target = targetRate(workload);
  const latencies = Object.fromEntries(
    [...histograms].flatMap(([name, histogram]) => (histogram.count > 0 ? [[name, histogram.summary('ms')]] : [])),
  );
  const metrics: Metrics = {
    ...latencies,
    throughput: {
      unit: 'records/s',
      ...(target === null ? {} : { target: round(target) }),
      sent: round(rate('sentMeasured')),
      acked: round(rate('ackedMeasured')),
      consumed: round(rate('consumedMeasured')),
      bytes: round(rate('ackedBytesMeasured')),
    },
  };
  const status: RunStatus = conducted.interrupted ? { kind: 'interrupted' } : { kind: 'completed' };
  const lag = merged(measurements, 'scheduleLag');
  const lagMs = lag.count === 0 ? 0 : lag.valueAt(0.99) / 1e6;
  const generator = generatorState(counters, lag, target !== null);
  const expect = workload.expect.map((line) =>
    line.kind === 'durability' ? durability(line.worst, verdict) : threshold(line, metrics, histograms),
  );
  const exit = exitCodeOf({ status, verdict, expect, generator });
  return { metrics, histograms, generator, lagMs, expect, status, exit, target, acked: counterIn(counters, 'acked') };
}

function merged(measurements: readonly ArrayBufferLike[], metric: Metric): Histogram {
  const sum = new Histogram();
  for (const buffer of measurements) {
    const reader = new RegionReader(buffer, metricOffset(metric));
    sum.add(reader.interval());
  }
  return sum;
}

/** Records per second over all producers in the measured part; null when one of them asks for the maximum. */
export function targetRate(workload: Workload): number | null {
  let sum = 0;
  for (const { rate, arrival } of workload.producers) {
    if (rate.kind === 'max' || arrival.kind === 'trace') return null;
    if (rate.kind === 'fixed') {
      sum += rate.perSecond;
      continue;
    }
    let records = 0;
    let leftMs = workload.phases.measureMs;
    for (const stage of rate.stages) {
      const shareMs = Math.min(leftMs, stage.forMs);
      const reached = stage.fromPerSecond + (stage.toPerSecond - stage.fromPerSecond) * (shareMs / stage.forMs);
      records += (((stage.fromPerSecond + reached) / 2) * shareMs) / 1000;
      leftMs -= shareMs;
    }
    records += ((rate.stages.at(-1)?.toPerSecond ?? 0) * leftMs) / 1000;
    sum += records / (workload.phases.measureMs / 1000);
  }
  return sum;
}

function generatorState(
  counters: readonly Float64Array<ArrayBufferLike>[],
  lag: Histogram,
  hasTarget: boolean,
): Generator {
  const intended = counterIn(counters, 'intendedMeasured');
  const unsent = counterIn(counters, 'intended') - counterIn(counters, 'sent');
  const achieved = hasTarget && intended > 0 ? 1 - unsent / intended : null;
  const lagMs = lag.count === 0 ? 0 : lag.valueAt(0.99) / 1e6;
  const behind = (achieved !== null && achieved < ACHIEVED_MIN) || (hasTarget && lagMs > LAG_MS_MAX);
  return {
    state: behind ? 'fell behind' : 'kept up',
    achieved: achieved === null ? null : Number(achieved.toFixed(4)),
    lagMsMax: lag.count === 0 ? 0 : Number((lag.max / 1e6).toFixed(3)),
    lagMsP99: Number(lagMs.toFixed(3)),
  };
}

function durability(worst: 'pass' | 'allowed', verdict: VerdictResult): Expectation {
  const ok = JUDGEMENTS.indexOf(verdict.result) <= JUDGEMENTS.indexOf(worst);
  return { name: 'durability', limit: worst, actual: verdict.result, ok };
}

function threshold(
  line: MetricExpectation,
  metrics: Metrics,
  histograms: ReadonlyMap<LatencyName, Histogram>,
): Expectation {
  const actual = actualOf(line, metrics, histograms);
  const ok = actual !== null && holds(actual, line.comparison, line.limit);
  return { name: line.name, limit: line.text, actual, ok };
}

function actualOf(
  line: MetricExpectation,
  metrics: Metrics,
  histograms: ReadonlyMap<LatencyName, Histogram>,
): number | null {
  if (line.metric === 'throughput') {
    const { throughput } = metrics;
    const statistic = line.statistic as 'sent' | 'acked' | 'consumed' | 'bytes';
    return throughput[statistic];
  }
  const name: LatencyName = line.metric === 'publishService' ? 'service' : line.metric;
  const summary = histograms.get(name)?.summary('ms');
  if (summary === undefined || summary.count === 0) return null;
  const value = (summary as unknown as Record<string, unknown>)[line.statistic];
  return typeof value === 'number' ? value : null;
}

function holds(actual: number, comparison: MetricExpectation['comparison'], limit: number): boolean {
  switch (comparison) {
    case '<':
      return actual < limit;
    case '<=':
      return actual <= limit;
    case '>':
      return actual > limit;
    case '>=':
      return actual >= limit;
  }
}
