import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../reports/run-record.ts';
import { JUDGEMENTS, type Judgement } from '../../reports/verdict/result.ts';
import { runCampaign } from '../campaign.ts';
import { CommandError } from '../exit.ts';
import { loadWorkload } from '../load-file.ts';
import { bar, createProgress, grouped, onInterrupt } from '../terminal.ts';

interface SimFlags {
  seeds: string;
  from?: string;
  workers?: string;
  driver?: string;
  set: string[];
  verify?: boolean;
  json?: boolean;
}

const collect = (value: string, all: string[]): string[] => [...all, value];
const EXAMPLES_SHOWN = 8;

export function registerSim(program: Command): void {
  program
    .command('sim')
    .argument('<file>', 'a workload file')
    .description('Simulate a workload under many seeds: each seed is another fault schedule, replayable by its number.')
    .option('--seeds <n>', 'how many seeds', '100')
    .option('--from <n>', 'the first seed; default the one in the file')
    .option('--workers <n>', 'worker threads; default one for each core')
    .option('--driver <file>', 'an OpenMessaging Benchmark driver file')
    .option('--set <path=value>', 'override a value of the file; may be repeated', collect, [])
    .option('--verify', 'run every seed twice and compare every event')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', '\nExample:\n  bench sim workloads/power-loss.yaml --seeds 200 --verify')
    .action(simCommand);
}

async function simCommand(file: string, flags: SimFlags): Promise<void> {
  const overrides = [...flags.set, 'target=sim'];
  const loaded = loadWorkload(file, {
    set: overrides,
    ...(flags.driver === undefined ? {} : { driver: flags.driver }),
  });
  const seeds = whole('--seeds', flags.seeds, 1);
  const from = flags.from === undefined ? loaded.workload.seed : whole('--from', flags.from, 0);
  const workers = flags.workers === undefined ? undefined : whole('--workers', flags.workers, 1);
  const progress = createProgress(flags.json !== true && process.stderr.isTTY === true);
  const abort = new AbortController();
  const release = onInterrupt(() => {
    progress.clear();
    process.stderr.write('stopping after the seeds under way\n');
    abort.abort();
  });
  const campaign = await runCampaign({
    loaded,
    seeds: Array.from({ length: seeds }, (_, index) => from + index),
    verify: flags.verify === true,
    signal: abort.signal,
    ...(workers === undefined ? {} : { workers }),
    onProgress: ({ done, wallSeconds, virtualSeconds, counts }) => {
      const found = JUDGEMENTS.filter((judgement) => counts[judgement] > 0).map(
        (judgement) => `${counts[judgement]} ${judgement}`,
      );
      const speed = `${(done / wallSeconds).toFixed(1)} seeds/s ×${(virtualSeconds / wallSeconds).toFixed(0)}`;
      progress.update(`${bar(done / seeds)} ${done}/${seeds}  ${speed}  ${found.join(', ')}`);
    },
  }).finally(() => {
    progress.clear();
    release();
  });

  const worst = campaign.results.reduce<Judgement>(
    (so, { judgement }) => (JUDGEMENTS.indexOf(judgement) > JUDGEMENTS.indexOf(so) ? judgement : so),
    'pass',
  );
  const broken = campaign.results.filter(
    ({ error, determinism }) => error !== null || determinism?.kind === 'different',
  );
  const unmet = campaign.results.filter(({ exit }) => exit !== EXIT.pass);
  const exit = exitOf(unmet.map((result) => result.exit));
  process.exitCode = exit;
  const replayOf = (seed: number): string =>
    ['bench', 'run', file, '--target', 'sim', '--seed', seed, ...flags.set.flatMap((set) => ['--set', set])].join(' ');
  if (flags.json === true) {
    process.stdout.write(
      `${JSON.stringify({ schema: 1, workload: loaded.workload.name, exit, worst, ...campaign, results: campaign.results.map((result) => ({ ...result, replay: replayOf(result.seed) })) }, null, 2)}\n`,
    );
    return;
  }
  const out: string[] = [];
  const { counts, wallSeconds, virtualSeconds, events } = campaign;
  out.push(
    `${campaign.results.length} seeds: ${JUDGEMENTS.map((judgement) => `${counts[judgement]} ${judgement}`).join(', ')}`,
    `${(campaign.results.length / wallSeconds).toFixed(1)} seeds/s, ${(virtualSeconds / wallSeconds).toFixed(0)} virtual seconds a second, ${grouped(events / wallSeconds)} events/s`,
  );
  if (flags.verify === true) {
    const same = campaign.results.filter(({ determinism }) => determinism?.kind === 'same').length;
    out.push(`${same} of ${campaign.results.length} seeds ran twice event for event alike`);
  }
  const worthShowing = [...broken, ...unmet.filter((result) => !broken.includes(result))].slice(0, EXAMPLES_SHOWN);
  for (const result of worthShowing) {
    out.push('', `seed ${result.seed}: ${result.error ?? result.sentence}`, `  ${replayOf(result.seed)}`);
  }
  if (unmet.length > worthShowing.length) out.push('', `and ${unmet.length - worthShowing.length} more`);
  const clauses = new Map<string, number>();
  for (const { clause } of campaign.results) if (clause !== null) clauses.set(clause, (clauses.get(clause) ?? 0) + 1);
  for (const [clause, count] of clauses) out.push('', `allowed in ${count} seeds by the clause ${clause}`);
  process.stdout.write(`${out.join('\n')}\n`);
}

/** Durability outranks a failed run, which outranks thresholds and what is inconclusive. */
function exitOf(exits: readonly ExitCode[]): ExitCode {
  for (const code of [EXIT.durabilityViolation, EXIT.runFailed, EXIT.thresholdBreached, EXIT.inconclusive]) {
    if (exits.includes(code)) return code;
  }
  return EXIT.pass;
}

function whole(option: string, text: string, min: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new CommandError(EXIT.badWorkload, `${option} ${text}: expected a whole number of at least ${min}`);
}
