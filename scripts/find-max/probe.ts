import { lagText } from '../../reports/run-record.ts';
import { counterIn, counterViews } from '../../workloads/measurement.ts';
import type { MetricExpectation, Workload } from '../../workloads/workload.ts';
import { judge } from '../judge.ts';
import type { Outcome } from '../outcome.ts';
import { groupsOfEach } from '../series-points.ts';
import type { ProbeResult } from './search.ts';

/** A backlog grows when it gains more than this share of the rate each second, and is worth so many seconds of it. */
const GROWTH_SHARE_MAX = 0.01;
const BACKLOG_SECONDS_MIN = 0.25;
/** This many times a limit, or this share of the rate acknowledged, and a probe is not worth a third try. */
const HOPELESS_FACTOR = 4;
const HOPELESS_SHARE = 0.9;

/** The load of a file at another rate: entries keep their shares of it; those with rate `max` share by their producers. */
export function atRate(workload: Workload, perSecond: number): Workload {
  const shares = sharesOf(workload);
  return {
    ...workload,
    producers: workload.producers.map((producer, index) => ({
      ...producer,
      rate: { kind: 'fixed', perSecond: perSecond * shares[index]! },
    })),
  };
}

function sharesOf({ producers }: Workload): number[] {
  const fixed = producers.map(({ rate }) => (rate.kind === 'fixed' ? rate.perSecond : null));
  const weights = fixed.every((rate) => rate !== null) ? (fixed as number[]) : producers.map(({ count }) => count);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The thresholds that a rate must keep. Durability is for the confirmation alone, and throughput is what is looked for. */
export function limitsOf(workload: Workload): MetricExpectation[] {
  return workload.expect.filter(
    (line) => line.kind === 'metric' && line.metric !== 'throughput',
  ) as MetricExpectation[];
}

/** Holds a run against the limits of its workload. `stopped`: it was ended early because it was clearly too much. */
export function probeResult(workload: Workload, rate: number, outcome: Outcome, stopped: boolean): ProbeResult {
  const { metrics, expect, generator, histograms, lagMs } = judge(workload, outcome);
  const limits = limitsOf(workload);
  const failed = counterIn(outcome.measurements.map(counterViews), 'failed');
  const { p50, p99, 'p99.9': p999 } = metrics.publish ?? {};
  const backlog = backlogOf(workload, outcome);
  const { acked } = metrics.throughput;
  const breached = expect.filter(({ name, ok }) => !ok && limits.some((limit) => limit.name === name));
  const overrun = breached.map(({ name, actual }) => {
    const { limit } = limits.find((line) => line.name === name)!;
    return typeof actual === 'number' ? actual / limit : Number.POSITIVE_INFINITY;
  });
  const verdict = ((): { cause: string; reason: string } | null => {
    if (failed > 0) return { cause: 'errors', reason: `${failed} records were not acknowledged` };
    const service = histograms.get('service');
    const slowest = Math.min(...limits.filter(({ metric }) => metric === 'publish').map(({ limit }) => limit));
    // Late before it was sent and fast from then on: the delay is not the cluster's.
    const isFast = service !== undefined && service.count > 0 && service.valueAt(0.99) / 1e6 < slowest / 2;
    if (generator.state === 'fell behind' && isFast)
      return { cause: 'generator', reason: `the load generator fell behind${lagText(generator)}` };
    if (stopped) return { cause: firstLimit(limits), reason: 'stopped: it fell further and further behind' };
    const [worst] = breached;
    if (worst !== undefined) {
      const actual = typeof worst.actual === 'number' ? `${Number(worst.actual.toPrecision(3))} ms` : 'no figure';
      return { cause: worst.name, reason: `${worst.name} ${actual}, not ${worst.limit}` };
    }
    if (backlog !== null && backlog.perSecond > GROWTH_SHARE_MAX * rate && backlog.atEnd > BACKLOG_SECONDS_MIN * rate)
      return { cause: 'backlog', reason: `the backlog grew by ${Math.round(backlog.perSecond)} records a second` };
    if (generator.state === 'fell behind')
      return { cause: 'generator', reason: `the load generator fell behind${lagText(generator)}` };
    return null;
  })();
  return {
    acked,
    held: verdict === null,
    reason: verdict?.reason ?? null,
    cause: verdict?.cause ?? null,
    ...(p50 === undefined ? {} : { p50 }),
    ...(p99 === undefined ? {} : { p99 }),
    ...(p999 === undefined ? {} : { 'p99.9': p999 }),
    lagMs: Number(lagMs.toFixed(3)),
    backlog: backlog === null ? null : backlog.atEnd,
    failed,
    hopeless: stopped || acked < HOPELESS_SHARE * rate || Math.max(0, ...overrun) > HOPELESS_FACTOR,
  };
}

function firstLimit(limits: readonly MetricExpectation[]): string {
  return limits[0]?.name ?? 'backlog';
}

/** What readers still owed at the end of the load, and by how much that grew each second of the measured part. */
function backlogOf(workload: Workload, { series, conducted }: Outcome): { atEnd: number; perSecond: number } | null {
  const groups = groupsOfEach(workload);
  if (groups === null) return null;
  const points: { t: number; owed: number }[] = [];
  let owed = 0;
  for (const { t, acked, consumed } of series) {
    owed += acked * groups - consumed;
    if (t >= workload.phases.warmupMs / 1000 && t <= conducted.loadEndNs / 1e9 + 0.05) points.push({ t, owed });
  }
  const last = points.at(-1);
  if (last === undefined) return { atEnd: 0, perSecond: 0 };
  return { atEnd: Math.max(0, last.owed), perSecond: slope(points) };
}

/** Of the least squares' line. */
function slope(points: readonly { t: number; owed: number }[]): number {
  const count = points.length;
  const meanT = points.reduce((sum, { t }) => sum + t, 0) / count;
  const meanOwed = points.reduce((sum, point) => sum + point.owed, 0) / count;
  const squares = points.reduce((sum, { t }) => sum + (t - meanT) ** 2, 0);
  if (squares === 0) return 0;
  return points.reduce((sum, point) => sum + (point.t - meanT) * (point.owed - meanOwed), 0) / squares;
}
