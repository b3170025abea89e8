import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { simulateHere, verifyHere } from '../../scripts/simulate.ts';
import { type MutantWorkload, mutantWorkload } from '../mutants/index.ts';
import { drawPlan, type Plan } from '../plan.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

/**
 * Hashes over every event of some runs. They change with whatever changes a run, and then are written anew:
 * UPDATE_HASHES=1 npx vitest run sim/scenarios/determinism.test.ts
 */
const FILE = new URL('../regressions/hashes.json', import.meta.url);

const PLANS: readonly [MutantWorkload, number][] = [
  ['one broker, power loss', 1],
  ['one broker, group', 2],
  ['one broker, resets', 3],
  ['three brokers, crashes', 4],
  ['three brokers, partitions', 5],
];

async function hashOf(plan: Plan): Promise<string> {
  const { report } = await simulateHere({ plan });
  return report.hash.toString(16).padStart(14, '0');
}

test('runs of one plan have one hash, on every machine', async () => {
  const found: Record<string, string> = {};
  for (const [name, seed] of PLANS) found[`${name}, seed ${seed}`] = await hashOf(drawPlan(mutantWorkload(name, seed)));
  if (process.env.UPDATE_HASHES === '1') writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
});

test('a plan survives JSON, and two runs of it have the same events', async () => {
  const plan = drawPlan(mutantWorkload('one broker, kills', 6));
  expect(await verifyHere({ plan: JSON.parse(JSON.stringify(plan)) as Plan })).toMatchObject({
    kind: 'same',
    hash: (await simulateHere({ plan })).report.hash,
  });
});
