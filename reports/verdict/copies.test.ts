import { expect, test } from 'vitest';
import type { ControlEvent } from './faults.ts';
import { ack, audit, fault, isrAt, log, ruleOf, SETTING, type Setting, send, verdictOf, written } from './scripted.ts';

/** A loss is excused only where every copy of the record was hit before another was made. */
const lost = [...written(4), ...audit(100, 3, log(3))];

test('power losses one after another excuse nothing once the first broker has been mended', () => {
  const faults = [fault('power-loss', [1], 50, 55), fault('power-loss', [2], 70, 75), fault('bit-flip', [3], 72, 72)];
  const run = (control: ControlEvent[]) =>
    ruleOf(
      verdictOf({ ...SETTING, topic: { 'min.insync.replicas': 2 }, faults }, lost, { drained: true, control }),
      'P1',
    );
  const away = [isrAt(0, 1, [1, 2, 3]), isrAt(52, 2, [2, 3])];
  expect(run(away)).toMatchObject({ result: 'allowed', clause: 'unflushed' });
  expect(run([...away, isrAt(60, 2, [2, 3, 1])])).toMatchObject({ result: 'fail', excused: 0 });
  // Behind a leader that lost the record, nobody is mended.
  expect(run([...away, isrAt(71, 1, [1]), isrAt(80, 1, [1, 2, 3])])).toMatchObject({ result: 'allowed' });
});

test('the last known leader excuses the loss of its tail, never an empty disk where others have the record', () => {
  const control = [
    isrAt(0, 1, [1, 2, 3]),
    isrAt(52, 1, [1]),
    isrAt(60, -1, []),
    isrAt(65, 1, [1], true),
    isrAt(80, 1, [1, 2, 3]),
  ];
  const run = (kind: string) => {
    const faults = [fault('kill', [2], 50, 60), fault('kill', [3], 51, 60), fault(kind, [1], 52, 60)];
    const setting: Setting = { ...SETTING, topic: { 'min.insync.replicas': 2 }, faults };
    return ruleOf(verdictOf(setting, lost, { drained: true, control }), 'P1');
  };
  expect(run('power-loss')).toMatchObject({ result: 'allowed', clause: 'unclean-shutdowns' });
  expect(run('disk-replace')).toMatchObject({ result: 'fail', excused: 0 });
});

test('a record behind bytes that were damaged before it is cut with them, unless its broker had a new copy by then', () => {
  const later = [...written(1), send(30, 0, 1), ack(31, 0, 1, 1), ...audit(100, 3, log(1))];
  const ends = [isrAt(52, 1, [1]), isrAt(60, -1, []), isrAt(65, 1, [1], true), isrAt(80, 1, [1, 2, 3])];
  const run = (between: ControlEvent[], damaged: number) => {
    const faults = [fault('bit-flip', [damaged], 10, 10), fault('kill', [2, 3], 50, 60), fault('kill', [1], 52, 60)];
    const setting: Setting = { ...SETTING, topic: { 'min.insync.replicas': 2 }, faults };
    const control = [isrAt(0, 1, [1, 2, 3]), ...between, ...ends];
    return ruleOf(verdictOf(setting, later, { drained: true, control }), 'P1');
  };
  expect(run([], 1)).toMatchObject({ result: 'allowed', clause: 'unclean-shutdowns' });
  expect(run([], 2)).toMatchObject({ result: 'fail', excused: 0 });
  expect(run([isrAt(15, 2, [2, 3]), isrAt(20, 2, [1, 2, 3])], 1)).toMatchObject({ result: 'fail', excused: 0 });
});
