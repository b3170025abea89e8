import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeRuntime } from '../../../core/node/index.ts';
import { RegionReader } from '../../../reports/histogram.ts';
import type { Driver, ProducerDriver, ProducerOutcomes } from '../../../workloads/actors/driver.ts';
import { Load } from '../../../workloads/actors/load.ts';
import { Positions } from '../../../workloads/actors/positions.ts';
import { rosterOf } from '../../../workloads/actors/roster.ts';
import { HISTORY_WIDTH } from '../../../workloads/history.ts';
import { HistoryWriter, ROWS_PER_CHUNK } from '../../../workloads/history-writer.ts';
import {
  counterIn,
  counterViews,
  MEASUREMENT_BYTES,
  Measurement,
  metricOffset,
} from '../../../workloads/measurement.ts';
import type { Workload } from '../../../workloads/workload.ts';
import { packageRoot } from '../../package.ts';
import { startOurs, startTheirs } from '../arms.ts';
import { type Context, type Figure, type Line, plainFigure } from '../figure.ts';
import { runMeasured } from '../process-usage.ts';
import { median } from '../statistics.ts';
import { workloadOf } from './simulation.ts';

/** What the load generator can do, and what it costs. */

/** A client whose broker answers at once: outcomes come when the turn that sent the records is over. */
class InstantProducer implements ProducerDriver {
  readonly #outcomes: ProducerOutcomes;
  #tokens = new Float64Array(4096);
  #count = 0;
  #offset = 0;

