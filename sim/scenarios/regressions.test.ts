import { readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { simulateHere } from '../../scripts/simulate.ts';
import type { Regression } from '../regressions/regression.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

const FOLDER = new URL('../regressions/', import.meta.url);

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'hashes.json');

test('there are regressions', () => {
  expect(files.length).toBeGreaterThan(0);
});

for (const file of files) {
  const { rule, note, plan } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Regression;
  test(`${file}: ${note}`, async () => {
    const { verdict } = await simulateHere({ plan });
    const failed = verdict.rules.filter(({ result }) => result === 'fail').map((each) => each.rule);
    if (plan.mutation === undefined) expect(failed, verdict.sentence).toEqual([]);
    else expect(failed, verdict.sentence).toContain(rule);
  });
}
