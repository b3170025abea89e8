import { drawPlan } from '../../../sim/plan.ts';
import { parseWorkload } from '../../../workloads/parse.ts';
import type { Workload } from '../../../workloads/workload.ts';
import { simulateHere } from '../../simulate.ts';
import { type Context, type Figure, type Line, plainFigure, type Target } from '../figure.ts';
import { perSecond, worldMeasures } from '../sim-world.ts';
import { median } from '../statistics.ts';

/** How fast the simulated world goes with the real broker, client, log and protocol in it: one core, wall time. */

export function workloadOf(name: string, value: unknown): Workload {
  const parsed = parseWorkload(JSON.stringify(value), { file: `${name}.yaml` });
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return parsed.workload;
}

interface Simulated {
  readonly acked: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
}

async function simulated(workload: Workload, context: Context): Promise<Simulated> {
  const startedAt = performance.now();
  const interrupted = new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
  const outcome = await simulateHere({
    plan: drawPlan(workload),
    interrupted,
  });
  const wallSeconds = (performance.now() - startedAt) / 1000;
  context.signal.throwIfAborted();
  if (outcome.verdict.result !== 'pass') throw new Error(`the verdict is ${outcome.verdict.sentence}`);
  const acked = outcome.series.reduce((sum, point) => sum + point.acked, 0);
  return { acked, virtualSeconds: outcome.report.virtualSeconds, wallSeconds };
}

interface Shape {
  readonly brokers: number;
  readonly rate: number;
  readonly measure: string;
  readonly bytes: number;
  readonly client: Readonly<Record<string, string | number>>;
  readonly consumers: boolean;
}

function workloadFor(name: string, shape: Shape): Workload {
  const { brokers, rate, measure, bytes, client, consumers } = shape;
  return workloadOf(name, {
    target: 'sim',
    seed: 42,
    cluster: { brokers, ...(brokers === 1 ? {} : { config: { 'min.insync.replicas': 2 } }) },
    topics: [{ name: 'bench', partitions: 6, replicationFactor: brokers }],
    producers: [
      { topic: 'bench', count: 1, rate: `${rate}/s`, value: `${bytes}B`, client: { acks: 'all', ...client } },
    ],
    ...(consumers ? { consumers: [{ topic: 'bench', group: 'readers', count: 1 }] } : {}),
    phases: { warmup: '0s', measure, drain: '30s' },
  });
}

function recordsLine(brokers: 1 | 3, limit: number): Line {
  const name = brokers === 1 ? 'sim-records' : 'sim-records-replicated';
  const title = `simulated records${brokers === 1 ? '' : ', RF 3'}`;
  return {
    name,
    title,
    async run(context) {
      // A batch of 100 records of 100 B takes 11.1 kB with the fields of each record.
      const client = { 'batch.size': 11_100, 'linger.ms': '50ms' };
      const measure = context.quick ? '1s' : '5s';
      const workload = workloadFor(name, { brokers, rate: 300_000, measure, bytes: 100, client, consumers: false });
      const rates: number[] = [];
      for (let run = 0; run < (context.quick ? 1 : 3); run++) {
        const { acked, wallSeconds } = await simulated(workload, context);
        rates.push(acked / wallSeconds);
        context.progress(`${title}: ${acked} acknowledged, read back and judged in ${wallSeconds.toFixed(2)} s`);
      }
      const target: Target = { of: 'value', relation: '≥', limit };
      const quoted = { name: 'madsim-rdkafka 2.2 M rec/s (no wire format, no log, no disk)', value: 2_200_000 };
      return [
        plainFigure(name, title, 'rec/s', rates, median(rates), {
          target,
          ...(brokers === 1 ? { quoted } : {}),
          note: 'wall time of the whole run: load, audit that reads all back, verdict',
        }),
      ];
    },
  };
}

const timeLine: Line = {
  name: 'sim-time',
  title: 'simulated time, 1,000 rec/s',
  async run(context) {
    const measure = context.quick ? '20s' : '120s';
    const shape = { rate: 1000, measure, bytes: 100, client: { 'linger.ms': '5ms' }, consumers: true };
    const speeds = async (brokers: number): Promise<number[]> => {
      const rates: number[] = [];
      for (let run = 0; run < (context.quick ? 1 : 3); run++) {
        const workload = workloadFor('sim-time', { ...shape, brokers });
        const { virtualSeconds, wallSeconds } = await simulated(workload, context);
        context.progress(
          `simulated time, ${brokers} broker(s): ${virtualSeconds.toFixed(0)} virtual s in ${wallSeconds.toFixed(2)} s`,
        );
        rates.push(virtualSeconds / wallSeconds);
      }
      return rates;
    };
    const target: Target = { of: 'value', relation: '≥', limit: 100 };
    const figure = (brokers: number, samples: number[]): Figure =>
      plainFigure(
        `sim-time.${brokers}`,
        `simulated time, ${brokers} broker(s)`,
        'virtual s/s',
        samples,
        median(samples),
        {
          target,
        },
      );
    const figures = [figure(1, await speeds(1))];
    try {
      figures.push(figure(3, await speeds(3)));
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.failed('sim-time with three brokers', error);
    }
    return figures;
  },
};

/** The world without a broker in it. */
const worldLine: Line = {
  name: 'world',
  title: 'bare events, timers, messages and disk of the simulated world',
  async run(context) {
    const figures: Figure[] = [];
    for (const { name, unit, act } of worldMeasures) {
      context.signal.throwIfAborted();
      const rate = await perSecond(act);
      context.progress(`${name}: ${(rate / 1e6).toFixed(2)} M ${unit}/s`);
      figures.push(plainFigure(`world.${name}`, name, `${unit}/s`, [rate], rate));
    }
    return figures;
  },
};

export const simulationLines: readonly Line[] = [
  recordsLine(1, 1_000_000),
  recordsLine(3, 300_000),
  timeLine,
  worldLine,
];
