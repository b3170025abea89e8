import { describe, expect, test } from 'vitest';
import type { LoggedFault } from './faults.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  commit,
  commitAck,
  fault,
  PRODUCER,
  processed,
  type Row,
  read,
  ruleOf,
  type Setting,
  send,
  verdictOf,
} from './scripted.ts';

/** Two records, the second one `gapMs` after the first; who reads and commits them does so with the delays given. */
function story(times: { sent: number; acked: number; read: number; committed: number }): Row[] {
  return [
    assign(0, 1, 0, 1),
    send(1000, 0, 0),
    ack(1001, 0, 0, 0),
    read(1002, 1, 0, 0, 0),
    processed(1003, 1, 1),
    commit(1004, 1, 1, 0),
    commitAck(1005, 1, 1, 0),
    send(times.sent, 0, 1),
    { ...ack(times.acked, 0, 1, 1), a: times.sent * 1e6 },
    read(times.read, 1, 1, 0, 1),
    processed(times.read + 1, 1, 2),
    commit(times.committed - 1, 1, 2, 1),
    commitAck(times.committed, 1, 2, 1),
    ...audit(900_000, 2, [
      [0, 0],
      [0, 1],
    ]),
  ];
}

const SETTING: Setting = { roles: [PRODUCER, CONSUMER, AUDITOR], faults: [fault('kill', [1], 2_000, 10_000)] };
const soon = { sent: 3_000, acked: 20_000, read: 20_001, committed: 20_010 };
const recovery = (times: Parameters<typeof story>[0], faults?: readonly LoggedFault[]) =>
  ruleOf(verdictOf(faults === undefined ? SETTING : { ...SETTING, faults }, story(times)), 'L1');

describe('L1 recovery', () => {
  test('what comes soon after healing is in time', () => {
    expect(recovery(soon)).toMatchObject({ result: 'pass', checked: 3 });
  });

  test('an acknowledgement that was due and comes a minute after healing is not', () => {
    const rule = recovery({ ...soon, acked: 70_500, read: 70_501, committed: 70_600 });
    expect(rule).toMatchObject({ result: 'fail', violations: 1 });
    expect(rule.examples[0]!.sentence).toBe(
      'no acknowledgement from t=1.001s to t=70.500s, though all was healed at t=10.000s: 60.500s instead of 60.000s at most',
    );
  });

  test('nor a read, counted from when its record was there', () => {
    expect(recovery({ ...soon, read: 79_900, committed: 79_910 }).violations).toBe(0);
    expect(recovery({ ...soon, read: 80_100.5, committed: 80_110 }).violations).toBe(1);
  });

  test('what was not due is no silence', () => {
    expect(recovery({ sent: 200_000, acked: 200_010, read: 200_011, committed: 200_020 }).violations).toBe(0);
  });

  test('without a fault, or while one lasts, there is nothing to recover from', () => {
    const late = { ...soon, acked: 200_000, read: 200_001, committed: 200_010 };
    expect(recovery(late, [])).toMatchObject({ result: 'pass', checked: 0 });
    expect(recovery(late, [fault('kill', [1], 2_000, null)]).checked).toBe(0);
    expect(recovery(late, [fault('kill', [1], 2_000, 150_000)])).toMatchObject({ checked: 3, violations: 0 });
    expect(recovery(late, [{ ...fault('kill', [1], 2_000, 10_000), confirmed: false }]).checked).toBe(0);
  });

  test('any actor that goes on ends a silence', () => {
    const roles = [PRODUCER, CONSUMER, AUDITOR, PRODUCER];
    const rows = story({ ...soon, acked: 100_000, read: 100_001, committed: 100_010 });
    const other = [20_000, 60_000].flatMap((t, index) => [
      send(t, 3, index),
      { ...ack(t + 1, 3, index, index + 2), a: t * 1e6 },
    ]);
    // The other writer's rows come last: who is told first must not matter.
    expect(ruleOf(verdictOf({ ...SETTING, roles }, [...rows, ...other]), 'L1').violations).toBe(0);
    expect(ruleOf(verdictOf({ ...SETTING, roles }, rows), 'L1').violations).toBe(1);
  });
});

describe('L2 lag', () => {
  test('a group that was sent back had read it; where the log went back, too, offsets do not tell', () => {
    const sentBack = [send(1, 0, 0), ack(2, 0, 0, 0), read(3, 1, 0, 0, 0), assign(9, 1, 0, 1)];
    const whole = verdictOf(SETTING, [...sentBack, ...audit(20, 2, [[0, 0]])]);
    expect(ruleOf(whole, 'L2')).toMatchObject({ result: 'pass', checked: 1 });
    const anew = [...sentBack, send(10, 0, 1), ack(11, 0, 1, 0), ...audit(20, 2, [[0, 1]])];
    expect(ruleOf(verdictOf(SETTING, anew), 'L2')).toMatchObject({ result: 'unknown' });
    expect(ruleOf(verdictOf(SETTING, anew), 'L2').reason).toContain('it had read beyond before the log went back');
  });

  const rows = story(soon);
  const unread = rows.filter(({ t, actor }) => actor !== 1 || t < 10_000);

  test('a group at the end of the log has none', () => {
    expect(ruleOf(verdictOf(SETTING, rows), 'L2')).toMatchObject({ result: 'pass', checked: 1 });
  });

  test('a group that stands before an acknowledged record has', () => {
    const rule = ruleOf(verdictOf(SETTING, unread), 'L2');
    expect(rule).toMatchObject({ result: 'fail', violations: 1 });
    expect(rule.examples[0]!.sentence).toBe(
      'group billing stands at offset 1, though offset 1 is acknowledged and there',
    );
  });

  test('before the drain is over, nobody knows; a partition that no consumer has is nobody’s lag', () => {
    expect(ruleOf(verdictOf(SETTING, unread, { drained: false }), 'L2').result).toBe('unknown');
    const alone = rows.filter(({ actor }) => actor !== 1);
    expect(ruleOf(verdictOf(SETTING, alone), 'L2')).toMatchObject({ result: 'pass', checked: 0 });
  });
});
