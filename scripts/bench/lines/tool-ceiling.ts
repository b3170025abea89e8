import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../package.ts';
import { stopProcess, waitForLine } from '../../peers/process.ts';
import { type ArmCluster, Arms, armsFigure, runPairs, type Sample, type Samples } from '../arms.ts';
import type { Context, Figure, Line } from '../figure.ts';
import { consumeAll, produceLoad } from '../kafka-tools.ts';
import { fullRate, steadyRate, toolLatencies } from '../tool-loads.ts';

/**
 * What Kafka's tools reach when the broker costs nothing: a sink that acknowledges at once and serves what it was sent over
 * and over. The ratio to Kafka is then the best that any broker can have with these tools on this machine.
 */

async function startSink(): Promise<ArmCluster> {
  const child = spawn(process.execPath, [join(packageRoot, 'scripts', 'bench', 'sink-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const found = await waitForLine(child, /^ready (\S+)$/m, 30_000).catch(async (error: unknown) => {
    await stopProcess(child);
    throw error;
  });
  const stop = (): Promise<void> => stopProcess(child);
  return { arm: 'ours', title: 'a sink', bootstrap: found[1]!, pids: [child.pid!], [Symbol.asyncDispose]: stop };
}

const ALONE = 'the tool alone, against a sink';

interface Part {
  readonly name: string;
  readonly title: string;
  /** Of Kafka. */
  readonly brokers: number;
  readonly figures: readonly {
    readonly of: string;
    readonly title: string;
    readonly unit: string;
    readonly floor?: number;
  }[];
  act(context: Context, cluster: ArmCluster, topic: string): Promise<Sample>;
}

const RATE = [{ of: 'recordsPerSecond', title: '', unit: 'rec/s' }];

/** Whole milliseconds: 0 means "less than 1". */
const LATENCIES = [
  { of: 'p99Ms', title: ', p99', unit: 'ms', floor: 1 },
  { of: 'p999Ms', title: ', p99.9', unit: 'ms', floor: 1 },
  { of: 'steadyP99Ms', title: ', p99 after its first quarter', unit: 'ms', floor: 1 },
  { of: 'steadyP999Ms', title: ', p99.9 after its first quarter', unit: 'ms', floor: 1 },
];

const latencyPart = (name: string, rate: number, brokers: number): Part => ({
  name,
  title: `latency at ${rate / 1000} k/s`,
  brokers,
  figures: LATENCIES,
  act: async (context, { bootstrap }, topic) =>
    toolLatencies(await produceLoad(bootstrap, topic, steadyRate(context, rate))),
});

const parts: readonly Part[] = [
  {
    name: 'produce',
    title: 'produce 1 KiB',
    brokers: 1,
    figures: RATE,
    async act(context, { bootstrap }, topic) {
      const { recordsPerSecond } = (await produceLoad(bootstrap, topic, fullRate(context, 1024))).all;
      return { recordsPerSecond };
    },
  },
  {
    name: 'consume',
    title: 'consume 100 B',
    brokers: 1,
    figures: RATE,
    async act(context, { bootstrap }, topic) {
      const load = fullRate(context, 100);
      await produceLoad(bootstrap, topic, load);
      const { recordsPerSecond } = await consumeAll(bootstrap, topic, load.records);
      return { recordsPerSecond };
    },
  },
  latencyPart('latency', 20_000, 1),
  latencyPart('latency-rf3', 5000, 3),
];

async function measure(context: Context, arms: Arms, part: Part): Promise<Figure[]> {
  const samples: Samples = await runPairs(context, arms, `${part.title}, ${ALONE}`, { warmUp: true }, (cluster) =>
    arms.withTopic(cluster, (topic) => part.act(context, cluster, topic)),
  );
  return part.figures.map(({ of, title, unit, floor = 0 }) =>
    armsFigure(samples, (sample) => sample[of]!, {
      name: `tool-ceiling.${part.name}.${of}`,
      title: `${part.title}${title}, ${ALONE}`,
      unit,
      target: null,
      floor,
    }),
  );
}

export const toolCeilingLines: readonly Line[] = parts.map((part) => ({
  name: `tool-ceiling-${part.name}`,
  title: `${part.title}, ${ALONE}`,
  async run(context) {
    await using arms = await Arms.start(context, part.brokers, startSink);
    return await measure(context, arms, part);
  },
}));
