import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '../../core/client/index.ts';
import { createNodeRuntime, ProcessTelemetry, readSecurityFiles, tuneHeapForServing } from '../../core/node/index.ts';
import { type Conducted, conduct, type FaultConductor, type Phase, type Stage } from '../actors/conduct.ts';
import type { Environment } from '../actors/environment.ts';
import { ownDriver } from '../actors/own-driver.ts';
import { Positions } from '../actors/positions.ts';
import { rosterOf } from '../actors/roster.ts';
import { drawFaults } from '../fault-schedule.ts';
import type { HistorySink } from '../history.ts';
import { HistoryWriter } from '../history-writer.ts';
import { MEASUREMENT_BYTES, Measurement } from '../measurement.ts';
import { runNumber } from '../run-number.ts';
import { type SeriesPoint, SeriesSampler } from '../series.ts';
import type { Workload } from '../workload.ts';
import { findLibrary, type Library } from './drivers/library.ts';
import { type MetricsSinks, showLoad } from './load-metrics.ts';
import { LoadThread } from './load-thread.ts';
import { LocalCluster } from './local-cluster.ts';
import { type LiveFault, LocalFaults } from './local-faults.ts';
import { isNetworkAction } from './network-faults.ts';
import { hasAddresses } from './relay-network.ts';
import { sharesOf } from './shares.ts';
import { TelemetryLog, type TelemetryPart } from './telemetry.ts';

export interface LiveOptions {
  readonly workload: Workload;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly sink: HistorySink;
  /** Client settings for every client: security. */
  readonly common?: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: LiveProgress) => void;
  /** Each second of the load, as it ends. */
  readonly onSecond?: (point: SeriesPoint) => void;
  readonly interrupted: Promise<void>;
  /** Where the run shows its figures while it lasts. */
  readonly metrics?: MetricsSinks;
  /** A cluster that outlives this run, on which topics are made and deleted; absent: one of the run's own. */
  readonly on?: LiveTarget;
  /** On somebody's cluster: topics that are there already, and empty, are used, and stay. */
  readonly existingTopics?: boolean;
  /** False: the logs are not read again in the end. */
  readonly audited?: boolean;
}

/** A cluster that runs follow one another on. */
export interface LiveTarget {
  readonly bootstrap: readonly string[];
  /** Null: somebody else's. */
  readonly cluster: LocalCluster | null;
  /** Stops what was started for it, and removes its data. */
  close(): Promise<void>;
}

export interface LiveProgress {
  readonly phase: Phase;
  /** Since time zero; negative before. */
  readonly seconds: number;
  readonly last: SeriesPoint | null;
}

export interface LiveOutcome {
  readonly conducted: Conducted;
  readonly measurements: readonly ArrayBufferLike[];
  readonly series: readonly SeriesPoint[];
  readonly faults: readonly LiveFault[];
  readonly problems: readonly string[];
  /** Actors whose rows may be incomplete because their thread died. */
  readonly missing: readonly number[];
  /** From the start of a process to its answer, after each fault that ended one. */
  readonly recoveriesMs: readonly number[];
  readonly telemetry: readonly TelemetryPart[];
  /** What producers and consumers were; null: our own client. */
  readonly library: Library | null;
}

const AUDIT_STALL_MS = 60_000;

