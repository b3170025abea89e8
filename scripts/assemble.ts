import { Histogram, RegionReader } from '../reports/histogram.ts';
import type { RateSearch } from '../reports/rate-search.ts';
import {
  ACHIEVED_MIN,
  type Environment,
  EXIT,
  type ExitCode,
  type Expectation,
  exitCodeOf,
  type Generator,
  LAG_MS_MAX,
  type LatencyName,
  type Metrics,
  type RunFault,
  type RunRecord,
  type RunStatus,
  runFault,
  type SeriesPoint,
} from '../reports/run-record.ts';
import { runId } from '../reports/run-store.ts';
import { type TelemetryPart, telemetrySummary } from '../reports/telemetry.ts';
import type { ControlEvent, LoggedFault } from '../reports/verdict/faults.ts';
import { JUDGEMENTS, type VerdictResult } from '../reports/verdict/result.ts';
import type { Conducted } from '../workloads/actors/conduct.ts';
import { workloadHash } from '../workloads/hash.ts';
import { counterIn, counterViews, type Metric, metricOffset } from '../workloads/measurement.ts';
import type { SeriesPoint as MeasuredPoint } from '../workloads/series.ts';
import type { MetricExpectation, Workload } from '../workloads/workload.ts';
import { remedyCommand, remedyOf } from './remedy.ts';

/** What a run left behind, from whichever world. */
export interface Outcome {
  readonly verdict: VerdictResult;
  readonly conducted: Conducted;
  readonly measurements: readonly ArrayBufferLike[];
  readonly series: readonly MeasuredPoint[];
  readonly faults: readonly LoggedFault[];
  /** Leaders over the run, where somebody watched them. */
  readonly control?: readonly ControlEvent[];
  readonly problems: readonly string[];
  /** Of the parts of a live run. */
  readonly telemetry?: readonly TelemetryPart[];
  /** The client library of producers and consumers, where it was not our own. */
  readonly client?: RunRecord['client'];
  readonly sim?: NonNullable<RunRecord['sim']>;
}

export interface RunContext {
  readonly workload: Workload;
  readonly workloadText: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly replay: string;
  /** The search for the highest rate that this run ended. */
  readonly search?: RateSearch;
  /** Instead of the workload's own, where a run stands for more than its load. */
  readonly hash?: string;
}

