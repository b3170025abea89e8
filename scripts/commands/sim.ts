import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../reports/run-record.ts';
import { JUDGEMENTS, type Judgement } from '../../reports/verdict/result.ts';
import { workloadHash } from '../../workloads/hash.ts';
import { type Campaign, runCampaign } from '../campaign.ts';
import { campaignJunit } from '../campaign-junit.ts';
import type { SeedResult } from '../campaign-worker.ts';
import { CommandError } from '../exit.ts';
import { loadWorkload } from '../load-file.ts';
import { bar, createProgress, grouped, onInterrupt } from '../terminal.ts';

interface SimFlags {
  seeds?: string;
  minutes?: string;
  from?: string;
  workers?: string;
  driver?: string;
  resume?: string;
  junit?: string;
  set: string[];
  stopAtFirst?: boolean;
  verify?: boolean;
  json?: boolean;
}

const collect = (value: string, all: string[]): string[] => [...all, value];
const EXAMPLES_SHOWN = 8;
const SEEDS_DEFAULT = 100;

export function registerSim(program: Command): void {
  program
    .command('sim')
    .argument('<file>', 'a workload file')
    .description('Simulate a workload under many seeds: each seed is another fault schedule, replayable by its number.')
    .option('--seeds <n>', `how many seeds; default ${SEEDS_DEFAULT}, or no end with --minutes`)
    .option('--minutes <m>', 'begin no further seed after so long')
    .option('--from <n>', 'the first seed; default the one in the file')
    .option('--workers <n>', 'worker threads; default one for each core')
    .option('--driver <file>', 'an OpenMessaging Benchmark driver file')
    .option('--set <path=value>', 'override a value of the file; may be repeated', collect, [])
    .option('--resume <file>', 'keep the result of every seed in this file, and run none that it has already')
    .option('--stop-at-first', 'end at the first failure')
    .option('--verify', 'run every seed twice and compare every event')
    .option('--junit <file>', 'also write JUnit XML, one test a seed')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText(
      'after',
      `
Failures keep their plan under .faultline/plans: bench replay runs one again, bench shrink makes it small.

Examples:
  bench sim workloads/power-loss.yaml --seeds 200 --verify
  bench sim workloads/durability.yaml --minutes 60 --resume night.ndjson --stop-at-first`,
    )
    .action(simCommand);
}

