import { expect, test, vi } from 'vitest';
import type { RuleId } from '../../reports/verdict/result.ts';
import { failedRules, simulateHere, simulateUntil } from '../../scripts/simulate.ts';
import { type Mutant, mutants, mutantWorkload } from '../mutants/index.ts';
import { drawPlan } from '../plan.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** All of them, with as many seeds as it takes: npm run mutants. Here those that are caught within a second. */
const QUICK: readonly [name: string, seed: number][] = [
  ['ack-before-write', 1],
  ['recovery-believes-torn-batches', 11],
  ['recovery-point-without-sync', 1],
  ['duplicates-appended', 1],
  ['pages-of-failed-syncs-trusted', 1],
  ['vote-not-persisted', 1],
  ['followers-show-all', 1],
  ['epochs-forgotten', 1],
];

async function failed(mutant: Mutant, seed: number, broken: boolean): Promise<RuleId[]> {
  const workload = mutantWorkload(mutant.workload, seed);
  if (!broken) return failedRules((await simulateHere({ plan: drawPlan(workload) })).verdict);
  return failedRules((await simulateUntil(mutant.rules, { plan: drawPlan(workload, mutant.mutation) })).verdict);
}

test.each(QUICK)('%s is caught, and the unbroken code passes', async (name, seed) => {
  const mutant = mutants.find((each) => each.name === name)!;
  const found = await failed(mutant, seed, true);
  expect(mutant.rules.filter((rule) => found.includes(rule))).not.toEqual([]);
  expect(await failed(mutant, seed, false)).toEqual([]);
});

test('names are unique, and every mutant says what it is modelled on', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  for (const { bug, rules, mutation } of mutants) {
    expect(bug.length).toBeGreaterThan(20);
    expect(rules.length).toBeGreaterThan(0);
    expect(Object.keys(mutation).length).toBeGreaterThan(0);
  }
});
