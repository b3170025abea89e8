import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../../core/node/index.ts';
import { kafkaTool, startKafka } from '../../peers/apache-kafka.ts';
import { serveProcess } from '../../peers/broker-process.ts';
import { armsFigure, type Sample } from '../arms.ts';
import { startTrio } from '../broker-trio.ts';
import { type Context, type Figure, type Line, plainFigure } from '../figure.ts';
import { type Arm, abba, median } from '../statistics.ts';

/** From the start of a process until it answers. */

const ofOurs = async (): Promise<Sample> => {
  const data = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  try {
    const first = await serveProcess(['--data', data]);
    await first.stop();
    const second = await serveProcess(['--data', data]);
    await second.stop();
    return { emptyMs: first.startMs, formattedMs: second.startMs };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
};

/** Kafka refuses an empty directory: what its own tool takes to format one is part of its start there. */
async function ofTheirs(): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  try {
    const file = join(folder, 'server.properties');
    const settings = {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': '1@localhost:1',
      listeners: 'PLAINTEXT://localhost:2,CONTROLLER://localhost:1',
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': join(folder, 'data'),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(file, lines.join(''));
    const startedAt = performance.now();
    const formatted = await kafkaTool('StorageTool', ['format', '-t', 'c3RhcnQtdGltZS1iZW5jaA', '-c', file]);
    const formatMs = performance.now() - startedAt;
    if (formatted.code !== 0)
      throw new Error(`Kafka's storage was not formatted: ${formatted.stdout}${formatted.stderr}`);
    await using kafka = await startKafka();
    return { emptyMs: formatMs + kafka.startMs, formattedMs: kafka.startMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(context: Context): Promise<Figure[]> {
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  for (const arm of abba(context.pairs)) {
    context.signal.throwIfAborted();
    if (arm === 'theirs' && !context.peers) continue;
    const sample = arm === 'ours' ? await ofOurs() : await ofTheirs();
    samples[arm].push(sample);
    const { emptyMs, formattedMs } = sample;
    context.progress(
      `start, ${arm === 'ours' ? 'ours' : 'Kafka'}: formatted ${formattedMs!.toFixed(0)} ms, empty ${emptyMs!.toFixed(0)} ms`,
    );
  }
  const rest = { unit: 'ms', target: { of: 'value', relation: '≤', limit: 300 } } as const;
  return [
    armsFigure(samples, ({ formattedMs }) => formattedMs!, {
      ...rest,
      name: 'start.formatted',
      title: 'start, formatted directory',
    }),
    armsFigure(samples, ({ emptyMs }) => emptyMs!, { ...rest, name: 'start.empty', title: 'start, empty directory' }),
  ];
}

/** Three processes that must find each other and elect a controller first. Ours begins with empty directories. */
async function startThree(context: Context): Promise<Figure[]> {
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  for (const arm of abba(context.pairs)) {
    context.signal.throwIfAborted();
    if (arm === 'theirs' && !context.peers) continue;
    await using trio = await startTrio(arm);
    samples[arm].push({ startMs: trio.startMs });
    context.progress(`start-three, ${arm === 'ours' ? 'ours' : 'Kafka'}: ${trio.startMs.toFixed(0)} ms`);
  }
  return [
    armsFigure(samples, ({ startMs }) => startMs!, {
      name: 'start-three',
      title: 'start of three processes, until all answer',
      unit: 'ms',
      target: { of: 'value', relation: '≤', limit: 600 },
      note: 'ours from empty directories, Kafka from formatted ones',
    }),
  ];
}

async function startInProcess(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const brokers of [1, 3]) {
    const times: number[] = [];
    for (let run = 0; run < (context.quick ? 5 : 20); run++) {
      context.signal.throwIfAborted();
      const startedAt = performance.now();
      await using _cluster = await startCluster({ brokers, storage: 'memory' });
      times.push(performance.now() - startedAt);
    }
    const [first] = times;
    const title = `start in this process, memory, ${brokers === 1 ? 'one broker' : `${brokers} brokers`}`;
    context.progress(`${title}: first ${first!.toFixed(1)} ms, median ${median(times).toFixed(1)} ms`);
    figures.push(
      plainFigure(brokers === 1 ? 'start-memory' : 'start-memory-three', title, 'ms', times, median(times), {
        target: { of: 'value', relation: '≤', limit: 20 },
        note: `the first took ${first!.toFixed(0)} ms`,
      }),
    );
  }
  return figures;
}

export const startLines: readonly Line[] = [
  { name: 'start', title: 'start of a process, directory formatted and empty', run: start },
  { name: 'start-three', title: 'start of three brokers, a process each', run: startThree },
  { name: 'start-memory', title: 'start in this process, memory disk', run: startInProcess },
];
