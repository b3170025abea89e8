import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT } from '../../reports/run-record.ts';
import type { RuleId, VerdictResult } from '../../reports/verdict/result.ts';
import type { Plan } from '../../sim/plan.ts';
import type { Regression } from '../../sim/regressions/regression.ts';
import { shrink } from '../../sim/shrink.ts';
import { CommandError } from '../exit.ts';
import { readPlan } from '../plan-file.ts';
import { failedRules, simulateUntil, verifyHere } from '../simulate.ts';
import { createProgress } from '../terminal.ts';

interface ShrinkFlags {
  out?: string;
  rule?: string;
  runs: string;
}

export function registerShrink(program: Command): void {
  program
    .command('shrink')
    .argument('<plan>', 'a plan (.json) that fails, or the id of a simulated run that failed')
    .description(
      'Make a failing plan as small as it gets: fewer faults, less load, rounder times, the same rule failing.',
    )
    .option('-o, --out <file>', 'where to write the regression; default beside the plan')
    .option('--rule <id>', 'the rule that must go on failing; default the first that fails')
    .option('--runs <n>', 'runs at most', '400')
    .addHelpText(
      'after',
      '\nExample:\n  bench shrink .faultline/plans/durability-17.json --out sim/regressions/lost-tail.json',
    )
    .action(shrinkCommand);
}

async function shrinkCommand(which: string, flags: ShrinkFlags): Promise<void> {
  const { plan, path } = readPlan(process.cwd(), which);
  const maxRuns = Number(flags.runs);
  if (!Number.isSafeInteger(maxRuns) || maxRuns < 1) {
    throw new CommandError(EXIT.badWorkload, `--runs ${flags.runs}: expected a whole number of at least 1`);
  }
  const first = await verdictOf(plan);
  const failed = failedRules(first);
  const rule = flags.rule === undefined ? failed[0] : failed.find((each) => each === flags.rule);
  if (rule === undefined) {
    const found = failed.length === 0 ? `its verdict is ${first.result}` : `what fails is ${failed.join(', ')}`;
    throw new CommandError(EXIT.badWorkload, `${path}: nothing to shrink: ${found}`);
  }
  const progress = createProgress();
  const {
    plan: small,
    runs,
    isMinimal,
  } = await shrink({
    plan,
    rule,
    maxRuns,
    failing: async (candidate) => failedRules(await verdictOf(candidate, [rule])),
    onProgress: ({ runs: done, step, plan: best }) =>
      progress.update(`${done} runs  ${best.faults.length} faults, ${sizeOf(best)}  trying ${step}`),
  });
  progress.clear();
  const determinism = await verifyHere({ plan: small });
  if (determinism.kind === 'different') {
    throw new CommandError(EXIT.runFailed, `two runs of the small plan differ from event ${determinism.index} on`);
  }
  const last = await verdictOf(small);
  const regression: Regression = { schema: 1, note: last.sentence.replace(/; replay: .*$/, ''), rule, plan: small };
  const out = flags.out ?? path.replace(/\.json$/, '.small.json');
  writeFileSync(out, `${JSON.stringify(regression, null, 1)}\n`);
  process.stdout.write(
    `${rule} still fails: ${regression.note}\n` +
      `${plan.faults.length} faults → ${small.faults.length}, ${sizeOf(plan)} → ${sizeOf(small)}; ${runs} runs${isMinimal ? ', nothing more can be taken away' : ', stopped before nothing more could be taken away'}\n` +
      `bench replay ${out}\n`,
  );
}

/** A plan that throws breaks no rule: it is another failure than the one looked for. */
async function verdictOf(plan: Plan, until: readonly RuleId[] = []): Promise<VerdictResult> {
  try {
    return (await simulateUntil(until, { plan })).verdict;
  } catch (error) {
    return { result: 'unknown', sentence: error instanceof Error ? error.message : String(error), rules: [] };
  }
}

function sizeOf({ workload }: Plan): string {
  const { phases, cluster, producers, topics } = workload;
  const seconds = (phases.warmupMs + phases.measureMs) / 1000;
  const rate = producers.reduce((sum, { rate: each }) => sum + (each.kind === 'fixed' ? each.perSecond : 1000), 0);
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions * topic.count, 0);
  return `${Math.round(seconds * rate)} records, ${cluster.brokers} brokers, ${partitions} partitions`;
}
