import type { Histogram } from '../reports/histogram.ts';
import type { RateSearch } from '../reports/rate-search.ts';
import {
  type Environment,
  EXIT,
  type ExitCode,
  type LatencyName,
  type RunFault,
  type RunRecord,
  runFault,
} from '../reports/run-record.ts';
import { runId } from '../reports/run-store.ts';
import { telemetrySummary } from '../reports/telemetry.ts';
import type { ControlEvent, LoggedFault } from '../reports/verdict/faults.ts';
import { workloadHash } from '../workloads/hash.ts';
import type { Workload } from '../workloads/workload.ts';
import { judge } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { remedyCommand, remedyOf } from './remedy.ts';
import { pointsOf } from './series-points.ts';

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
