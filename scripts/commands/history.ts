import type { Command } from 'commander';
import { changePoints } from '../../reports/compare/change-points.ts';
import { bencherMetricFormat, githubActionBenchmark } from '../../reports/compare/exports.ts';
import { EXIT } from '../../reports/run-record.ts';
import { RunStore, type StoredChangePoint, type StoredRun, StoreError } from '../../reports/store/store.ts';
import { CommandError } from '../exit.ts';
import { findRun } from './report.ts';

interface HistoryFlags {
  workload?: string;
  limit: string;
  baseline?: string;
  export?: string;
  json?: boolean;
  markdown?: boolean;
}

const TRACKED = [
  'publish.p50',
  'publish.p99',
  'endToEnd.p50',
  'endToEnd.p99',
  'throughput.acked',
  'sim.events',
] as const;
const EXPORTS = ['github-action-benchmark', 'github-action-benchmark-rates', 'bencher'] as const;

export function registerHistory(program: Command): void {
  program
    .command('history')
    .argument('[run]', 'with --baseline or --export: the run; default `last`', 'last')
    .description('List the runs that were kept, and where a figure has moved to another level.')
    .option('--workload <name>', 'runs of this workload only')
    .option('--limit <n>', 'so many rows', '30')
    .option('--baseline <name>', 'point this name at the run, for its workload and machine; nothing else moves it')
    .option('--export <format>', `print a run for another tool: ${EXPORTS.join(', ')}`)
    .option('--json', 'print one JSON object and nothing else')
    .option('--markdown', 'print Markdown')
    .addHelpText(
      'after',
      `
Change points are found by E-divisive means with a t-test, over runs of one workload on one machine. They are for
triage; \`bench compare --pairs\` decides.

Examples:
  bench history --workload latency
  bench history --baseline main last
  bench history --export bencher > results.json`,
    )
    .action(historyCommand);
}

interface Series {
  readonly workload: string;
  readonly workloadHash: string;
  readonly fingerprint: string;
  readonly target: string;
  readonly changePoints: readonly StoredChangePoint[];
}

async function historyCommand(run: string, flags: HistoryFlags): Promise<void> {
  if (flags.export !== undefined) {
    process.stdout.write(await exported(run, flags.export));
    return;
  }
  const limit = Number(flags.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new CommandError(EXIT.badWorkload, `--limit ${flags.limit}: expected a whole number of at least 1`);
  }
  using store = RunStore.in(process.cwd());
  if (flags.baseline !== undefined) {
    const { id } = await findRun(process.cwd(), run);
    try {
      store.setBaseline(flags.baseline, id, new Date().toISOString());
    } catch (error) {
      if (error instanceof StoreError) throw new CommandError(EXIT.badWorkload, error.message);
      throw error;
    }
    process.stdout.write(`${flags.baseline} is ${id}\n`);
    return;
  }
  const runs = store.runs(flags.workload === undefined ? {} : { workload: flags.workload });
  const series = seriesOf(runs);
  const at = new Date().toISOString();
  for (const each of series) store.appendChangePoints(each, each.changePoints, at);
  const baselines = store.baselines();
  const shown = runs.slice(0, limit);
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ schema: 1, runs: shown, baselines, series }, null, 2)}\n`);
    return;
  }
  process.stdout.write(tableOf(shown, series, baselines, flags.markdown === true));
}

async function exported(run: string, format: string): Promise<string> {
  const record = await findRun(process.cwd(), run);
  switch (format) {
    case 'github-action-benchmark':
      return `${JSON.stringify(githubActionBenchmark(record, 'lower'), null, 2)}\n`;
    case 'github-action-benchmark-rates':
      return `${JSON.stringify(githubActionBenchmark(record, 'higher'), null, 2)}\n`;
    case 'bencher':
      return `${JSON.stringify(bencherMetricFormat(record), null, 2)}\n`;
    default:
      throw new CommandError(EXIT.badWorkload, `--export ${format}: expected ${EXPORTS.join(', ')}`);
  }
}

/** Runs of one workload hash, target and machine are one series, the oldest first. */
function seriesOf(runs: readonly StoredRun[]): Series[] {
  const groups = new Map<string, StoredRun[]>();
  for (const run of runs.toReversed()) {
    const key = `${run.workloadHash} ${run.target} ${run.target === 'sim' ? '' : run.fingerprint}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((group) => {
    const { workload, workloadHash, fingerprint, target } = group[0]!;
    const found = TRACKED.flatMap((metric) => {
      const having = group.filter(({ figures }) => figures[metric] !== undefined);
      return changePoints(having.map(({ figures }) => figures[metric]!.value)).map(({ index, p, before, after }) => {
        const { id: runId, commit } = having[index]!;
        return { metric, runId, commit, p, before, after };
      });
    });
    return { workload, workloadHash, fingerprint, target, changePoints: found };
  });
}

function tableOf(
  runs: readonly StoredRun[],
  series: readonly Series[],
  baselines: readonly { name: string; runId: string }[],
  markdown: boolean,
): string {
  if (runs.length === 0) return 'no run is kept here yet: bench run FILE makes one\n';
  const number = (run: StoredRun, name: string) => {
    const value = run.figures[name]?.value;
    if (value === undefined) return '–';
    return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
  };
  const heads = [
    'run',
    'target',
    'commit',
    'verdict',
    'exit',
    'acked/s',
    'publish p50',
    'p99 ms',
    'end to end p99 ms',
    '',
  ];
  const rows = runs.map((run) => [
    run.id,
    run.target,
    `${run.commit.slice(0, 10)}${run.dirty ? '+' : ''}`,
    run.verdict,
    String(run.exit),
    number(run, 'throughput.acked'),
    number(run, 'publish.p50'),
    number(run, 'publish.p99'),
    number(run, 'endToEnd.p99'),
    baselines.flatMap(({ name, runId }) => (runId === run.id ? [name] : [])).join(', '),
  ]);
  const points = series.flatMap(({ changePoints: found }) =>
    found.map(({ metric, runId, p, before, after }) => {
      const change = ((after / before - 1) * 100).toFixed(1);
      return `${metric} moved by ${change} % (${before.toPrecision(3)} to ${after.toPrecision(3)}, p = ${p.toExponential(1)}) at ${runId}`;
    }),
  );
  if (markdown) {
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    const table = [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
    return `${table}\n${points.length === 0 ? '' : `\n${points.map((point) => `- ${point}`).join('\n')}\n`}`;
  }
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const draw = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column >= 4 && column <= 8 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return `${[heads, ...rows].map(draw).join('\n')}\n${points.length === 0 ? '' : `\n${points.join('\n')}\n`}`;
}
