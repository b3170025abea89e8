import { join } from 'node:path';
import { packageRoot } from '../../package.ts';
import { runCommand } from '../../peers/process.ts';
import { type ArmCluster, Arms, armsFigure, runPairs, type Sample, type Samples } from '../arms.ts';
import type { Context, Figure, Line, Target } from '../figure.ts';
import { consumeAll, produceLoad } from '../kafka-tools.ts';
import { residentBytes } from '../process-usage.ts';
import { fullRate, steadyRate, toolLatencies } from '../tool-loads.ts';

/** Kafka's own tools against both arms. */

const atLeast = (limit: number): Target => ({ of: 'ratio', relation: '≥', limit });
const atMost = (limit: number): Target => ({ of: 'ratio', relation: '≤', limit });
const GIB = 2 ** 30;

interface Shape {
  /** Prefix of the figures' names: `replicated-` with three brokers. */
  readonly prefix: string;
  readonly brokers: number;
  readonly rateTarget: Target;
  readonly cpuTarget: Target | null;
}
const single = { prefix: '', brokers: 1 };
const replicated = { prefix: 'replicated-', brokers: 3, rateTarget: atLeast(2), cpuTarget: null };

/** Lines of one set of brokers; they are started once, and `memory` looks at them after the others. */
interface BrokerLine {
  readonly name: string;
  readonly title: string;
  readonly brokers: number;
  run(context: Context, arms: Arms): Promise<Figure[]>;
}

function produceLine(recordBytes: 100 | 1024, shape: Shape): BrokerLine {
  const size = recordBytes === 100 ? '100 B' : '1 KiB';
  const name = `${shape.prefix}produce-${recordBytes}`;
  const title = `produce ${size}${shape.brokers === 1 ? '' : ', RF 3'}`;
  return {
    name,
    title,
    brokers: shape.brokers,
    async run(context, arms) {
      const wanted = fullRate(context, recordBytes);
      const samples = await runPairs(context, arms, title, { warmUp: true }, (cluster) =>
        arms.withTopic(cluster, async (topic) => {
          const { recordsPerSecond } = (await produceLoad(cluster.bootstrap, topic, wanted)).all;
          return { recordsPerSecond };
        }),
      );
      const gib = (wanted.records * recordBytes) / GIB;
      const millions = wanted.records / 1e6;
      const rate = { title, unit: 'rec/s', target: shape.rateTarget };
      const cpu = recordBytes === 100 ? { per: millions, unit: 'CPU s/M records' } : { per: gib, unit: 'CPU s/GiB' };
      return [
        armsFigure(samples, (sample) => sample.recordsPerSecond!, { name: `${name}.rate`, ...rate }),
        armsFigure(samples, (sample) => sample.brokerCpuSeconds! / cpu.per, {
          name: `${name}.cpu`,
          title: `${title}, broker`,
          unit: cpu.unit,
          target: shape.cpuTarget,
          floor: 0.01 / cpu.per,
        }),
      ];
    },
  };
}

const consumeLine: BrokerLine = {
  name: 'consume-100',
  title: 'consume 100 B',
  brokers: 1,
  async run(context, arms) {
    const wanted = fullRate(context, 100);
    // Both logs are written first, so that nothing is written while somebody reads.
    const filled = new Map<ArmCluster, string>();
    const measure = async (remaining: readonly ArmCluster[]): Promise<Samples> => {
      const [cluster, ...rest] = remaining;
      if (cluster === undefined) {
        return runPairs(context, arms, this.title, { warmUp: true }, async (arm) => {
          const { recordsPerSecond } = await consumeAll(arm.bootstrap, filled.get(arm)!, wanted.records);
          return { recordsPerSecond };
        });
      }
      return arms.withTopic(cluster, async (topic) => {
        await produceLoad(cluster.bootstrap, topic, wanted);
        filled.set(cluster, topic);
        return measure(rest);
      });
    };
    const samples = await measure(arms.clusters);
    const millions = wanted.records / 1e6;
    return [
      armsFigure(samples, (sample) => sample.recordsPerSecond!, {
        name: 'consume-100.rate',
        title: this.title,
        unit: 'rec/s',
        target: atLeast(1),
        note: 'the tool is the slower side',
      }),
      armsFigure(samples, (sample) => sample.brokerCpuSeconds! / millions, {
        name: 'consume-100.cpu',
        title: `${this.title}, broker`,
        unit: 'CPU s/M records',
        target: null,
        floor: 0.01 / millions,
      }),
    ];
  },
};

const PERCENTILES = [
  { name: 'p50', field: 'p50Ms' },
  { name: 'p95', field: 'p95Ms' },
  { name: 'p99', field: 'p99Ms' },
  { name: 'p99.9', field: 'p999Ms' },
] as const;

function latencyFigures(
  samples: Samples,
  line: { name: string; title: string; floor: number; note?: string },
  target: (percentile: string) => Target | null,
): Figure[] {
  return PERCENTILES.map(({ name, field }) =>
    armsFigure(samples, (sample) => sample[field]!, {
      ...line,
      name: `${line.name}.${name}`,
      title: `${line.title}, ${name}`,
      unit: 'ms',
      target: target(name),
    }),
  );
}

