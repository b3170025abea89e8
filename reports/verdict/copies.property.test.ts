import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ControlEvent } from './faults.ts';
import { AUDITOR, ack, audit, fault, isrAt, PRODUCER, ruleOf, type Setting, send, verdictOf } from './scripted.ts';

const SETTING: Setting = { roles: [PRODUCER, AUDITOR], topic: { 'min.insync.replicas': 2 } };
const LOST = [send(1, 0, 0), ack(2, 0, 0, 0), ...audit(5000, 1, [])];

const blow = fc.record({
  kind: fc.constantFrom('power-loss', 'disk-replace', 'bit-flip', 'fsync-failure'),
  broker: fc.constantFrom(1, 2, 3),
});

/** One broker after the other is hit, leaves the ISR and is mended before the next. */
function rolling(blows: readonly { kind: string; broker: number }[], mends: boolean): [Setting, ControlEvent[]] {
  const control = [isrAt(0, 1, [1, 2, 3])];
  const faults = blows.map(({ kind, broker }, index) => {
    const others = [1, 2, 3].filter((id) => id !== broker);
    const start = 100 * (index + 1);
    if (mends) control.push(isrAt(start + 10, others[0]!, others), isrAt(start + 50, others[0]!, [...others, broker]));
    return { ...fault(kind, [broker], start, start + 20), id: `f${index}` };
  });
  return [{ ...SETTING, faults }, control];
}

test('however often brokers are hit, a loss is a failure where each was mended before the next', () => {
  fc.assert(
    fc.property(fc.array(blow, { minLength: 1, maxLength: 12 }), (blows) => {
      const [setting, control] = rolling(blows, true);
      expect(ruleOf(verdictOf(setting, LOST, { drained: true, control }), 'P1')).toMatchObject({
        result: 'fail',
        excused: 0,
      });
    }),
  );
});

test('where nobody was mended, a loss is excused exactly when every replica was hit', () => {
  fc.assert(
    fc.property(fc.array(blow, { minLength: 1, maxLength: 12 }), (blows) => {
      const [setting, control] = rolling(blows, false);
      const hit = new Set(blows.map(({ broker }) => broker));
      const { result } = ruleOf(verdictOf(setting, LOST, { drained: true, control }), 'P1');
      expect(result).toBe(hit.size === 3 ? 'allowed' : 'fail');
    }),
  );
});
