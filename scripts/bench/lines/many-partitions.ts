import { Admin } from '../../../core/client/index.ts';
import { createNodeRuntime } from '../../../core/node/index.ts';
import { armsFigure, KAFKA, type Sample, type Samples } from '../arms.ts';
import { startTrio, TRIO_IDS } from '../broker-trio.ts';
import type { Context, Figure, Line } from '../figure.ts';
import { type Arm, abba } from '../statistics.ts';

/** One topic with so many partitions on three brokers, each with three copies; FAULTLINE_PARTITIONS takes another number. */
const PARTITIONS = 1000;
const PARTITIONS_QUICK = 200;
const STEP_MS_MAX = 300_000;
const POLL_MS = 50;
const TOPIC = 'many';

/** Create, SIGKILL of one broker until all have leaders, its start until all are in sync. A cluster of its own each time. */
async function round(arm: Arm, partitions: number): Promise<Sample> {
  await using trio = await startTrio(arm);
  const runtime = createNodeRuntime({ logLevel: 'silent' });
  const admin = new Admin({ runtime, config: { 'bootstrap.servers': trio.bootstrap } });
  const until = async (what: string, holds: (leader: number, inSync: number) => boolean): Promise<number> => {
    const startedAt = performance.now();
    while (performance.now() - startedAt < STEP_MS_MAX) {
      const [found] = await admin.describeTopics([TOPIC], { timeoutMs: STEP_MS_MAX }).catch(() => []);
      const all = found?.partitions ?? [];
      if (all.length === partitions && all.every((one) => holds(one.leaderId, one.inSyncReplicas.length))) {
        return performance.now() - startedAt;
      }
      await runtime.timers.sleep(POLL_MS);
    }
    throw new Error(`${what}: not within ${STEP_MS_MAX} ms`);
  };
  try {
    const startedAt = performance.now();
    const wanted = [{ name: TOPIC, partitions, replicationFactor: TRIO_IDS.length }];
    const [made] = await admin.createTopics(wanted, { timeoutMs: STEP_MS_MAX });
    if (made?.errorCode !== 0) throw new Error(`the topic was not created: error ${made?.errorCode}`);
    await until('create', (leader, inSync) => leader > 0 && inSync === TRIO_IDS.length);
    const createMs = performance.now() - startedAt;
    const victim = TRIO_IDS[0];
    await trio.kill(victim);
    const failoverMs = await until('failover', (leader) => leader > 0 && leader !== victim);
    const restartedAt = performance.now();
    await trio.restart(victim);
    await until('recovery', (leader, inSync) => leader > 0 && inSync === TRIO_IDS.length);
    return { createMs, failoverMs, recoverMs: performance.now() - restartedAt };
  } finally {
    await admin.close();
    runtime.close();
  }
}

async function manyPartitions(context: Context): Promise<Figure[]> {
  const partitions = Number(process.env.FAULTLINE_PARTITIONS ?? (context.quick ? PARTITIONS_QUICK : PARTITIONS));
  if (!Number.isInteger(partitions) || partitions < 1) throw new Error('FAULTLINE_PARTITIONS: expected a whole number');
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  for (const arm of abba(context.pairs)) {
    if (arm === 'theirs' && !context.peers) continue;
    context.signal.throwIfAborted();
    const sample = await round(arm, partitions);
    samples[arm].push(sample);
    const shown = Object.entries(sample).map(([key, value]) => `${key} ${value.toFixed(0)}`);
    context.progress(`many-partitions, ${partitions}, ${arm === 'ours' ? 'ours' : KAFKA}: ${shown.join('  ')}`);
  }
  return figures(samples, partitions);
}

function figures(samples: Samples, partitions: number): Figure[] {
  const count = partitions.toLocaleString('en-US');
  const shared = { unit: 'ms', target: null, note: `${count} partitions, three copies, three brokers` };
  return [
    armsFigure(samples, (sample) => sample.createMs!, {
      name: 'many-partitions.create',
      title: `create ${count} partitions`,
      ...shared,
    }),
    armsFigure(samples, (sample) => sample.failoverMs!, {
      name: 'many-partitions.failover',
      title: 'SIGKILL of a broker until all have leaders',
      ...shared,
    }),
    armsFigure(samples, (sample) => sample.recoverMs!, {
      name: 'many-partitions.recover',
      title: 'its start until all are in sync',
      ...shared,
    }),
  ];
}

export const manyPartitionsLines: readonly Line[] = [
  { name: 'many-partitions', title: 'create, lose a broker, recover with 1,000 partitions', run: manyPartitions },
];
