import { Admin } from '../../../core/client/index.ts';
import { createNodeRuntime } from '../../../core/node/index.ts';
import { armsFigure, KAFKA, type Sample, type Samples } from '../arms.ts';
import { startTrio, TRIO_IDS } from '../broker-trio.ts';
import type { Context, Figure, Line } from '../figure.ts';
import { cpuSeconds, residentBytes } from '../process-usage.ts';
import { type Arm, abba } from '../statistics.ts';

/** So many partitions on three brokers, each with three copies; FAULTLINE_PARTITIONS takes another number. */
const PARTITIONS = 1000;
const PARTITIONS_QUICK = 200;
/** A request creates 10,000 at most, the topic's own record counted: on both sides. */
const PARTITIONS_OF_A_TOPIC = 1000;
const STEP_MS_MAX = 180_000;
/** When the machine gives out under one arm, that arm tries with half as many, down to these. */
const PARTITIONS_MIN = 500;
const POLL_MS = 50;
const SHOWN_EVERY_MS = 5000;
const MIB = 2 ** 20;

interface Partitions {
  readonly count: number;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: number;
    readonly replicationFactor: number;
  }[];
}

function partitionsOf(count: number): Partitions {
  const topics = Array.from({ length: Math.ceil(count / PARTITIONS_OF_A_TOPIC) }, (_, index) => ({
    name: `many-${index + 1}`,
    partitions: Math.min(PARTITIONS_OF_A_TOPIC, count - index * PARTITIONS_OF_A_TOPIC),
    replicationFactor: TRIO_IDS.length,
  }));
  return { count, topics };
}

/** Create, SIGKILL of one broker until all have leaders, its start until all are in sync. A cluster of its own each time. */
async function round(context: Context, arm: Arm, { count, topics }: Partitions): Promise<Sample> {
  await using trio = await startTrio(arm);
  const runtime = createNodeRuntime({ logLevel: 'silent' });
  const admin = new Admin({ runtime, config: { 'bootstrap.servers': trio.bootstrap } });
  const names = topics.map(({ name }) => name);
  const until = async (
    what: string,
    brokers: number,
    holds: (leader: number, inSync: number) => boolean,
  ): Promise<void> => {
    const startedAt = performance.now();
    let shownAt = startedAt;
    while (performance.now() - startedAt < STEP_MS_MAX) {
      context.signal.throwIfAborted();
      const running = trio.pids.length;
      if (running < brokers) throw new Error(`${what}: only ${running} of ${brokers} brokers still ran`);
      const askedAt = performance.now();
      const found = await admin.describeTopics(names, { timeoutMs: STEP_MS_MAX }).catch(() => []);
      const all = found.flatMap(({ partitions }) => partitions);
      const done = all.filter((one) => holds(one.leaderId, one.inSyncReplicas.length)).length;
      const now = performance.now();
      if (done === count) return;
      if (now - shownAt >= SHOWN_EVERY_MS) {
        shownAt = now;
        const after = ((now - startedAt) / 1000).toFixed(0);
        context.progress(`many-partitions, ${nameOf(arm)}, ${what}: ${done} of ${count} after ${after} s`);
      }
      // Looking costs the brokers something too: at most half of the time.
      await runtime.timers.sleep(Math.max(POLL_MS, now - askedAt));
    }
    throw new Error(`${what}: not within ${STEP_MS_MAX / 1000} s`);
  };
  const timed = async (step: string, act: () => Promise<void>): Promise<number> => {
    const startedAt = performance.now();
    await act();
    const tookMs = performance.now() - startedAt;
    context.progress(`many-partitions, ${nameOf(arm)}, ${count}: ${step} in ${(tookMs / 1000).toFixed(1)} s`);
    return tookMs;
  };
  try {
    const createMs = await timed('created', async () => {
      for (const topic of topics) {
        const [made] = await admin.createTopics([topic], { timeoutMs: STEP_MS_MAX });
        if (made?.errorCode !== 0) throw new Error(`${topic.name} was not created: error ${made?.errorCode}`);
      }
      await until('create', TRIO_IDS.length, (leader, inSync) => leader > 0 && inSync === TRIO_IDS.length);
    });
    const residentMib = Math.max(...trio.pids.map((pid) => residentBytes([pid]))) / MIB;
    const createCpuSeconds = cpuSeconds(trio.pids);
    const [victim] = TRIO_IDS;
    const failoverMs = await timed('failed over', async () => {
      await trio.kill(victim);
      await until('failover', TRIO_IDS.length - 1, (leader) => leader > 0 && leader !== victim);
    });
    const recoverMs = await timed('recovered', async () => {
      await trio.restart(victim);
      await until('recovery', TRIO_IDS.length, (leader, inSync) => leader > 0 && inSync === TRIO_IDS.length);
    });
    return { partitions: count, createMs, createCpuSeconds, residentMib, failoverMs, recoverMs };
  } finally {
    await admin.close();
    runtime.close();
  }
}