function toolLatencyLine(shape: Pick<Shape, 'prefix' | 'brokers'>, rate: number, limit: number): BrokerLine {
  const name = `${shape.prefix}latency-tool`;
  const title = `latency at ${rate / 1000} k/s${shape.brokers === 1 ? '' : ', RF 3'}, Kafka's tool`;
  return {
    name,
    title,
    brokers: shape.brokers,
    async run(context, arms) {
      const wanted = steadyRate(context, rate);
      const samples = await runPairs(context, arms, title, { warmUp: true }, (cluster) =>
        arms.withTopic(cluster, async (topic): Promise<Sample> => {
          return toolLatencies(await produceLoad(cluster.bootstrap, topic, wanted));
        }),
      );
      // Whole milliseconds: 0 means "less than 1", and counts as 1 in the ratio.
      const whole = latencyFigures(samples, { name, title, floor: 1 }, (percentile) =>
        percentile === 'p99' || (percentile === 'p99.9' && shape.brokers === 1) ? atMost(limit) : null,
      );
      const steady = (percentile: string, field: string): Figure =>
        armsFigure(samples, (sample) => sample[field]!, {
          name: `${name}.steady.${percentile}`,
          title: `${title}, ${percentile} after its first quarter`,
          unit: 'ms',
          target: null,
          floor: 1,
        });
      return [...whole, steady('p99', 'steadyP99Ms'), steady('p99.9', 'steadyP999Ms')];
    },
  };
}

let ownRuns = 0;

const ownLatencyLine: BrokerLine = {
  name: 'latency-own',
  title: 'latency at 20 k/s, own generator',
  brokers: 1,
  async run(context, arms) {
    const phases = context.quick ? { warmup: '1s', measure: '5s' } : { warmup: '5s', measure: '20s' };
    const samples = await runPairs(context, arms, this.title, { warmUp: true }, async (cluster) => {
      const topic = `latency-${++ownRuns}`;
      const settings = {
        'topics[0].name': topic,
        'producers[0].topic': topic,
        'consumers[0].topic': topic,
        'consumers[0].group': topic,
        'phases.warmup': phases.warmup,
        'phases.measure': phases.measure,
      };
      const args = [
        ...[join(packageRoot, 'scripts', 'bench.js'), 'run', join(packageRoot, 'workloads', 'latency.yaml')],
        ...['--target', 'kafka', '--bootstrap', cluster.bootstrap, '--json'],
        ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
      ];
      const result = await runCommand(process.execPath, args, { timeoutMs: 120_000 });
      return publishLatencies(cluster, result.stdout, result.stderr);
    });
    return latencyFigures(samples, { name: this.name, title: this.title, floor: 0 }, (percentile) =>
      percentile === 'p99' || percentile === 'p99.9' ? atMost(0.3) : null,
    );
  },
};

function publishLatencies(cluster: ArmCluster, stdout: string, stderr: string): Sample {
  if (!stdout.startsWith('{')) throw new Error(`bench run printed no result: ${(stdout + stderr).slice(-1000)}`);
  const record = JSON.parse(stdout) as {
    verdict: { result: string };
    generator?: { state: string; lagMsMax: number };
    metrics: { publish?: Record<string, number | string | undefined> };
  };
  const { publish } = record.metrics;
  const value = (name: string): number => {
    const found = publish?.[name];
    if (typeof found !== 'number') throw new Error(`bench run measured no ${name}: ${stdout.slice(0, 1000)}`);
    return found;
  };
  if (record.generator?.state === 'fell behind') {
    const whose = cluster.arm === 'ours' ? 'ours' : 'Kafka';
    // Then its latencies are its own, and no figure of the broker.
    throw new Error(`the load generator was up to ${record.generator.lagMsMax} ms late against ${whose}`);
  }
  return { p50Ms: value('p50'), p95Ms: value('p95'), p99Ms: value('p99'), p999Ms: value('p99.9') };
}

const memoryLine: BrokerLine = {
  name: 'memory',
  title: 'broker memory after the runs (RSS)',
  brokers: 1,
  async run(_context, arms) {
    const look = (cluster: ArmCluster | null): Sample[] =>
      cluster === null ? [] : [{ mib: residentBytes(cluster.pids) / 2 ** 20 }];
    const samples = { ours: look(arms.ours), theirs: look(arms.theirs) };
    const target: Target = { of: 'value', relation: '≤', limit: 200 };
    return [armsFigure(samples, (sample) => sample.mib!, { name: 'memory', title: this.title, unit: 'MiB', target })];
  },
};

const lines: readonly BrokerLine[] = [
  produceLine(100, { ...single, rateTarget: atLeast(1.2), cpuTarget: atMost(0.5) }),
  produceLine(1024, { ...single, rateTarget: atLeast(1.3), cpuTarget: atMost(0.5) }),
  consumeLine,
  toolLatencyLine(single, 20_000, 0.3),
  ownLatencyLine,
  memoryLine,
  produceLine(100, replicated),
  produceLine(1024, replicated),
  toolLatencyLine(replicated, 5_000, 0.2),
];

/**
 * The lines that `wanted` takes, as one part for each number of brokers. Memory after no load says nothing: alone, it
 * brings the first load along.
 */
export function brokerLines(wanted: (name: string) => boolean): Line[] {
  return [1, 3].flatMap((brokers): Line[] => {
    let own = lines.filter((line) => line.brokers === brokers && wanted(line.name));
    if (own.length === 0) return [];
    if (own.every(({ name }) => name === 'memory')) own = [lines[0]!, ...own];
    return [
      {
        name: own.map(({ name }) => name).join(', '),
        title: own.map(({ title }) => title).join('; '),
        async run(context) {
          await using arms = await Arms.start(context, brokers);
          const figures: Figure[] = [];
          for (const line of own) {
            try {
              figures.push(...(await line.run(context, arms)));
            } catch (error) {
              if (context.signal.aborted) break;
              context.failed(line.name, error);
            }
          }
          return figures;
        },
      },
    ];
  });
}
