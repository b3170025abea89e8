import type { Codecs, Runtime } from '../core/runtime.ts';
import { type HistoryRecorder, tee } from '../reports/history/writer.ts';
import { contract } from '../reports/verdict/contract.ts';
import {
  type ControlEvent,
  type FaultReach,
  type LoggedFault,
  reachesInto,
  reachOf,
} from '../reports/verdict/faults.ts';
import type { RuleId, VerdictResult } from '../reports/verdict/result.ts';
import { Verdict } from '../reports/verdict/verdict.ts';
import { type Conducted, conduct, type Phase } from '../workloads/actors/conduct.ts';
import type { Environment } from '../workloads/actors/environment.ts';
import { ownDriver } from '../workloads/actors/own-driver.ts';
import { Positions } from '../workloads/actors/positions.ts';
import { rosterOf } from '../workloads/actors/roster.ts';
import { HistoryWriter } from '../workloads/history-writer.ts';
import { MEASUREMENT_BYTES, Measurement } from '../workloads/measurement.ts';
import { runNumber } from '../workloads/run-number.ts';
import { type SeriesPoint, SeriesSampler } from '../workloads/series.ts';
import { brokerIds, topicNames, type Workload } from '../workloads/workload.ts';
import { clientLoads } from './client-loads.ts';
import { SimulatedCluster } from './cluster.ts';
import { createFaultConductor, type FaultOutcome } from './faults/conductor.ts';
import { Watch } from './invariants/watch.ts';
import type { Journal } from './journal.ts';
import { brokenDriver } from './mutants/broken-driver.ts';
import type { SimNode } from './node.ts';
import type { Plan } from './plan.ts';
import { type Profile, profiles, withoutChance } from './profiles.ts';
import type { LogSink } from './runtime/logger.ts';
import type { Trace } from './trace.ts';
import { hung, unfinished } from './unfinished.ts';
import { type RunReport, World } from './world.ts';

export interface SimulationOptions {
  readonly plan: Plan;
  readonly codecs: Codecs;
  readonly afterMicrotasks: (callback: () => void) => void;
  readonly breathe?: (callback: () => void) => void;
  /** Bytes of the files that the workload names. */
  readonly file?: (path: string) => Uint8Array | null;
  readonly trace?: Trace;
  readonly log?: LogSink;
  /** Virtual seconds since time zero and the phase, now and then. */
  readonly onProgress?: (progress: SimulationProgress) => void;
  /** Resolves when the run is to end early and keep what it has. */
  readonly interrupted?: Promise<void>;
  /** The run ends with the first violation of one of these rules that is seen within a broker: the rest proves no more. */
  readonly endsAt?: readonly RuleId[];
  /** The command that replays this run, for the verdict's evidence. */
  readonly replay?: string;
  /** Keeps the history, beside the verdict. */
  readonly history?: HistoryRecorder;
  /** Keeps what befell one record, to tell it. */
  readonly journal?: Journal;
}

export interface SimulationProgress {
  readonly phase: Phase;
  readonly virtualSeconds: number;
  readonly events: number;
  readonly acked: number;
}

export interface SimulationOutcome {
  readonly verdict: VerdictResult;
  readonly conducted: Conducted;
  /** One measurement (workloads/measurement.ts). */
  readonly measurements: readonly ArrayBufferLike[];
  readonly series: readonly SeriesPoint[];
  readonly faults: readonly FaultOutcome[];
  /** Leaders and in-sync replicas over the run, in time order. */
  readonly control: readonly ControlEvent[];
  readonly problems: readonly string[];
  readonly report: RunReport;
  /** How often rare things happened. */
  readonly marks: Readonly<Record<string, number>>;
  /** Work of all brokers' processors in the measured part, as the profile prices it; null where the run had no such part. */
  readonly brokerCpuNs: number | null;
  /** It ended with a rule of `endsAt`, and its other rules have not seen all. */
  readonly endedEarly: boolean;
}

const AUDIT_STALL_MS = 60_000;
/** A run that goes on for so much virtual time after its load hangs. */
const OVERTIME_MS = 600_000;
/** How long after the audit every partition may take to have a leader and its full ISR. */
const RECOVERY_MS = 60_000;