const nameOf = (arm: Arm): string => (arm === 'ours' ? 'ours' : KAFKA);

/** As many as were asked for, or as many as this machine can bear. */
async function bearable(context: Context, arm: Arm, wanted: number): Promise<Sample> {
  for (let count = wanted; ; count = Math.ceil(count / 2)) {
    try {
      return await round(context, arm, partitionsOf(count));
    } catch (error) {
      if (context.signal.aborted || count / 2 < PARTITIONS_MIN) throw error;
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      context.progress(`many-partitions, ${nameOf(arm)}: ${count} are too many for this machine: ${reason}`);
    }
  }
}

async function manyPartitions(context: Context): Promise<Figure[]> {
  const partitions = Number(process.env.FAULTLINE_PARTITIONS ?? (context.quick ? PARTITIONS_QUICK : PARTITIONS));
  if (!Number.isInteger(partitions) || partitions < 1) throw new Error('FAULTLINE_PARTITIONS: expected a whole number');
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  for (const arm of abba(context.pairs)) {
    if (arm === 'theirs' && !context.peers) continue;
    context.signal.throwIfAborted();
    const sample = await bearable(context, arm, samples[arm].at(-1)?.partitions ?? partitions);
    samples[arm].push(sample);
    const shown = Object.entries(sample).map(([key, value]) => `${key} ${value.toFixed(0)}`);
    context.progress(`many-partitions, ${nameOf(arm)}: ${shown.join('  ')}`);
  }
  return figures(samples, partitions);
}

function figures(samples: Samples, wanted: number): Figure[] {
  const reached = (arm: Arm): number => Math.min(wanted, ...samples[arm].map((sample) => sample.partitions!));
  const many = (count: number): string => count.toLocaleString('en-US');
  const fewer = (['ours', 'theirs'] as const).filter((arm) => reached(arm) < wanted);
  const borne = fewer.map((arm) => `; ${nameOf(arm)}: ${many(reached(arm))}, more did not work here`);
  const note = `${many(wanted)} partitions, three copies, three brokers${borne.join('')}`;
  const line = (name: string, title: string, unit: string, of: (sample: Sample) => number): Figure =>
    armsFigure(samples, of, { name: `many-partitions.${name}`, title, unit, target: null });
  return [
    { ...line('create', `create ${many(wanted)} partitions`, 'ms', (sample) => sample.createMs!), note },
    line('failover', 'SIGKILL of a broker until all have leaders', 'ms', (sample) => sample.failoverMs!),
    line('recover', 'its start until all are in sync', 'ms', (sample) => sample.recoverMs!),
    line('cpu', 'CPU of three brokers, start and creation', 's', (sample) => sample.createCpuSeconds!),
    line('memory', 'resident, the largest broker, all created', 'MiB', (sample) => sample.residentMib!),
  ];
}

export const manyPartitionsLines: readonly Line[] = [
  { name: 'many-partitions', title: 'create, lose a broker, recover with 1,000 partitions', run: manyPartitions },
];