async function simCommand(file: string, flags: SimFlags): Promise<void> {
  const loaded = loadWorkload(file, {
    set: [...flags.set, 'target=sim'],
    ...(flags.driver === undefined ? {} : { driver: flags.driver }),
  });
  const minutes = flags.minutes === undefined ? undefined : positive('--minutes', flags.minutes);
  const unbounded = minutes === undefined ? SEEDS_DEFAULT : Number.POSITIVE_INFINITY;
  const count = flags.seeds === undefined ? unbounded : whole('--seeds', flags.seeds, 1);
  const from = flags.from === undefined ? loaded.workload.seed : whole('--from', flags.from, 0);
  const workers = flags.workers === undefined ? undefined : whole('--workers', flags.workers, 1);
  const ledger =
    flags.resume === undefined ? null : openLedger(flags.resume, workloadHash(loaded.workload, loaded.files));
  const progress = createProgress(flags.json !== true);
  const abort = new AbortController();
  const release = onInterrupt(() => {
    progress.clear();
    process.stderr.write('stopping after the seeds under way\n');
    abort.abort();
  });
  const campaign = await runCampaign({
    loaded,
    from,
    count,
    stopAtFirst: flags.stopAtFirst === true,
    verify: flags.verify === true,
    signal: abort.signal,
    root: process.cwd(),
    ...(minutes === undefined ? {} : { minutes }),
    ...(workers === undefined ? {} : { workers }),
    ...(ledger === null ? {} : { done: ledger.done }),
    onResult: (result, { done, wallSeconds, virtualSeconds, counts, marks }) => {
      ledger?.add(result);
      const found = JUDGEMENTS.filter((judgement) => counts[judgement] > 0).map(
        (judgement) => `${counts[judgement]} ${judgement}`,
      );
      const share = Number.isFinite(count) ? done / count : wallSeconds / 60 / (minutes ?? 1);
      const seen = [...marks.values()].filter((times) => times > 0).length;
      const speed = `${(done / wallSeconds).toFixed(1)} seeds/s ×${(virtualSeconds / wallSeconds).toFixed(0)}`;
      progress.update(`${bar(share)} ${done}  ${speed}  ${found.join(', ')}  ${seen} marks`);
    },
  }).finally(() => {
    progress.clear();
    release();
  });
  const exit = exitOf(campaign.results.map((result) => result.exit));
  process.exitCode = exit;
  const replayOf = (result: SeedResult): string => replayCommand(file, flags, result);
  if (flags.junit !== undefined) writeFileSync(flags.junit, campaignJunit(loaded.workload.name, campaign, replayOf));
  if (flags.json === true) {
    const worst = campaign.results.reduce<Judgement>(
      (so, { judgement }) => (JUDGEMENTS.indexOf(judgement) > JUDGEMENTS.indexOf(so) ? judgement : so),
      'pass',
    );
    const results = campaign.results.map((result) => ({ ...result, replay: replayOf(result) }));
    process.stdout.write(
      `${JSON.stringify({ schema: 1, workload: loaded.workload.name, exit, worst, ...campaign, results }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(textOf(campaign, flags.verify === true, replayOf));
}

/** One line a seed, after a first one that says of which workload. */
function openLedger(path: string, hash: string): { done: readonly SeedResult[]; add(result: SeedResult): void } {
  const head = { schema: 1, workloadHash: hash };
  const done: SeedResult[] = [];
  if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(head)}\n`);
  else {
    const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    if (first !== JSON.stringify(head)) {
      throw new CommandError(EXIT.badWorkload, `${path}: these results are of another workload (or of none)`);
    }
    // A last line that was cut off is a seed to run again.
    for (const line of lines) {
      try {
        if (line !== '') done.push(JSON.parse(line) as SeedResult);
      } catch {
        break;
      }
    }
  }
  return { done, add: (result) => appendFileSync(path, `${JSON.stringify(result)}\n`) };
}

function textOf(campaign: Campaign, verified: boolean, replayOf: (result: SeedResult) => string): string {
  const { counts, seedsRun, wallSeconds, virtualSeconds, events, results, marks } = campaign;
  const out: string[] = [];
  out.push(
    `${results.length} seeds: ${JUDGEMENTS.map((judgement) => `${counts[judgement]} ${judgement}`).join(', ')}`,
    `${(seedsRun / wallSeconds).toFixed(1)} seeds/s, ${(virtualSeconds / wallSeconds).toFixed(0)} virtual seconds a second, ${grouped(events / wallSeconds)} events/s`,
  );
  if (verified) {
    const same = results.filter(({ determinism }) => determinism?.kind === 'same').length;
    out.push(`${same} of ${results.length} seeds ran twice event for event alike`);
  }
  const seen = Object.entries(marks).filter(([, times]) => times > 0);
  const never = Object.entries(marks).filter(([, times]) => times === 0);
  out.push('', `seen in seeds: ${seen.map(([mark, times]) => `${mark} ${times}`).join(', ') || 'nothing'}`);
  if (never.length > 0) out.push(`never seen: ${never.map(([mark]) => mark).join(', ')}`);
  const broken = results.filter(({ error, determinism }) => error !== null || determinism?.kind === 'different');
  const unmet = results.filter((result) => result.exit !== EXIT.pass && !broken.includes(result));
  const failed = unmet.filter(({ judgement }) => judgement === 'fail');
  const worthShowing = [...failed, ...broken, ...unmet.filter((result) => !failed.includes(result))].slice(
    0,
    EXAMPLES_SHOWN,
  );
  for (const result of worthShowing) {
    out.push('', `seed ${result.seed}: ${result.error ?? result.sentence}`, `  ${replayOf(result)}`);
  }
  const more = broken.length + unmet.length - worthShowing.length;
  if (more > 0) out.push('', `and ${more} more`);
  const clauses = new Map<string, number>();
  for (const { clause } of results) if (clause !== null) clauses.set(clause, (clauses.get(clause) ?? 0) + 1);
  for (const [clause, count] of clauses) out.push('', `allowed in ${count} seeds by the clause ${clause}`);
  return `${out.join('\n')}\n`;
}

function replayCommand(file: string, flags: SimFlags, { seed, plan }: SeedResult): string {
  if (plan !== undefined) return `bench replay ${plan}`;
  return ['bench run', file, '--target sim --seed', seed, ...flags.set.flatMap((set) => ['--set', set])].join(' ');
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

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new CommandError(EXIT.badWorkload, `${option} ${text}: expected a number above 0`);
}
