import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENT } from '../../workloads/history.ts';
import { CONTRADICTIONS } from './contradictions.ts';
import { AUDITOR_AT, execute, interleave, PRODUCERS, SETTING, type Step } from './correct-log.ts';
import { fault, ruleOf, type Setting, verdictOf } from './scripted.ts';

/* A correct log passes; any one contradiction planted in it is found by its rule. */

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('send' as const),
    producer: fc.constantFrom(...PRODUCERS),
    partition: fc.constantFrom(0, 1),
    outcome: fc.constantFrom('acked' as const, 'acked' as const, 'acked' as const, 'lost', 'silent', 'refused'),
  }),
  fc.record({
    kind: fc.constant('poll' as const),
    partition: fc.constantFrom(0, 1),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ kind: fc.constant('commit' as const), partition: fc.constantFrom(0, 1), answered: fc.boolean() }),
  fc.record({ kind: fc.constant('hand over' as const), partition: fc.constantFrom(0, 1) }),
);

const steps = fc.array(step, { maxLength: 60 });
const draws = fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 });

describe('a correct execution', () => {
  test('passes, however the rows of its actors interleave', () => {
    fc.assert(
      fc.property(steps, draws, (story, order) => {
        const { rows } = execute(story);
        const result = verdictOf(SETTING, interleave(rows, order));
        expect(result.sentence).toMatch(/^PASS/);
      }),
      { numRuns: 300 },
    );
  });

  test('that loses its page cache on its only replica is allowed, not failed, and never passes', () => {
    fc.assert(
      fc.property(steps, fc.nat(20), (story, lost) => {
        const { rows, logs } = execute(story);
        const length = logs[0]!.length;
        const kept = Math.max(0, length - 1 - lost);
        const shortened = rows.filter(
          (row) => !(row.actor === AUDITOR_AT && row.partition === 0 && row.kind === EVENT.read && row.offset! >= kept),
        );
        for (const row of shortened) if (row.kind === EVENT.logEnd && row.partition === 0) row.offset = kept;
        const last = Math.max(...shortened.filter((row) => row.actor !== AUDITOR_AT).map((row) => row.t));
        const faults = [fault('power-loss', [1], last + 1, last + 5)];
        const single: Setting = { ...SETTING, brokers: 1, replicationFactor: 1, faults };
        expect(verdictOf(single, shortened).result).toBe('allowed');
        expect(verdictOf({ ...single, faults: [fault('kill', [1], last + 1, last + 5)] }, shortened).result).toBe(
          'fail',
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('one planted contradiction is found', () => {
  test.each(CONTRADICTIONS)('%s: %s', (rule, _, plant) => {
    let planted = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), fc.nat(1000), draws, (story, pick, order) => {
        const rows = plant(execute(story), pick);
        if (rows === null) return;
        planted += 1;
        const result = verdictOf(SETTING, interleave(rows, order));
        expect(result.result).toBe('fail');
        expect(ruleOf(result, rule).result).toBe('fail');
      }),
      { numRuns: 60 },
    );
    expect(planted).toBeGreaterThan(10);
  });
});
