import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Piscina } from 'piscina';
import type { RuleId } from '../reports/verdict/result.ts';
import { type Mutant, mutants, mutantWorkload } from '../sim/mutants/index.ts';
import { drawPlan, type Plan } from '../sim/plan.ts';
import { shrink } from '../sim/shrink.ts';
import type { SeedResult, SeedTask } from './campaign-worker.ts';
import { environment } from './environment.ts';
import { keepPlan } from './plan-file.ts';
import { onInterrupt } from './terminal.ts';

/**
 * Proof that the checkers bite: runs every broken variant over seeds until a rule that must see it fails, and the
 * unbroken code over the same seeds. Exit 1 when a rule stays silent, or fails where nothing is broken.
 */
const SEEDS = 20;
/** A table of many mutants cannot wait for the very last reduction of each. */
const SHRINK_RUNS = 250;
/** What a run of this script that is stopped has found so far. */
const KEPT = '.faultline/mutants.ndjson';

interface PlanSize {
  readonly faults: number;
  /** Records that its producers are to send. */
  readonly operations: number;
}

interface Hunt {
  readonly mutant: Mutant;
  /** The first seed tried. */
  readonly base: number;
  readonly caughtBy: RuleId | null;
  /** Rules that failed, of those that were not expected. */
  readonly others: readonly string[];
  readonly seeds: number;
  /** Of a processor, for its runs; the run of the unbroken code and shrinking not counted. */
  readonly seconds: number;
  readonly sentence: string;
  readonly plan: string | null;
  /** Of the plan that caught it, after shrinking; null where that was not asked for. */
  readonly size: PlanSize | null;
  /** A seed under which the unbroken code fails. */
  readonly falseAlarm: string | null;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    bases: { type: 'string', default: '1' },
    shrink: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const wanted = mutants.filter(
  ({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)),
);
if (wanted.length === 0) {
  process.stderr.write(`no mutant is called so; there are ${mutants.map(({ name }) => name).join(', ')}\n`);
  process.exit(20);
}
const { commit } = environment();
const threads = availableParallelism();
const pool = new Piscina<SeedTask, SeedResult>({
  filename: new URL('./campaign-worker.ts', import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
});
const bases = Array.from({ length: wholeNumber('bases', values.bases) }, (_, index) => baseSeed(index));
const work = wanted.flatMap((mutant) => bases.map((base) => ({ mutant, base })));
const kept = readKept();
const hunts: Hunt[] = [];
if (!values.json) process.stdout.write(`${wanted.length} mutants, each from ${bases.length} base seeds\n`);
let interrupted = false;
const release = onInterrupt(() => {
  interrupted = true;
  process.stderr.write('stopping after the hunts that are under way; the same command goes on from here\n');
});
let next = 0;
await Promise.all(
  Array.from({ length: threads }, async () => {
    while (next < work.length && !interrupted) {
      const { mutant, base } = work[next++]!;
      const known = kept.get(keyOf(mutant, base));
      const hunt = known === undefined ? await hunted(mutant, base) : { ...known, mutant };
      hunts.push(hunt);
      if (known === undefined) keep(hunt);
      if (!values.json) process.stdout.write(`${line(hunt)}${known === undefined ? '' : '\n    (kept from before)'}\n`);
    }
  }),
);
release();
await pool.destroy();

hunts.sort((a, b) => wanted.indexOf(a.mutant) - wanted.indexOf(b.mutant) || a.base - b.base);
const missed = hunts.filter(({ caughtBy }) => caughtBy === null);
const alarms = hunts.filter(({ falseAlarm }) => falseAlarm !== null);
if (values.json) process.stdout.write(`${JSON.stringify({ schema: 1, hunts }, null, 2)}\n`);
else {
  process.stdout.write(`\n${table()}\n${hunts.length - missed.length} of ${hunts.length} hunts caught`);
  process.stdout.write(
    missed.length === 0 ? '\n' : `; missed: ${missed.map(({ mutant }) => mutant.name).join(', ')}\n`,
  );
  for (const { falseAlarm } of alarms) process.stdout.write(`unbroken code failed: ${falseAlarm}\n`);
}
process.exitCode = missed.length + alarms.length > 0 ? 1 : interrupted ? 130 : 0;
// A whole table is begun anew the next time; one that was stopped, or that broke, goes on.
if (!interrupted && hunts.length === work.length) rmSync(KEPT, { force: true });

/** Far apart, so that no two bases share a seed. */
function baseSeed(index: number): number {
  return wholeNumber('from', values.from) + index * 10_000;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  process.stderr.write(`--${name} ${text}: expected a whole number of at least 1\n`);
  process.exit(20);
}

function keyOf({ name }: Mutant, base: number): string {
  return `${name} ${base} ${values.seeds ?? ''} ${values.shrink}`;
}

/** Hunts of a table that was stopped, of this very code: with another commit all begins anew. */
function readKept(): Map<string, Hunt> {
  try {
    const lines = readFileSync(KEPT, 'utf8')
      .split('\n')
      .filter((each) => each !== '');
    const entries = lines.map((each) => JSON.parse(each) as { commit: string; key: string; hunt: Hunt });
    return new Map(entries.filter(({ commit: of }) => of === commit).map(({ key, hunt }) => [key, hunt]));
  } catch {
    // None was stopped here, or its last line was cut: nothing is kept.
    return new Map();
  }
}

function keep(hunt: Hunt): void {
  mkdirSync(dirname(KEPT), { recursive: true });
  const entry = { commit, key: keyOf(hunt.mutant, hunt.base), hunt };
  appendFileSync(KEPT, `${JSON.stringify(entry)}\n`);
}

/** A line for each mutant: its rule, the seeds and processor seconds that each base took, size of the smallest plan. */
function table(): string {
  const rows = wanted.flatMap((mutant) => {
    const own = hunts.filter((hunt) => hunt.mutant.name === mutant.name);
    if (own.length === 0) return [];
    const caught = own.filter(({ caughtBy }) => caughtBy !== null);
    const seconds = own.map((hunt) => hunt.seconds.toFixed(1)).join(' ');
    const rules = [...new Set(caught.map(({ caughtBy }) => caughtBy))].join(',');
    const seeds = own.map(({ seeds: tried, caughtBy }) => (caughtBy === null ? `>${tried}` : String(tried))).join(' ');
    const smallest = own.flatMap(({ size }) => (size === null ? [] : [size])).sort(bySize)[0];
    return [
      [
        mutant.name,
        `${caught.length}/${own.length}`,
        rules,
        seeds,
        seconds,
        smallest === undefined ? '' : sizeText(smallest),
      ],
    ];
  });
  const head = ['mutant', 'caught', 'rule', 'seeds by base', 'CPU s by base', 'smallest plan'];
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((cells) => cells[column]!.length)));
  return [head, ...rows]
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function sizeAfterShrinking(plan: Plan, rule: RuleId): Promise<PlanSize> {
  const small = await shrink({
    plan,
    rule,
    maxRuns: SHRINK_RUNS,
    failing: async (candidate) => {
      try {
        return (await run({ plan: candidate, verify: false, until: [rule] })).failed;
      } catch {
        // A plan that throws breaks no rule.
        return [];
      }
    },
  });
  return { faults: small.plan.faults.length, operations: operationsOf(small.plan) };
}

function bySize(a: PlanSize, b: PlanSize): number {
  return a.faults - b.faults || a.operations - b.operations;
}

function sizeText({ faults, operations }: PlanSize): string {
  return `${faults} faults, ${operations} operations`;
}

function operationsOf({ workload }: Plan): number {
  const seconds = (workload.phases.warmupMs + workload.phases.measureMs) / 1000;
  const perSecond = workload.producers.reduce(
    (sum, { rate }) => sum + (rate.kind === 'fixed' ? rate.perSecond : 1000),
    0,
  );
  return Math.ceil(seconds * perSecond);
}

async function hunted(mutant: Mutant, first: number): Promise<Hunt> {
  const limit = values.seeds === undefined ? (mutant.seeds ?? SEEDS) : Number(values.seeds);
  let seconds = 0;
  const others = new Set<string>();
  for (let index = 0; index < limit; index++) {
    const workload = mutantWorkload(mutant.workload, first + index);
    const plan = drawPlan(workload, mutant.mutation);
    const result = await run({ plan, verify: false, until: mutant.rules });
    seconds += result.cpuSeconds;
    const caughtBy = mutant.rules.find((rule) => result.failed.includes(rule)) ?? null;
    for (const rule of result.failed) if (caughtBy === null) others.add(rule);
    if (result.error !== null) others.add(`error: ${result.error}`);
    if (caughtBy === null) continue;
    const sound = await run({ plan: drawPlan(workload), verify: false });
    return {
      mutant,
      base: first,
      size: values.shrink ? await sizeAfterShrinking(plan, caughtBy) : null,
      caughtBy,
      others: [...others],
      seeds: index + 1,
      seconds,
      sentence: result.sentence,
      plan: keepPlan(process.cwd(), { ...plan, workload: { ...workload, name: mutant.name } }),
      falseAlarm:
        sound.failed.length === 0 && sound.error === null
          ? null
          : `${mutant.workload}, seed ${workload.seed}: ${sound.error ?? sound.sentence}`,
    };
  }
  return {
    mutant,
    base: first,
    size: null,
    caughtBy: null,
    others: [...others],
    seeds: limit,
    seconds,
    sentence: '',
    plan: null,
    falseAlarm: null,
  };
}

function run(task: SeedTask): Promise<SeedResult> {
  return pool.run(task);
}

function line({ mutant, base, caughtBy, others, seeds, seconds, sentence }: Hunt): string {
  const found = caughtBy === null ? 'MISSED' : caughtBy;
  const extra = others.length === 0 ? '' : `  (also ${others.join(', ').slice(0, 200)})`;
  const head = `${mutant.name.padEnd(34)} base ${String(base).padEnd(6)} ${found.padEnd(7)} ${String(seeds).padStart(3)} seeds ${seconds.toFixed(1).padStart(6)} s`;
  return caughtBy === null ? `${head}${extra}` : `${head}${extra}\n    ${sentence.slice(0, 240)}`;
}
