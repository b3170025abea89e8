import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT } from '../../reports/run-record.ts';
import { environment } from '../environment.ts';
import type { Context, Figure, Line } from './figure.ts';
import { brokerLines } from './lines/broker.ts';
import { failoverLines } from './lines/failover.ts';
import { generatorLines } from './lines/generator.ts';
import { manyPartitionsLines } from './lines/many-partitions.ts';
import { microLines } from './lines/micro.ts';
import { ombLines } from './lines/omb.ts';
import { rateSearchLines } from './lines/rate-search.ts';
import { simulationLines } from './lines/simulation.ts';
import { startLines } from './lines/start.ts';
import { toolCeilingLines } from './lines/tool-ceiling.ts';
import { type BenchRecord, judged, table } from './print.ts';
import { childrenOf } from './process-usage.ts';

const HELP = `npm run bench -- [--only REGEX] [--pairs N] [--no-peers] [--quick] [--json] [--list]

Measures what we promise about speed, each figure beside Apache Kafka's from the same run where Kafka has one. The arms
take turns (ABBA) and never run at the same time. Needs Java 17 and Maven for Kafka; --no-peers leaves it out.

  --only REGEX   only lines whose name matches
  --pairs N      runs of each arm (default 3, with --quick 1); eight or more for a decision
  --quick        short loads: shows that everything runs; the figures are noise
  --json         one JSON object on standard output instead of the table
  --list         names of the lines

Results are kept in .faultline/bench/. A missed target is no failure: the exit code is ${EXIT.runFailed} only when a line has no figure.
`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    only: { type: 'string' },
    pairs: { type: 'string' },
    peers: { type: 'boolean', default: true },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function linesFor(only: string | undefined): Line[] {
  const pattern = only === undefined ? null : new RegExp(only);
  const wanted = (name: string): boolean => pattern === null || pattern.test(name);
  const alone = [
    ...startLines,
    ...toolCeilingLines,
    ...failoverLines,
    ...manyPartitionsLines,
    ...generatorLines,
    ...microLines,
    ...simulationLines,
    ...rateSearchLines,
    ...ombLines,
  ].filter(({ name }) => wanted(name));
  return [...brokerLines(wanted), ...alone];
}

/** First Ctrl-C: end what runs, keep what was measured. Brokers and tools are our children, and theirs end with them. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('stopping: keeping what was measured (again ends at once)\n');
    controller.abort(new Error('interrupted'));
    for (const pid of childrenOf(process.pid)) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

function store(record: BenchRecord): string {
  const folder = join(process.cwd(), '.faultline', 'bench');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${record.startedAt.replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)}.json`);
  writeFileSync(`${file}.partial`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
  return relative(process.cwd(), file);
}

async function runAll(lines: readonly Line[], pairs: number): Promise<BenchRecord> {
  const startedAt = new Date();
  const before = loadavg();
  const failures: { line: string; reason: string }[] = [];
  const figures: Figure[] = [];
  const signal = abortOnSignal();
  const context: Context = {
    pairs,
    quick: values.quick,
    peers: values.peers,
    signal,
    progress: (text) => process.stderr.write(`${text}\n`),
    failed(line, error) {
      const reason = (error instanceof Error ? error.message : String(error)).trim();
      failures.push({ line, reason });
      process.stderr.write(`${line}: ${reason}\n`);
    },
  };
  for (const line of lines) {
    if (signal.aborted) break;
    try {
      figures.push(...(await line.run(context)));
    } catch (error) {
      if (!signal.aborted) context.failed(line.name, error);
    }
  }
  return {
    schema: 1,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    options: { pairs, quick: values.quick, peers: values.peers, only: values.only ?? null },
    environment: environment(),
    load: { before, after: loadavg() },
    interrupted: signal.aborted,
    figures: judged(figures),
    failures,
  };
}

const pairs = Number(values.pairs ?? (values.quick ? 1 : 3));
if (!Number.isInteger(pairs) || pairs < 1)
  throw new Error(`--pairs ${values.pairs}: expected a whole number of at least 1`);
const lines = linesFor(values.only);
if (values.help) process.stdout.write(HELP);
else if (values.list) process.stdout.write(lines.map(({ name, title }) => `${name}: ${title}\n`).join(''));
else if (lines.length === 0) throw new Error(`--only ${values.only}: no line has such a name (see --list)`);
else {
  const record = await runAll(lines, pairs);
  const file = store(record);
  process.stdout.write(values.json ? `${JSON.stringify(record, null, 2)}\n` : `${table(record)}kept in ${file}\n`);
  process.exitCode = record.interrupted ? 130 : record.failures.length > 0 ? EXIT.runFailed : EXIT.pass;
}
