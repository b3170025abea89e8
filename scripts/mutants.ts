import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Piscina } from 'piscina';
import type { RuleId } from '../reports/verdict/result.ts';
import { type Mutant, mutants, mutantWorkload } from '../sim/mutants/index.ts';
import { drawPlan } from '../sim/plan.ts';
import type { SeedResult, SeedTask } from './campaign-worker.ts';
import { keepPlan } from './plan-file.ts';

/**
 * Proof that the checkers bite: runs every broken variant over seeds until a rule that must see it fails, and the
 * unbroken code over the same seeds. Exit 1 when a rule stays silent, or fails where nothing is broken.
 */
const SEEDS = 20;

interface Hunt {
  readonly mutant: Mutant;
  readonly caughtBy: RuleId | null;
  /** Rules that failed, of those that were not expected. */
  readonly others: readonly string[];
  readonly seeds: number;
  readonly seconds: number;
  readonly sentence: string;
  readonly plan: string | null;
  /** A seed under which the unbroken code fails. */
  readonly falseAlarm: string | null;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
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
const threads = availableParallelism();
const pool = new Piscina<SeedTask, SeedResult>({
  filename: new URL('./campaign-worker.ts', import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
});
const first = Number(values.from);
const hunts: Hunt[] = [];
if (!values.json) process.stdout.write(`${wanted.length} mutants\n`);
let next = 0;
await Promise.all(
  Array.from({ length: threads }, async () => {
    while (next < wanted.length) {
      const hunt = await hunted(wanted[next++]!);
      hunts.push(hunt);
      if (!values.json) process.stdout.write(`${line(hunt)}\n`);
    }
  }),
);
await pool.destroy();

const missed = hunts.filter(({ caughtBy }) => caughtBy === null);
const alarms = hunts.filter(({ falseAlarm }) => falseAlarm !== null);
if (values.json) process.stdout.write(`${JSON.stringify({ schema: 1, hunts }, null, 2)}\n`);
else {
  process.stdout.write(`${hunts.length - missed.length} of ${hunts.length} caught`);
  process.stdout.write(
    missed.length === 0 ? '\n' : `; missed: ${missed.map(({ mutant }) => mutant.name).join(', ')}\n`,
  );
  for (const { falseAlarm } of alarms) process.stdout.write(`unbroken code failed: ${falseAlarm}\n`);
}
process.exitCode = missed.length + alarms.length > 0 ? 1 : 0;

async function hunted(mutant: Mutant): Promise<Hunt> {
  const limit = values.seeds === undefined ? (mutant.seeds ?? SEEDS) : Number(values.seeds);
  const startedAt = performance.now();
  const others = new Set<string>();
  for (let index = 0; index < limit; index++) {
    const workload = mutantWorkload(mutant.workload, first + index);
    const plan = drawPlan(workload, mutant.mutation);
    const result = await run({ plan, verify: false });
    const caughtBy = mutant.rules.find((rule) => result.failed.includes(rule)) ?? null;
    for (const rule of result.failed) if (caughtBy === null) others.add(rule);
    if (result.error !== null) others.add(`error: ${result.error}`);
    if (caughtBy === null) continue;
    const seconds = (performance.now() - startedAt) / 1000;
    const sound = await run({ plan: drawPlan(workload), verify: false });
    return {
      mutant,
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
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    mutant,
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

function line({ mutant, caughtBy, others, seeds, seconds, sentence }: Hunt): string {
  const found = caughtBy === null ? 'MISSED' : caughtBy;
  const extra = others.length === 0 ? '' : `  (also ${others.join(', ').slice(0, 200)})`;
  const head = `${mutant.name.padEnd(34)} ${found.padEnd(7)} ${String(seeds).padStart(3)} seeds ${seconds.toFixed(1).padStart(6)} s`;
  return caughtBy === null ? `${head}${extra}` : `${head}${extra}\n    ${sentence.slice(0, 240)}`;
}
