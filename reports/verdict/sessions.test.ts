import { describe, expect, test } from 'vitest';
import { EVENT, GAP } from '../../workloads/history.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  fault,
  gap,
  log,
  logEnd,
  PRODUCER,
  type Row,
  read,
  ruleOf,
  SETTING,
  SINGLE,
  send,
  verdictOf,
  written,
} from './scripted.ts';

describe('P6 gaps and P10 session', () => {
  const holed = (reason: number) => [
    ...[0, 1].map((sequence) => send(0, 0, sequence)),
    logEnd(100, 3, 3),
    assign(100, 3, 0),
    read(101, 3, 0, 0, 0),
    gap(101, 3, 1, 2, reason),
    read(101, 3, 2, 0, 1),
  ];
  const transactional = [{ ...PRODUCER, transactional: true }, CONSUMER, CONSUMER, AUDITOR];

  test('a reason must be possible under the configuration', () => {
    expect(ruleOf(verdictOf(SETTING, holed(GAP.control)), 'P6').result).toBe('fail');
    expect(ruleOf(verdictOf({ roles: transactional }, holed(GAP.control)), 'P6').result).toBe('pass');
    expect(ruleOf(verdictOf({ roles: transactional }, holed(GAP.unknown)), 'P6').result).toBe('unknown');
    expect(ruleOf(verdictOf(SETTING, holed(GAP.compacted)), 'P6').result).toBe('fail');
    expect(ruleOf(verdictOf({ ...SETTING, topic: { 'retention.ms': -1 } }, holed(GAP.retention)), 'P6').result).toBe(
      'fail',
    );
  });

  test('the gaps of a batch may come before its records, and each still needs its place', () => {
    const announced = (...gaps: Row[]) => [
      ...[0, 1, 2].map((sequence) => send(0, 0, sequence)),
      logEnd(100, 3, 6),
      assign(100, 3, 0),
      ...gaps,
      ...[0, 2, 4].map((offset, sequence) => read(101, 3, offset, 0, sequence)),
    ];
    const run = (...gaps: Row[]) => ruleOf(verdictOf({ roles: transactional }, announced(...gaps)), 'P6');
    const [first, second, last] = [1, 3, 5].map((at) => gap(101, 3, at, at + 1, GAP.control));
    expect(run(first!, second!, last!)).toMatchObject({ result: 'pass', checked: 6 });
    expect(run(first!, last!)).toMatchObject({ result: 'fail', violations: 1 });
    expect(run(first!, second!).result).toBe('unknown');
    expect(run(first!, second!, last!, gap(101, 3, 9, 10, GAP.control))).toMatchObject({
      result: 'fail',
      violations: 1,
    });
  });

  test('offsets that nobody accounts for fail', () => {
    const rows = holed(GAP.control).filter((row) => row.kind !== EVENT.gap);
    expect(ruleOf(verdictOf({ roles: transactional }, rows), 'P6')).toMatchObject({ result: 'fail', violations: 1 });
  });

  test('a consumer whose last record was lost may start anew, if that loss is allowed', () => {
    const rows = (replaced: boolean) => [
      ...written(3),
      assign(5, 1, 0, 1),
      ...[0, 1, 2].map((at) => read(6, 1, at, 0, at)),
      ...(replaced ? [send(70, 0, 3), ack(71, 0, 3, 2)] : []),
      read(80, 1, 0, 0, 0),
      ...audit(
        100,
        3,
        replaced
          ? [
              [0, 0],
              [0, 1],
              [0, 3],
            ]
          : log(2),
      ),
    ];
    const run = (replaced: boolean, kind: string) =>
      ruleOf(verdictOf({ ...SINGLE, faults: [fault(kind, [1], 50, 60)] }, rows(replaced)), 'P10');
    for (const replaced of [false, true]) {
      expect(run(replaced, 'power-loss')).toMatchObject({ result: 'allowed', excused: 1, clause: 'unflushed' });
      expect(run(replaced, 'kill')).toMatchObject({ result: 'fail', violations: 1 });
    }
  });

  test('a consumer that skips or repeats fails, unless it sought or was assigned anew', () => {
    const base = [...written(3), assign(5, 1, 0, 1), read(6, 1, 0, 0, 0)];
    const end = audit(100, 3, log(3));
    const rule = (...rows: Row[]) => ruleOf(verdictOf(SETTING, [...base, ...rows, ...end]), 'P10');
    expect(rule(read(7, 1, 1, 0, 1))).toMatchObject({ result: 'pass', checked: 2 });
    expect(rule(read(7, 1, 2, 0, 2))).toMatchObject({ result: 'fail', violations: 1 });
    expect(rule(read(7, 1, 0, 0, 0))).toMatchObject({ result: 'fail', violations: 1 });
    expect(rule({ kind: EVENT.seek, t: 7, actor: 1, partition: 0, offset: 2, a: 0 }, read(8, 1, 2, 0, 2)).result).toBe(
      'pass',
    );
    expect(rule(assign(7, 1, 0, 2), read(8, 1, 0, 0, 0)).result).toBe('pass');
  });
});