  constructor(outcomes: ProducerOutcomes) {
    this.#outcomes = outcomes;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  send(
    _topic: number,
    _key: Uint8Array | null,
    _value: Uint8Array,
    _header: Uint8Array | null,
    _timestampMs: number,
    token: number,
  ): number {
    if (this.#count === 0) queueMicrotask(() => this.#answer());
    if (this.#count === this.#tokens.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#tokens);
      this.#tokens = larger;
    }
    this.#tokens[this.#count++] = token;
    return 0;
  }

  flush(): Promise<void> {
    this.#answer();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer(): void {
    const nowNs = this.#outcomes.now();
    for (let index = 0; index < this.#count; index++) {
      this.#outcomes.acked(this.#tokens[index]!, 0, 0, this.#offset++, nowNs);
    }
    this.#count = 0;
  }
}

const instantDriver: Driver = {
  name: 'instant',
  producer: (_clientId, _topics, _config, outcomes) => new InstantProducer(outcomes),
  consumer() {
    throw new Error('this load has no consumers');
  },
  admin() {
    throw new Error('this load has no topics to make');
  },
};

interface Held {
  readonly rate: number;
  readonly achieved: number;
  readonly lagMs: number;
  readonly cpuSecondsPerMillion: number;
  readonly kept: boolean;
}

/** As the report judges a run: nearly all that was intended, and hardly ever late. */
const ACHIEVED_MIN = 0.99;
const LAG_MS_MAX = 50;

async function hold(workload: Workload, rate: number): Promise<Held> {
  const { warmupMs, measureMs } = workload.phases;
  const runtime = createNodeRuntime();
  const roster = rosterOf(workload);
  const buffer = new ArrayBuffer(MEASUREMENT_BYTES);
  const measurement = new Measurement(buffer, warmupMs * 1e6, (warmupMs + measureMs) * 1e6);
  const positions = new Positions(roster, new ArrayBuffer(Positions.bytes(roster)));
  positions.clear();
  let zeroNs = Number.POSITIVE_INFINITY;
  // A load thread fills memory that the thread which judges the rows gives back: two chunks, as if it were never behind.
  const chunks = [0, 1].map(() => new Float64Array(ROWS_PER_CHUNK * HISTORY_WIDTH));
  let filled = 0;
  const history = new HistoryWriter(
    {
      rows() {
        filled++;
      },
    },
    () => chunks[filled & 1]!,
  );
  const load = new Load(
    {
      workload,
      roster,
      runtime,
      driver: instantDriver,
      measurement,
      history,
      positions,
      run: 1,
      now: () => runtime.clock.monotonicNs() - zeroNs,
      file: () => null,
      problem(text) {
        throw new Error(text);
      },
    },
    roster.producers,
    [],
  );
  try {
    await load.connect();
    zeroNs = runtime.clock.monotonicNs() + 50e6;
    load.run();
    await runtime.timers.sleep(50 + warmupMs);
    const cpuBefore = process.cpuUsage();
    const ackedBefore = counterIn([counterViews(buffer)], 'acked');
    await runtime.timers.sleep(measureMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    const acked = counterIn([counterViews(buffer)], 'acked') - ackedBefore;
    await load.stopProducers(5000);
    if (filled === 0) throw new Error('no history came out of the load');
    const views = [counterViews(buffer)];
    const lag = new RegionReader(buffer, metricOffset('scheduleLag')).interval();
    const share = counterIn(views, 'sentMeasured') / counterIn(views, 'intendedMeasured');
    const lagMs = lag.valueAt(0.99) / 1e6;
    return {
      rate,
      achieved: (share * counterIn(views, 'intendedMeasured')) / (measureMs / 1000),
      lagMs,
      cpuSecondsPerMillion: (user + system) / acked,
      kept:
        share >= ACHIEVED_MIN &&
        counterIn(views, 'intendedMeasured') >= (ACHIEVED_MIN * rate * measureMs) / 1000 &&
        lagMs <= LAG_MS_MAX,
    };
  } finally {
    runtime.close();
  }
}

const START_RATE = 500_000;
const LOWEST_RATE = 50_000;
const HIGHEST_RATE = 16_000_000;

/** Doubles, then halves the step, until the highest rate that holds is known within a tenth. */
async function generator(context: Context): Promise<Figure[]> {
  const measure = context.quick ? '1s' : '4s';
  const held: Held[] = [];
  const tryRate = async (rate: number): Promise<Held> => {
    context.signal.throwIfAborted();
    const workload = workloadOf('generator', {
      target: 'kafka',
      bootstrap: ['localhost:9092'],
      topics: [{ name: 'bench', partitions: 6 }],
      producers: [{ topic: 'bench', count: 1, rate: `${rate}/s`, value: '100B' }],
      phases: { warmup: '1s', measure, drain: '1s' },
    });
    const result = await hold(workload, rate);
    held.push(result);
    context.progress(
      `load generator at ${rate / 1000} k/s: ${result.kept ? 'kept' : 'fell behind'}, ${(result.achieved / 1000).toFixed(0)} k/s, p99 late ${result.lagMs.toFixed(2)} ms, ${result.cpuSecondsPerMillion.toFixed(2)} CPU s/M`,
    );
    return result;
  };
  let best = 0;
  let rate = START_RATE;
  while (rate <= HIGHEST_RATE && (await tryRate(rate)).kept) {
    best = rate;
    rate *= 2;
  }
  for (rate = START_RATE / 2; best === 0 && rate >= LOWEST_RATE; rate /= 2) {
    if ((await tryRate(rate)).kept) best = rate;
  }
  if (best === 0) throw new Error(`the schedule of ${LOWEST_RATE} records a second was not kept`);
  for (let step = best / 2; step >= best / 10; step /= 2) {
    if ((await tryRate(best + step)).kept) best += step;
  }
  const cpu = held.filter(({ kept }) => kept).map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion);
  return [
    plainFigure('generator.rate', 'load generator, schedule kept', 'rec/s', [best], best, {
      target: { of: 'value', relation: '≥', limit: 500_000 },
    }),
    plainFigure('generator.cpu', 'load generator', 'CPU s/M records', cpu, median(cpu)),
  ];
}

const RATE = 200_000;
const OMB = 'OpenMessaging Benchmark 2.2 CPU s/M messages, 3,850 MB RSS';

/** The whole command, its start, verdict and report included, on a fixed rate with consumers against a broker of theirs. */
async function cost(context: Context): Promise<Figure[]> {
  await using cluster = await (context.peers ? startTheirs(1) : startOurs(1));
  const folder = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  try {
    const seconds = context.quick ? 8 : 30;
    const file = join(folder, 'generating.yaml');
    const workload = {
      topics: [{ name: 'generating', partitions: 6 }],
      producers: [
        {
          topic: 'generating',
          count: 2,
          rate: `${RATE}/s`,
          value: '100B',
          client: { acks: 'all', 'batch.size': 65_536, 'linger.ms': 5 },
        },
      ],
      consumers: [{ topic: 'generating', group: 'readers', count: 2 }],
      phases: { warmup: '2s', measure: `${seconds - 2}s`, drain: '20s' },
    };
    await writeFile(file, JSON.stringify(workload));
    const command = ['run', file, '--target', 'kafka', '--bootstrap', cluster.bootstrap, '--json'];
    const result = await runMeasured(
      process.execPath,
      [join(packageRoot, 'scripts', 'bench.js'), ...command],
      120_000 + 2000 * seconds,
    );
    context.signal.throwIfAborted();
    if (!result.stdout.startsWith('{')) throw new Error(`bench run: ${(result.stdout + result.stderr).slice(-1000)}`);
    const record = JSON.parse(result.stdout) as {
      verdict: { sentence: string };
      generator?: { state: string; achieved: number | null };
    };
    const messages = (RATE * seconds) / 1e6;
    const perMillion = result.cpuSeconds / messages;
    const mebibytes = result.peakBytes / 2 ** 20;
    context.progress(
      `generating ${RATE / 1000} k/s: ${perMillion.toFixed(2)} CPU s/M, ${mebibytes.toFixed(0)} MiB, generator ${record.generator?.state}; ${record.verdict.sentence}`,
    );
    const achieved = record.generator?.achieved;
    const note = `${context.peers ? 'Apache Kafka' : 'ours'} as the broker; the generator ${record.generator?.state}${typeof achieved === 'number' ? ` (${(achieved * 100).toFixed(1)} % of the rate)` : ''}; start, verdict and report of the command are in it`;
    return [
      plainFigure('cost.cpu', 'cost of generating 200 k/s', 'CPU s/M messages', [perMillion], perMillion, {
        target: { of: 'ratio', relation: '≤', limit: 0.5 },
        quoted: { name: OMB, value: 2.2 },
        note,
      }),
      plainFigure('cost.memory', 'cost of generating 200 k/s, peak', 'MiB', [mebibytes], mebibytes, {
        target: { of: 'value', relation: '≤', limit: 300 },
        quoted: { name: OMB, value: 3850 },
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const generatorLines: readonly Line[] = [
  { name: 'generator', title: 'open loop against a broker that answers at once', run: generator },
  {
    name: 'cost',
    title: 'CPU and memory of the harness at 200,000 messages a second, produced and consumed',
    run: cost,
  },
];
