import type { RuleId } from '../reports/verdict/result.ts';
import type { Plan } from './plan.ts';
import { ddmin } from './shrink-list.ts';
import { cuts, reductions } from './shrink-steps.ts';

export interface ShrinkOptions {
  readonly plan: Plan;
  /** The rule that must go on failing: another failure is another bug. */
  readonly rule: RuleId;
  /** Rules that fail when the plan is run. */
  readonly failing: (plan: Plan) => Promise<readonly RuleId[]>;
  /** Runs at most. */
  readonly maxRuns: number;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly runs: number;
  readonly step: string;
  readonly plan: Plan;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly runs: number;
  /** No single reduction that is known makes the plan smaller and keeps the failure; false when runs ran out. */
  readonly isMinimal: boolean;
}

/**
 * Makes a failing plan small: fewer faults, less load, less cluster, rounder times, until nothing can be taken away
 * (one-minimal). Every draw has a stream of its own, so what remains behaves as before.
 */
export async function shrink(options: ShrinkOptions): Promise<Shrunk> {
  const { rule, maxRuns } = options;
  const known = new Map<string, boolean>();
  let best = options.plan;
  let runs = 0;
  const fails = async (plan: Plan, step: string): Promise<boolean> => {
    const key = JSON.stringify(plan);
    const before = known.get(key);
    if (before !== undefined) return before;
    if (runs >= maxRuns) return false;
    runs++;
    const failed = (await options.failing(plan)).includes(rule);
    known.set(key, failed);
    if (failed) best = plan;
    options.onProgress?.({ runs, step, plan: best });
    return failed;
  };
  if (!(await fails(best, 'as it is'))) return { plan: best, runs, isMinimal: false };
  for (const { name, candidates } of cuts) await descend(name, candidates, () => best, fails);
  for (;;) {
    const before = best;
    await ddmin(best.faults, async (faults) => fails({ ...best, faults }, `${faults.length} faults`));
    for (const { name, candidates } of reductions) await descend(name, candidates, () => best, fails);
    if (best === before || runs >= maxRuns) break;
  }
  return { plan: best, runs, isMinimal: runs < maxRuns };
}

/** Takes the first candidate that still fails and looks again from there, until none does. */
async function descend(
  name: string,
  candidates: (plan: Plan) => Iterable<Plan>,
  best: () => Plan,
  fails: (plan: Plan, step: string) => Promise<boolean>,
): Promise<void> {
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (const candidate of candidates(best())) {
      if (!(await fails(candidate, name))) continue;
      smaller = true;
      break;
    }
  }
}
