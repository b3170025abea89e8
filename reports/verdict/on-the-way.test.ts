import { expect, test } from 'vitest';
import type { ControlEvent } from './faults.ts';
import { ack, audit, fault, isrAt, ruleOf, SETTING, type Setting, send, verdictOf } from './scripted.ts';

test('a follower that lost its power between its copy and the acknowledgement has lost the copy', () => {
  const setting = (struckAtMs: number): Setting => ({
    ...SETTING,
    brokers: 2,
    replicationFactor: 2,
    topic: { 'min.insync.replicas': 2 },
    faults: [fault('power-loss', [2], struckAtMs, struckAtMs + 2), fault('power-loss', [1], 50_050, 50_060)],
  });
  const rows = [send(49_000, 0, 0), ack(50_000, 0, 0, 0), ...audit(50_100, 3, [])];
  const p1 = (struckAtMs: number, members: readonly ControlEvent[]) =>
    ruleOf(verdictOf(setting(struckAtMs), rows, { drained: true, control: members }), 'P1');
  const known = [isrAt(0, 1, [1, 2]), isrAt(50_005, 1, [1])];
  expect(p1(49_990, known)).toMatchObject({ result: 'allowed', clause: 'unflushed' });
  // It was mended before the acknowledgement, which therefore counts what it has since.
  const mended = [isrAt(0, 1, [1, 2]), isrAt(49_994, 1, [1]), isrAt(49_998, 1, [1, 2])];
  expect(p1(49_990, mended)).toMatchObject({ result: 'fail' });
  // No writer waits so long for an answer.
  expect(p1(19_990, known)).toMatchObject({ result: 'fail' });
});
