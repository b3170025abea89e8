import { expect, test, vi } from 'vitest';
import type { RuleId } from '../../reports/verdict/result.ts';
import { failedRules, simulateUntil } from '../../scripts/simulate.ts';
import { mutants, mutantWorkload } from '../mutants/index.ts';
import { drawPlan, type Plan } from '../plan.ts';
import { type Shrunk, shrink } from '../shrink.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** Seeds to look for a failure in: which ones show it changes with the code around it. */
const SEEDS = 40;
const RUNS = 250;
/** A plan of which nothing can be left out may still be larger than another one's remains: so many are made small. */
const PLANS = 3;

async function failing(plan: Plan): Promise<RuleId[]> {
  return failedRules((await simulateUntil(['P8'], { plan })).verdict);
}

test('a bug that needs two crashes shrinks to two or three faults and at most ten records', async () => {
  const { workload, mutation } = mutants.find(({ name }) => name === 'vote-not-persisted')!;
  let small: Shrunk | null = null;
  let plans = 0;
  for (let seed = 1; seed <= SEEDS && plans < PLANS; seed++) {
    const plan = drawPlan(mutantWorkload(workload, seed), mutation);
    if (!(await failing(plan)).includes('P8')) continue;
    plans++;
    expect(plan.faults.length).toBeGreaterThan(10);
    small = await shrink({ plan, rule: 'P8', failing, maxRuns: RUNS });
    if (small.isMinimal && small.plan.faults.length <= 3) break;
  }
  const { faults, workload: left } = small!.plan;
  expect(small!.isMinimal).toBe(true);
  expect(faults.length).toBeGreaterThanOrEqual(2);
  expect(faults.length).toBeLessThanOrEqual(3);
  const perSecond = left.producers.reduce((sum, { rate }) => sum + (rate.kind === 'fixed' ? rate.perSecond : 1000), 0);
  expect((perSecond * (left.phases.warmupMs + left.phases.measureMs)) / 1000).toBeLessThanOrEqual(10);
  // With any one of its faults left out, and without the planted bug, nothing fails.
  for (const { id } of faults) {
    expect(await failing({ ...small!.plan, faults: faults.filter((fault) => fault.id !== id) })).toEqual([]);
  }
  const { mutation: _planted, ...sound } = small!.plan;
  expect(await failing(sound)).toEqual([]);
});