/**
 * Runs a plan in a world of its own: brokers and clients on simulated machines, everything a function of the plan. Rejects with NodeFailure when code of a node throws.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationOutcome> {
  const { plan } = options;
  const { workload } = plan;
  const { seed } = workload;
  const world = new World({
    seed: `${seed}`,
    codecs: options.codecs,
    afterMicrotasks: options.afterMicrotasks,
    profile: profileOf(plan),
    ...(options.breathe === undefined ? undefined : { breathe: options.breathe }),
    ...(options.trace === undefined ? undefined : { trace: options.trace }),
    ...(options.log === undefined ? undefined : { log: options.log }),
  });
  const roster = rosterOf(workload);
  const problems = new Set<string>();
  const cluster = new SimulatedCluster(world, workload, plan.mutation ?? {}, (text) => problems.add(text));

  const faultLog: LoggedFault[] = [];
  const verdict = new Verdict(roster.names, contract(runConfigs(workload), faultLog), faultLog, {
    ...(options.replay === undefined ? {} : { replay: options.replay }),
    pausesReaders: workload.phases.backlog !== null,
  });
  const recorders = [options.history, options.journal].filter((recorder) => recorder !== undefined);
  const sink = recorders.length === 0 ? verdict : tee(verdict, ...recorders);
  const { warmupMs, measureMs, drainMs } = workload.phases;
  const measurement = new Measurement(new ArrayBuffer(MEASUREMENT_BYTES), warmupMs * 1e6, (warmupMs + measureMs) * 1e6);
  const positions = new Positions(roster, new ArrayBuffer(Positions.bytes(roster)));
  positions.clear();
  const run = runNumber(seed, 'simulated');
  let zeroNs = Number.POSITIVE_INFINITY;

  const environmentOf = (node: SimNode, runtime: Runtime): Environment => ({
    workload,
    roster,
    runtime,
    driver: brokenDriver(ownDriver(runtime, cluster.bootstrap), plan.mutation?.clientFaults ?? {}),
    measurement,
    history: new HistoryWriter(sink),
    positions,
    run,
    now: () => node.localNs() - zeroNs,
    file: options.file ?? (() => null),
    problem: (text) => problems.add(text),
  });

  const { nodes: clients, loads } = clientLoads(world, roster, environmentOf);
  const sampler = new SeriesSampler([measurement.buffer]);
  const conductor = world.addNode({ name: 'conductor', host: 'conductor' });
  const { runtime } = conductor;
  const faults = createFaultConductor({
    world,
    workload,
    cluster,
    clients,
    faults: plan.faults,
    sleep: (ms) => runtime.timers.sleep(ms),
    healTimeoutMs: drainMs,
  });
  const watch = new Watch({
    names: roster.names,
    offsetsPartitions: cluster.offsetsPartitions,
    nodes: cluster.nodes,
    broker: (id) => cluster.broker(id),
    quorum: (id) => cluster.quorum(id),
    nowNs: () => (Number.isFinite(zeroNs) ? world.nowNs - zeroNs : 0),
    reach: (id, directory) => worstReach(faults.outcomes(), id, directory),
  });
  cluster.onStarted = (broker) => watch.started(broker);
  const { journal } = options;
  journal?.observe({
    broker: (id) => cluster.broker(id),
    brokers: cluster.nodes.length,
    nowNs: () => (Number.isFinite(zeroNs) ? world.nowNs - zeroNs : 0),
  });
  const onTouched = (node: SimNode): void => {
    watch.touched(node);
    journal?.look();
  };
  let phase: Phase = 'topics';
  const cpuNsAt = new Map<Phase, number>();
  let finished: Conducted | null = null;
  let failure: unknown = null;

  const conducting = conduct({
    environment: environmentOf(conductor, runtime),
    timers: runtime.timers,
    clock: { monotonicNs: () => conductor.localNs() },
    loads,
    faults,
    setZero(ns) {
      zeroNs = ns;
      sampleEverySecond(world, zeroNs, sampler);
    },
    onPhase: (entered) => {
      phase = entered;
      cpuNsAt.set(
        entered,
        cluster.nodes.reduce((sum, { cpuNs }) => sum + cpuNs, 0),
      );
    },
    interrupted: options.interrupted ?? new Promise(() => {}),
    auditStallMs: AUDIT_STALL_MS,
    topics: 'own',
  });
  conducting.then(
    (conducted) => {
      finished = conducted;
    },
    (error: unknown) => {
      failure = error ?? new Error('the run failed');
    },
  );

  const boundNs = (warmupMs + measureMs + drainMs + OVERTIME_MS) * 1e6;
  const { endsAt = [] } = options;
  const seenEnough = (): boolean => endsAt.length > 0 && watch.violates(endsAt);
  const isOver = (): boolean => finished !== null || failure !== null || world.nowNs > boundNs || seenEnough();
  let report = await world.run(isOver, {
    onTouched,
    onProgress: ({ events }) => {
      const virtualSeconds = Number.isFinite(zeroNs) ? (world.nowNs - zeroNs) / 1e9 : 0;
      const acked = sampler.points.reduce((sum, point) => sum + point.acked, 0);
      options.onProgress?.({ phase, virtualSeconds, events, acked });
    },
  });
  if (failure !== null) throw failure;
  if (finished !== null && !(finished as Conducted).interrupted && !seenEnough()) {
    // Liveness: the world goes on, with nobody in it but the brokers, until all is well again.
    const untilNs = world.nowNs + RECOVERY_MS * 1e6;
    report = await world.run(() => watch.recovered || world.nowNs > untilNs, { onTouched });
    watch.judgeRecovery(RECOVERY_MS / 1000);
  }
  const conducted: Conducted =
    finished ??
    unfinished(roster, world.nowNs - zeroNs, seenEnough() ? 'the run ended with what was looked for' : hung(phase));
  if (Number.isFinite(zeroNs)) sampler.sample(world.nowNs - zeroNs);
  const outcomes = faults.outcomes();
  faultLog.push(...outcomes);
  const end = {
    drained: conducted.drained,
    ...(conducted.reason === null ? {} : { reason: conducted.reason }),
    control: watch.control.events,
  };
  const offsetsControl = { partitions: cluster.offsetsPartitions, events: watch.offsetsControl.events };
  for (const recorder of recorders) recorder.end({ ...end, faults: faultLog });
  return {
    verdict: verdict.finish({ ...end, offsetsControl, whiteBox: watch.result() }),
    conducted,
    measurements: [measurement.buffer],
    series: sampler.points,
    faults: outcomes,
    control: watch.control.events,
    problems: [...problems],
    report,
    marks: watch.marks(),
    brokerCpuNs: cpuNsAt.has('settle') ? cpuNsAt.get('settle')! - cpuNsAt.get('measure')! : null,
    endedEarly: seenEnough(),
  };
}

function profileOf({ workload, latencies }: Plan): Profile {
  const profile = profiles[workload.cluster.profile];
  return latencies === 'constant' ? withoutChance(profile) : profile;
}

export function runConfigs(workload: Workload): Parameters<typeof contract>[0] {
  return {
    brokers: brokerIds(workload.cluster),
    broker: { ...workload.cluster.config, ...workload.cluster.features },
    topics: workload.topics.flatMap((topic) =>
      topicNames(topic).map((name) => ({ name, replicationFactor: topic.replicationFactor, config: topic.config })),
    ),
  };
}

function sampleEverySecond(world: World, zeroNs: number, sampler: SeriesSampler): void {
  const next = (second: number): void => {
    world.at(zeroNs + second * 1e9, () => {
      sampler.sample(second * 1e9);
      next(second + 1);
    });
  };
  next(1);
}

const REACHES: readonly FaultReach[] = ['none', 'unavailable', 'unsynced', 'stored', 'damaged'];

/** The worst that the faults so far may have done to what a broker had stored. */
function worstReach(outcomes: readonly FaultOutcome[], broker: number, directory: string): FaultReach {
  let worst = 0;
  for (const outcome of outcomes) {
    if (!outcome.brokers.includes(broker) || !reachesInto(outcome, directory)) continue;
    worst = Math.max(worst, REACHES.indexOf(reachOf(outcome.kind)));
  }
  return REACHES[worst]!;
}
