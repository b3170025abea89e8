import { describe, expect, test } from 'vitest';
import { audit, fault, log, ruleOf, SETTING, verdictOf, written } from './scripted.ts';

const powerLoss = fault('power-loss', [1], 50, 60);

describe('unknown', () => {
  const rows = [...written(2), ...audit(100, 3, log(2))];

  test.each<[string, () => ReturnType<typeof verdictOf>]>([
    ['the drain did not finish', () => verdictOf(SETTING, rows, { drained: false })],
    [
      'was not seen to take effect',
      () => verdictOf({ ...SETTING, faults: [{ ...powerLoss, confirmed: false }] }, rows),
    ],
    ['not all rows of consumer-1 arrived', () => verdictOf(SETTING, rows, { drained: true, missing: [1] })],
    ['no record was acknowledged', () => verdictOf(SETTING, audit(100, 3, []))],
    ['the checker threw', () => verdictOf(SETTING, [...rows, { kind: 99 as never, t: 1, actor: 0 }])],
  ])('when %s', (reason, run) => {
    const result = run();
    expect(result.result).toBe('unknown');
    expect(ruleOf(result, 'E1').reason).toContain(reason);
    expect(result.sentence).toContain(reason);
  });
});
