import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { nightBencher, nightGithubActionBenchmark } from '../../reports/compare/exports.ts';
import type { MatrixResult } from '../../reports/matrix.ts';
import { EXIT } from '../../reports/run-record.ts';
import { RunStore } from '../../reports/store/store.ts';
import { judgeTrend, trendsText } from '../../reports/trends.ts';
import { renderTrends } from '../../reports/trends-page.ts';
import { childRun } from '../child-run.ts';
import { environment } from '../environment.ts';
import { CommandError } from '../exit.ts';
import { packageRoot } from '../package.ts';
import { keepNight, type Night, type NightRun, readNights, trendSeries } from './nights.ts';

/**
 * What runs every night: a campaign of simulated faults, the matrix, a steady load on real processes several times over;
 * all of it into the store, and one page of trends. Exit 23 when a figure got worse, 24 when a promise was broken.
 */
interface NightlyFlags {
  readonly seeds: string;
  readonly repeats: string;
  readonly set: readonly string[];
}

/** A run in which the load generator fell behind is made again, up to so many times the runs that are wanted. */
const ATTEMPTS = 3;
const FOLDER = join('.faultline', 'nightly');
const NIGHTS = join(FOLDER, 'nights.ndjson');
const RESULTS = {
  page: 'index.html',
  text: 'trends.txt',
  githubActionBenchmark: 'github-action-benchmark.json',
  bencher: 'bencher.json',
} as const;
const BENCH = join(packageRoot, 'scripts', 'bench.js');
const workload = (name: string): string => join(packageRoot, 'workloads', `${name}.yaml`);

const program = new Command('nightly')
  .description('The campaign, the matrix and the tracked loads of a night, and a page of the trends over all nights.')
  .option('--seeds <n>', 'seeds of the campaign', '100')
  .option('--repeats <n>', 'runs of each load on real processes; fewer than 3 prove little', '3')
  .option(
    '--set <path=value>',
    'override a value of the steady load; may be repeated',
    (value: string, all: string[]) => [...all, value],
    [],
  )
  .addHelpText(
    'after',
    `
A drill: FAULTLINE_DRILL_BURN_US=200 npm run nightly makes brokers burn 200 µs of CPU for each request; after three nights
without it, it must be flagged.

Examples:
  npm run nightly
  npm run nightly -- --seeds 20 --repeats 3 --set phases.measure=4s`,
  );
program.parse();

try {
  process.exitCode = await nightly(program.opts<NightlyFlags>());
} catch (error) {
  process.stderr.write(`nightly: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError ? error.exit : EXIT.runFailed;
}

async function nightly({ seeds, repeats, set }: NightlyFlags): Promise<number> {
  // What the night before has left is no result of one that breaks off.
  for (const name of Object.values(RESULTS)) rmSync(join(FOLDER, name), { force: true });
  const signal = new AbortController().signal;
  const night = new Date().toISOString();
  const runs: NightRun[] = [];
  const exits: number[] = [];

  tell(`campaign: ${seeds} seeds of durability`);
  const campaign = await bench(['sim', workload('durability'), '--seeds', seeds, '--json']);
  exits.push(campaign.status);
  const found = JSON.parse(campaign.out) as { counts: Record<string, number> };
  const counts = Object.entries(found.counts).map(([judgement, count]) => `${count} ${judgement}`);

  tell('matrix: simulated, exact');
  mkdirSync(FOLDER, { recursive: true });
  const matrix = await bench(['run', workload('nightly-matrix'), '--json', '--report', join(FOLDER, 'matrix.html')]);
  exits.push(matrix.status);
  for (const cell of (JSON.parse(matrix.out) as MatrixResult).cells) {
    runs.push({ id: cell.run, load: `nightly-matrix ${cell.values.join(' ')}` });
  }

  const quickstart = await childRun({
    bench: BENCH,
    file: workload('quickstart'),
    flags: [],
    signal,
    label: 'quickstart',
  });
  runs.push({ id: quickstart.id, load: 'quickstart' });
  exits.push(quickstart.exit);
  const times = Number(repeats);
  if (!Number.isSafeInteger(times) || times < 1)
    throw new CommandError(EXIT.badWorkload, `--repeats ${repeats}: expected a whole number of at least 1`);
  let disturbed = 0;
  for (let good = 0; good < times && good + disturbed < times * ATTEMPTS; ) {
    tell(`steady load on real processes, ${good + 1} of ${repeats}`);
    const flags = set.flatMap((each) => ['--set', each]);
    const record = await childRun({
      bench: BENCH,
      file: workload('nightly-steady'),
      flags,
      signal,
      label: 'the steady load',
    });
    exits.push(record.exit);
    const run = { id: record.id, load: 'nightly-steady' };
    if (record.generator?.state === 'fell behind') {
      tell('the load generator fell behind: only what the broker says of itself counts');
      disturbed++;
      runs.push({ ...run, disturbed: true });
      continue;
    }
    good++;
    runs.push(run);
  }
  keepNight(NIGHTS, { night, commit: environment().commit, runs, campaign: counts.join(', ') });
  return await conclude(exits, times);
}

/** Judges the night that was kept last, and writes what people and other tools read of it. */
async function conclude(exits: readonly number[], times: number): Promise<number> {
  const nights = readNights(NIGHTS);
  const last: Night = nights.at(-1)!;
  using store = RunStore.in(process.cwd());
  const trends = trendSeries(nights, store.runs()).map(judgeTrend);
  const write = (name: string, content: string): string => {
    const path = join(FOLDER, name);
    writeFileSync(path, content);
    return relative(process.cwd(), path);
  };
  const lines = [
    `${nights.length} nights, the last began ${last.night.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')} at commit ${last.commit.slice(0, 10)}`,
    `campaign: ${last.campaign}`,
  ];
  const steady = last.runs.filter(({ load }) => load === 'nightly-steady');
  const undisturbed = steady.filter(({ disturbed }) => disturbed !== true).length;
  const isShort = undisturbed < times;
  const shortText = `the load generator fell behind in ${steady.length - undisturbed} of ${steady.length} runs: latencies of ${undisturbed}, ${times} were wanted`;
  if (isShort) lines.push(shortText);
  const page = write(RESULTS.page, await renderTrends(trends, { title: `night of ${last.night.slice(0, 10)}`, lines }));
  write(RESULTS.text, trendsText(trends));
  write(RESULTS.githubActionBenchmark, `${JSON.stringify(nightGithubActionBenchmark(trends), null, 2)}\n`);
  write(RESULTS.bencher, `${JSON.stringify(nightBencher(trends), null, 2)}\n`);
  process.stdout.write(`${trendsText(trends)}\ncampaign  ${last.campaign}\ntrends    ${page}\n`);
  for (const code of [EXIT.durabilityViolation, EXIT.runFailed]) if (exits.includes(code)) return code;
  if (trends.some(({ state }) => state === 'alarm')) return EXIT.regression;
  if (isShort) tell(shortText);
  return isShort ? EXIT.inconclusive : EXIT.pass;
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function bench(args: readonly string[]): Promise<{ status: number; out: string }> {
  const child = spawn(process.execPath, [BENCH, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (out.trim() === '') throw new CommandError(EXIT.runFailed, `bench ${args[0]} gave no result (exit ${status})`);
  return { status: status ?? EXIT.runFailed, out };
}
