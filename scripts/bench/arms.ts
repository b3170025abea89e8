import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '../../core/client/index.ts';
import { createNodeRuntime } from '../../core/node/index.ts';
import type { Timers } from '../../core/runtime.ts';
import { startKafka } from '../peers/apache-kafka.ts';
import { serveProcess } from '../peers/broker-process.ts';
import type { Context, Figure, Peer, Target } from './figure.ts';
import { cpuSeconds } from './process-usage.ts';
import { type Arm, abba, median, pairedRatio } from './statistics.ts';

export const KAFKA = 'Apache Kafka 4.3.1';

/** A running cluster under test. Both arms keep their data under the system's temporary folder: on the same disk. */
export interface ArmCluster extends AsyncDisposable {
  readonly arm: Arm;
  /** What it is called while it runs: `ours`, `Kafka`. */
  readonly title: string;
  readonly bootstrap: string;
  readonly pids: readonly number[];
}

export async function startOurs(brokers: number): Promise<ArmCluster> {
  const data = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  const remove = (): Promise<void> => rm(data, { recursive: true, force: true });
  try {
    const served = await serveProcess(['--data', data, ...(brokers === 1 ? [] : ['--brokers', String(brokers)])]);
    return {
      arm: 'ours',
      title: 'ours',
      bootstrap: served.bootstrap,
      pids: [served.pid],
      async [Symbol.asyncDispose]() {
        await served.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

export async function startTheirs(brokers: number): Promise<ArmCluster> {
  const cluster = await startKafka({ brokers });
  const { bootstrap, pids } = cluster;
  return { arm: 'theirs', title: 'Kafka', bootstrap, pids, [Symbol.asyncDispose]: () => cluster.stop() };
}

/** Both clusters, started once; whichever has no load is idle. `theirs` is null without peers. */
export class Arms implements AsyncDisposable {
  readonly ours: ArmCluster;
  readonly theirs: ArmCluster | null;
  readonly brokers: number;
  readonly #runtime = createNodeRuntime();
  #topics = 0;

  private constructor(ours: ArmCluster, theirs: ArmCluster | null, brokers: number) {
    this.ours = ours;
    this.theirs = theirs;
    this.brokers = brokers;
  }

  static async start(context: Context, brokers: number, startOne: typeof startOurs = startOurs): Promise<Arms> {
    context.progress('starting ours');
    const ours = await startOne(brokers);
    if (!context.peers) return new Arms(ours, null, brokers);
    context.progress(`starting ${KAFKA}`);
    try {
      return new Arms(ours, await startTheirs(brokers), brokers);
    } catch (error) {
      await ours[Symbol.asyncDispose]();
      throw error;
    }
  }

  get clusters(): readonly ArmCluster[] {
    return this.theirs === null ? [this.ours] : [this.ours, this.theirs];
  }

  /** Calls with the name of a topic of its own, six partitions on all brokers, and deletes it afterwards. */
  async withTopic<T>(cluster: ArmCluster, use: (topic: string) => Promise<T>): Promise<T> {
    const name = `bench-${++this.#topics}`;
    const config = { 'bootstrap.servers': cluster.bootstrap };
    const admin = new Admin({ runtime: this.#runtime, config });
    try {
      const minIsr = String(Math.floor((this.brokers + 1) / 2));
      const [made] = await admin.createTopics(
        [{ name, partitions: 6, replicationFactor: this.brokers, config: { 'min.insync.replicas': minIsr } }],
        { timeoutMs: 30_000 },
      );
      if (made === undefined || made.errorCode !== 0) {
        throw new Error(`topic ${name} was not created: error ${made?.errorCode} ${made?.errorMessage}`);
      }
      await untilLed(this.#runtime.timers, admin, name);
      try {
        return await use(name);
      } finally {
        await admin.deleteTopics([name], { timeoutMs: 30_000 });
      }
    } finally {
      await admin.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clusters.map((cluster) => cluster[Symbol.asyncDispose]()));
    this.#runtime.close();
  }
}

const LED_MS = 20_000;

async function untilLed(timers: Timers, admin: Admin, topic: string): Promise<void> {
  for (const deadline = performance.now() + LED_MS; performance.now() < deadline; await timers.sleep(20)) {
    const [description] = await admin.describeTopics([topic], { timeoutMs: LED_MS });
    if (description?.partitions.length === 6 && description.partitions.every(({ leaderId }) => leaderId >= 0)) return;
  }
  throw new Error(`topic ${topic} has no leaders after ${LED_MS} ms`);
}

/** What one arm showed in one run: figures by name. */
export type Sample = Readonly<Record<string, number>>;
export type Samples = Readonly<Record<Arm, readonly Sample[]>>;

/** One unmeasured run on each arm, then `pairs` pairs in ABBA order, never both at a time. */
export async function runPairs(
  context: Context,
  arms: Arms,
  title: string,
  options: { readonly warmUp: boolean },
  act: (cluster: ArmCluster) => Promise<Sample>,
): Promise<Samples> {
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  const run = async (cluster: ArmCluster, what: string): Promise<Sample> => {
    context.signal.throwIfAborted();
    const before = cpuSeconds(cluster.pids);
    const sample = await act(cluster);
    const brokerCpuSeconds = cpuSeconds(cluster.pids) - before;
    const shown = Object.entries(sample).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
    context.progress(
      `${title}, ${what}, ${cluster.title}: ${shown.join('  ')}  broker CPU ${brokerCpuSeconds.toFixed(2)} s`,
    );
    return { ...sample, brokerCpuSeconds };
  };
  if (options.warmUp) for (const cluster of arms.clusters) await run(cluster, 'warm-up');
  for (const [index, arm] of abba(context.pairs).entries()) {
    const cluster = arm === 'ours' ? arms.ours : arms.theirs;
    if (cluster !== null) samples[arm].push(await run(cluster, `pair ${(index >> 1) + 1} of ${context.pairs}`));
  }
  return samples;
}

/** A figure of both arms. `floor` is the finest step of the tool that measured it: below it, a ratio would be invented. */
export function armsFigure(
  samples: Samples,
  of: (sample: Sample) => number,
  rest: { name: string; title: string; unit: string; target: Target | null; floor?: number; note?: string },
): Figure {
  const { name, title, unit, target, floor = 0, note } = rest;
  const ours = samples.ours.map(of);
  const theirs = samples.theirs.map(of);
  const raised = (values: readonly number[]): number[] => values.map((value) => Math.max(value, floor));
  const peer: Peer =
    theirs.length === 0
      ? { kind: 'none' }
      : { kind: 'measured', name: KAFKA, value: median(theirs), ratio: pairedRatio(raised(ours), raised(theirs)) };
  const figure = { name, title, unit, ours: median(ours), peer, target, samples: { ours, theirs } };
  return note === undefined ? figure : { ...figure, note };
}