const LATENCIES: readonly { name: LatencyName; metric: Metric }[] = [
  { name: 'publish', metric: 'publish' },
  { name: 'service', metric: 'publishService' },
  { name: 'endToEnd', metric: 'endToEnd' },
  { name: 'commit', metric: 'commit' },
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

/** Makes the record of a run out of what it measured, and the histograms that a store keeps beside it. */
export function assemble(
  context: RunContext,
  outcome: Outcome,
): { record: RunRecord; histograms: ReadonlyMap<LatencyName, Histogram> } {
  const { workload } = context;
  const { conducted, series, faults, verdict } = outcome;
  const { metrics, histograms, generator, expect, status, exit: runExit, target } = judge(workload, outcome);
  const exit = context.search === undefined ? runExit : searchExit(context.search, runExit);
  const warmupSeconds = workload.phases.warmupMs / 1000;
  const loadEndSeconds = conducted.loadEndNs / 1e9;
  const measureStart = Math.min(warmupSeconds, loadEndSeconds);
  const remedy = remedyCommand(context.replay, remedyOf(workload, verdict));
  const record: RunRecord = {
    schema: 1,
    id: runId(context.startedAt, workload.name, workload.seed),
    workload: workload.name,
    target: workload.target,
    seed: workload.seed,
    exit,
    verdict,
    metrics,
    faults: runFaults(faults, outcome.control),
    expect,
    ...(context.search === undefined ? {} : { search: context.search }),
    ...(outcome.sim === undefined ? {} : { sim: outcome.sim }),
    ...(outcome.client === undefined ? {} : { client: outcome.client }),
    environment: context.environment,
    startedAt: context.startedAt,
    status,
    generator,
    phases: [
      { name: 'warmup', fromSeconds: 0, toSeconds: measureStart },
      { name: 'measure', fromSeconds: measureStart, toSeconds: loadEndSeconds },
      { name: 'drain', fromSeconds: loadEndSeconds, toSeconds: loadEndSeconds + (conducted.drainNs ?? 0) / 1e9 },
    ],
    replay: context.replay,
    ...(remedy === null ? {} : { remedy }),
    workloadHash: context.hash ?? workloadHash(workload, context.files),
    workloadText: context.workloadText,
    configs: configsOf(workload),
    series: pointsOf(workload, series, target),
    spectra: Object.fromEntries(
      [...histograms].flatMap(([name, histogram]) => (histogram.count > 0 ? [[name, histogram.spectrum('ms')]] : [])),
    ),
  };
  const { telemetry } = outcome;
  if (telemetry === undefined) return { record, histograms };
  const summary = telemetrySummary({ ...record, telemetry });
  return { record: { ...record, telemetry, telemetrySummary: summary }, histograms };
}

/** With the partitions that changed their leader between one fault and the next. */
function runFaults(faults: readonly LoggedFault[], control: readonly ControlEvent[] | undefined): RunFault[] {
  if (control === undefined) return faults.map(runFault);
  const leaders = new Map<number, number>();
  const moves = faults.map(() => 0);
  for (const { timeNs, partition, leader } of control) {
    if (leader === -1) continue;
    const before = leaders.get(partition);
    leaders.set(partition, leader);
    if (before === undefined || before === leader) continue;
    const last = faults.findLastIndex(({ atNs }) => atNs <= timeNs);
    if (last !== -1) moves[last]!++;
  }
  return faults.map((fault, index) => ({ ...runFault(fault), leaderMoves: moves[index]! }));
}

/** A search that found nothing breaches its limits; one that was not confirmed decides nothing. Durability outranks both. */
function searchExit({ rate, confirmation }: RateSearch, run: ExitCode): ExitCode {
  if (run === EXIT.durabilityViolation || run === EXIT.runFailed) return run;
  if (rate === 0) return EXIT.thresholdBreached;
  return confirmation?.held === true ? run : EXIT.inconclusive;
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

function pointsOf(workload: Workload, series: readonly MeasuredPoint[], target: number | null): SeriesPoint[] {
  const groups = groupsOfEach(workload);
  let owed = 0;
  return series.flatMap((point) => {
    owed += groups === null ? 0 : point.acked * groups - point.consumed;
    if (point.intervalSeconds <= 0) return [];
    const drawn = seriesPoint(point, target);
    // A record that was read twice is no debt of its reader.
    return [groups === null ? drawn : { ...drawn, backlog: Math.max(0, owed) }];
  });
}

/**
 * How many groups read each record; null where that is not one number, or where not every acknowledged record is shown
 * to readers. Counters are of the whole run, so only then a backlog follows from them.
 */
export function groupsOfEach(workload: Workload): number | null {
  const { topics, producers, consumers } = workload;
  if (producers.some(({ transaction }) => transaction !== null)) return null;
  const written = new Set(producers.map(({ topic }) => topic));
  const counts = topics
    .filter(({ name }) => written.has(name))
    .map(({ name }) => consumers.filter(({ topic }) => topic === name).reduce((sum, { groups }) => sum + groups, 0));
  const [first = 0] = counts;
  return first > 0 && counts.every((count) => count === first) ? first : null;
}

function seriesPoint(point: MeasuredPoint, target: number | null): SeriesPoint {
  const perSecond = (count: number): number => round(count / point.intervalSeconds);
  const latency = (from: MeasuredPoint['publish']): SeriesPoint['publish'] =>
    from === null
      ? undefined
      : { count: from.count, p50: from.p50, p99: from.p99, 'p99.9': from.p999, max: from.max, bins: from.bins };
  const publish = latency(point.publish);
  const endToEnd = latency(point.endToEnd);
  return {
    t: Number(point.t.toFixed(3)),
    ...(target === null ? {} : { target }),
    sent: perSecond(point.sent),
    acked: perSecond(point.acked),
    consumed: perSecond(point.consumed),
    bytes: perSecond(point.ackedBytes),
    ...(publish === undefined ? {} : { publish }),
    ...(endToEnd === undefined ? {} : { endToEnd }),
  };
}

function configsOf(workload: Workload): RunRecord['configs'] {
  const configs: Record<string, Readonly<Record<string, string>>> = { broker: workload.cluster.config };
  for (const topic of workload.topics) configs[`topic ${topic.name}`] = topic.config;
  workload.producers.forEach((producer, index) => {
    configs[`producer ${index}`] = producer.client;
  });
  workload.consumers.forEach((consumer, index) => {
    configs[`consumer ${index}`] = consumer.client;
  });
  return configs;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
