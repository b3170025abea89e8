import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { VerdictResult } from '../../reports/verdict/result.ts';
import { remedyOf } from '../../scripts/remedy.ts';
import { simulateHere } from '../../scripts/simulate.ts';
import { planOf } from './plans.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** The known losses: a workload, what it loses by, and the settings that the verdict itself says keep it. */
const LOSSES: readonly { readonly name: string; readonly clause: string; readonly remedy: readonly string[] }[] = [
  {
    name: 'weak-acks',
    clause: 'acks-1',
    remedy: ['producers[0].client.acks=all', 'topics[0].config.min.insync.replicas=2'],
  },
  {
    name: 'unclean-election',
    clause: 'unclean-election',
    remedy: ['topics[0].config.unclean.leader.election.enable=false'],
  },
  {
    name: 'last-replica',
    clause: 'last-replica',
    remedy: ['cluster.features.eligible.leader.replicas.version=1'],
  },
  {
    name: 'zone-power-loss',
    clause: 'unflushed',
    remedy: ['topics[0].config.flush.messages=1', 'cluster.config.log.flush.interval.messages=1'],
  },
];

async function verdictOf(
  name: string,
  set: readonly string[],
): Promise<{ verdict: VerdictResult; remedy: readonly string[] }> {
  const text = readFileSync(new URL(`../../workloads/${name}.yaml`, import.meta.url), 'utf8');
  const plan = planOf(text, Number(/^seed: (\d+)$/m.exec(text)![1]), ['producers[0].rate=400/s', ...set]);
  const { verdict } = await simulateHere({ plan });
  return { verdict, remedy: remedyOf(plan.workload, verdict) };
}

describe('what a weak configuration loses, and what keeps it', () => {
  for (const { name, clause, remedy } of LOSSES) {
    test(`${name} loses by the clause ${clause}, and nothing with the settings that the verdict names`, async () => {
      const weak = await verdictOf(name, []);
      expect(weak.verdict.result, weak.verdict.sentence).toBe('allowed');
      const durable = weak.verdict.rules.find(({ rule }) => rule === 'P1')!;
      expect({ result: durable.result, clause: durable.clause }).toEqual({ result: 'allowed', clause });
      expect(durable.excused).toBeGreaterThan(0);
      expect(weak.remedy).toEqual([...remedy, 'expect.durability=pass']);

      const strong = await verdictOf(name, weak.remedy);
      expect(strong.verdict.sentence).toMatch(/^PASS/);
      expect(strong.remedy).toEqual([]);
    });
  }
});