/** Brokers on this machine (target local), or the address of a running cluster (target kafka). */
export async function openTarget(workload: Workload): Promise<LiveTarget> {
  if (workload.target === 'kafka') return { bootstrap: workload.bootstrap, cluster: null, async close() {} };
  const directory = await mkdtemp(join(tmpdir(), 'faultline-local-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const { brokers, racks, config, features } = workload.cluster;
  try {
    const wanted = drawFaults(workload).some(({ action }) => isNetworkAction(action));
    const relayed = wanted && (await hasAddresses());
    const levels = features === undefined ? {} : { features: { ...features } };
    const cluster = await LocalCluster.start({
      brokers,
      racks,
      directory,
      config,
      ...levels,
      relayed,
      telemetry: true,
    });
    return { bootstrap: cluster.bootstrap, cluster, close: () => cluster.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Runs a workload on a cluster that is started for it, or on the one that it is given. */
export async function runLive(options: LiveOptions): Promise<LiveOutcome> {
  const { workload, common } = options;
  const library = workload.driver === undefined ? null : findLibrary(workload.driver, common);
  if (options.on !== undefined) return drive(options, options.on, 'shared', library);
  const target = await openTarget(workload);
  try {
    return await drive(
      options,
      target,
      target.cluster !== null ? 'own' : options.existingTopics === true ? 'existing' : 'shared',
      library,
    );
  } finally {
    await target.close();
  }
}

async function drive(
  options: LiveOptions,
  { cluster, bootstrap }: LiveTarget,
  topics: Stage['topics'],
  library: Library | null,
): Promise<LiveOutcome> {
  const { workload, files, sink, common = {} } = options;
  const security = readSecurityFiles(common);
  const runtime = createNodeRuntime();
  const roster = rosterOf(workload);
  const run = runNumber(workload.seed, `${Date.now()} ${process.pid}`);
  const positions = new Positions(roster, new SharedArrayBuffer(Positions.bytes(roster)));
  positions.clear();
  const problems = new Set<string>();
  const problem = (text: string): void => {
    if (problems.size < 100) problems.add(text);
  };
  let zeroNs = Number.POSITIVE_INFINITY;
  let phase: Phase = 'topics';
  const { warmupMs, measureMs } = workload.phases;
  const now = (): number => runtime.clock.monotonicNs() - zeroNs;
  const telemetry = new TelemetryLog(now);
  const environment: Environment = {
    workload,
    roster,
    runtime,
    driver: ownDriver(runtime, bootstrap, security),
    measurement: new Measurement(new ArrayBuffer(MEASUREMENT_BYTES), warmupMs * 1e6, (warmupMs + measureMs) * 1e6),
    history: new HistoryWriter(sink),
    positions,
    run,
    now,
    file: (path) => files.get(path) ?? null,
    problem,
  };
  const shares = sharesOf(workload, roster, availableParallelism());
  const buffers = shares.map(() => new SharedArrayBuffer(MEASUREMENT_BYTES));
  // Bytes pass through a load thread as they do through a broker. It takes what holds when it starts.
  tuneHeapForServing();
  const threads = shares.map((actors, index) => {
    const measurement = buffers[index]!;
    const data = { workload, files, bootstrap, common, library, actors, run, measurement };
    const thread = new LoadThread({ ...data, positions: positions.buffer as SharedArrayBuffer }, sink, problem);
    thread.onTelemetry = (point) => telemetry.add(`load thread ${index + 1}`, point);
    return thread;
  });
  for (const broker of cluster?.brokers ?? []) {
    broker.onTelemetry = (point) => telemetry.add(`broker ${broker.options.nodeId}`, point);
  }
  const ownThread = new ProcessTelemetry();
  const admin = new Admin({ runtime, config: { ...security, 'bootstrap.servers': bootstrap.join(',') } });
  const leaderOf = async (
    topic: string,
    partition: number,
  ): Promise<{ leader: number; replicas: readonly number[] } | null> => {
    const [description] = await admin.describeTopics([topic], { timeoutMs: 2_000 });
    const found = description?.partitions[partition];
    return found === undefined ? null : { leader: found.leaderId, replicas: found.replicas };
  };
  const controllerOf = (): Promise<number> =>
    admin.describeQuorum({ timeoutMs: 2_000 }).then(
      ({ leaderId }) => leaderId,
      () => -1,
    );
  const localFaults =
    cluster === null ? null : new LocalFaults({ workload, cluster, leaderOf, controllerOf, now, problem });
  const faults: FaultConductor = localFaults ?? { start() {}, heal: () => Promise.resolve() };
  const sampler = new SeriesSampler(buffers);
  const shown = await showLoad(options.metrics ?? {}, {
    workload: workload.name,
    buffers,
    last: () => sampler.points.at(-1),
    thread: ownThread,
    telemetry: () => telemetry.parts,
    problem,
  }).catch(async (error: unknown) => {
    ownThread.stop();
    await Promise.all(threads.map((thread) => thread.close()));
    runtime.close();
    throw error;
  });
  let ticker: NodeJS.Timeout | undefined;
  const progress = setInterval(() => {
    options.onProgress?.({ phase, seconds: now() / 1e9, last: sampler.points.at(-1) ?? null });
  }, 200);
  try {
    const conducted = await conduct({
      environment,
      timers: runtime.timers,
      clock: runtime.clock,
      loads: threads,
      faults,
      setZero(ns) {
        zeroNs = ns;
        const firstMs = (ns - runtime.clock.monotonicNs()) / 1e6 + 1000;
        ticker = setTimeout(function tick() {
          const point = sampler.sample(now());
          options.onSecond?.(point);
          telemetry.add('main thread', ownThread.next());
          // The next whole second since time zero, so that delays of this thread do not add up; not the one that a timer came
          // a little early for.
          const untilMs = 1000 - ((now() / 1e6) % 1000);
          ticker = setTimeout(tick, untilMs < 500 ? untilMs + 1000 : untilMs);
        }, firstMs);
      },
      onPhase: (entered) => {
        phase = entered;
        // The measured part begins and ends between two looks of the brokers at themselves.
        if (entered === 'measure' || entered === 'settle')
          for (const broker of cluster?.brokers ?? []) broker.askTelemetry();
      },
      interrupted: options.interrupted,
      auditStallMs: AUDIT_STALL_MS,
      topics,
      audited: options.audited !== false,
    });
    sampler.sample(now());
    return {
      conducted,
      measurements: buffers,
      series: sampler.points,
      faults: localFaults?.faults ?? [],
      problems: [...problems],
      missing: threads.flatMap((thread, index) => (thread.failure === null ? [] : shares[index]!)),
      recoveriesMs: localFaults?.recoveriesMs ?? [],
      telemetry: telemetry.parts,
      library,
    };
  } finally {
    clearTimeout(ticker);
    clearInterval(progress);
    await shown.close();
    ownThread.stop();
    for (const broker of cluster?.brokers ?? []) broker.onTelemetry = null;
    await admin.close();
    await Promise.all(threads.map((thread) => thread.close()));
    runtime.close();
  }
}
