import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { VerdictResult } from '../../reports/verdict/result.ts';
import { simulateHere } from '../../scripts/simulate.ts';
import { planOf } from './plans.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

const SHORT = ['phases.warmup=0s', 'phases.measure=3s'];

function workload(name: string): string {
  return readFileSync(new URL(`../../workloads/${name}.yaml`, import.meta.url), 'utf8');
}

async function verdictOf(name: string, seed: number, set: readonly string[]): Promise<VerdictResult> {
  return (await simulateHere({ plan: planOf(workload(name), seed, set) })).verdict;
}

describe('what the workloads of this repository show, made short', () => {
  test('quickstart passes: a killed broker loses nothing', async () => {
    const verdict = await verdictOf('quickstart', 42, [...SHORT, 'faults[0].at=1s', 'producers[0].rate=500/s']);
    expect(verdict.sentence).toMatch(/^PASS/);
  });

  test('a power loss without flush loses what the configuration never promised, and no more', async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 6; seed++) {
      const { result, sentence, rules } = await verdictOf('power-loss', seed, [
        ...SHORT,
        'faults[0].at=2s',
        'producers[0].rate=300/s',
      ]);
      expect(['pass', 'allowed'], sentence).toContain(result);
      if (result === 'allowed') found.add(rules.find(({ rule }) => rule === 'P1')!.clause!);
    }
    expect([...found]).toEqual(['unflushed']);
  });

  test('the same with flush.messages=1 loses nothing', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const set = [...SHORT, 'faults[0].at=2s', 'producers[0].rate=300/s'];
      expect((await verdictOf('power-loss-flushed', seed, set)).sentence).toMatch(/^PASS/);
    }
  });

  test('three brokers under kills, power losses and cut links lose nothing', async () => {
    const set = ['phases.warmup=0s', 'phases.measure=8s', 'faults[0].every=3s', 'producers[0].rate=200/s'];
    const verdict = await verdictOf('durability', 1, set);
    expect(verdict.sentence).toMatch(/^PASS/);
    const judged = verdict.rules.map(({ rule }) => rule);
    expect(judged).toEqual(expect.arrayContaining(['P1', 'P7', 'P8', 'P9', 'C2', 'L1']));
  });
});
