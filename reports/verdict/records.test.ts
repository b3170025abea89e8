import { describe, expect, test } from 'vitest';
import { EVENT } from '../../workloads/history.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  fault,
  log,
  PRODUCER,
  type Row,
  read,
  ruleOf,
  SETTING,
  type Setting,
  SINGLE,
  send,
  verdictOf,
  written,
} from './scripted.ts';

const powerLoss = fault('power-loss', [1], 50, 60);

describe('P2 offset-agreement', () => {
  test('fails when two readers see two records at one offset', () => {
    const rows = [send(0, 0, 0), send(0, 0, 1), assign(5, 1, 0), read(6, 1, 0, 0, 1), ...audit(100, 3, [[0, 0]])];
    expect(ruleOf(verdictOf(SETTING, rows), 'P2')).toMatchObject({ result: 'fail', violations: 1 });
    expect(
      ruleOf(verdictOf(SETTING, [...rows.slice(0, 3), read(6, 1, 0, 0, 0), ...audit(100, 3, [[0, 0]])]), 'P2').result,
    ).toBe('pass');
  });

  test('an offset that is given again after an allowed loss is allowed by the same clause', () => {
    const rows = [
      ...written(2),
      send(70, 0, 2),
      ack(71, 0, 2, 1),
      ...audit(100, 3, [
        [0, 0],
        [0, 2],
      ]),
    ];
    const run = (faults: Setting['faults']) => verdictOf({ ...SINGLE, faults: faults! }, rows);
    expect(ruleOf(run([powerLoss]), 'P2')).toMatchObject({ result: 'allowed', excused: 1, clause: 'unflushed' });
    expect(run([powerLoss]).result).toBe('allowed');
    expect(ruleOf(run([]), 'P2').result).toBe('fail');
    expect(ruleOf(run([{ ...powerLoss, confirmed: false }]), 'P2').result).toBe('unknown');
  });
});

describe('P3 no-phantom', () => {
  const seen = (extra: Row[]) => [...written(1), ...extra];

  test.each<[string, Row[]]>([
    [
      'a record that was never sent',
      audit(100, 3, [
        [0, 0],
        [0, 7],
      ]),
    ],
    [
      'bytes that name no writer',
      audit(100, 3, [
        [0, 0],
        [-1, -1],
      ]),
    ],
    [
      'bytes that name a consumer as writer',
      audit(100, 3, [
        [0, 0],
        [1, 0],
      ]),
    ],
    [
      'an absurd sequence',
      audit(100, 3, [
        [0, 0],
        [0, 2 ** 52],
      ]),
    ],
    [
      'a record that definitely failed',
      [
        send(5, 0, 1),
        { kind: EVENT.fail, t: 6, actor: 0, partition: 0, sequence: 1, a: 10, b: 1 },
        ...audit(100, 3, log(2)),
      ],
    ],
  ])('fails on %s, power loss or not', (_, extra) => {
    for (const faults of [[], [powerLoss]]) {
      expect(ruleOf(verdictOf({ ...SINGLE, faults }, seen(extra)), 'P3')).toMatchObject({
        result: 'fail',
        violations: 1,
      });
    }
  });

  test('fails on a record in a partition that it was not sent to, in whichever order the rows come', () => {
    const rows = [...written(1), ...audit(100, 3, [[0, 0]]), ...audit(100, 3, [[0, 0]], 1)];
    const setting = { ...SETTING, partitions: 2 };
    expect(ruleOf(verdictOf(setting, rows), 'P3')).toMatchObject({ result: 'fail', violations: 1 });
    expect(ruleOf(verdictOf(setting, [...audit(100, 3, [[0, 0]], 1), ...written(1)]), 'P3').result).toBe('fail');
  });

  test('is unknown about a writer whose rows are missing, and passes otherwise', () => {
    const rows = audit(100, 3, [[0, 0]]);
    expect(ruleOf(verdictOf(SETTING, rows, { drained: true, missing: [0] }), 'P3').result).toBe('unknown');
    expect(ruleOf(verdictOf(SETTING, [...written(1), ...rows]), 'P3')).toMatchObject({ result: 'pass', checked: 1 });
  });
});

describe('P4 order and P5 no-duplicate', () => {
  const plain = [{ ...PRODUCER, idempotent: false }, CONSUMER, CONSUMER, AUDITOR];
  const sent = [send(0, 0, 0), send(0, 0, 1)];

  test('a log out of its writer’s order fails, or is the known weakness without idempotence', () => {
    const swapped = [
      ...sent,
      ...audit(100, 3, [
        [0, 1],
        [0, 0],
      ]),
    ];
    expect(ruleOf(verdictOf(SETTING, swapped), 'P4')).toMatchObject({ result: 'fail', violations: 1 });
    expect(ruleOf(verdictOf({ roles: plain }, swapped), 'P4')).toMatchObject({
      result: 'allowed',
      clause: 'reordering',
    });
    expect(ruleOf(verdictOf(SETTING, [...sent, ...audit(100, 3, log(2))]), 'P4').result).toBe('pass');
  });

  test('an auditor that starts again finds the same records, not copies', () => {
    const twice = [...sent, ...audit(100, 3, log(2)), ...audit(200, 3, log(2))];
    const result = verdictOf(SETTING, [...twice, ack(2, 0, 0, 0), ack(2, 0, 1, 1)]);
    expect(result.result).toBe('pass');
    expect(ruleOf(result, 'P5').checked).toBe(2);
  });

  test('acknowledged offsets are compared where nobody audited', () => {
    const acks = [...sent, ack(2, 0, 0, 9), ack(2, 0, 1, 4)];
    expect(ruleOf(verdictOf(SETTING, acks), 'P4')).toMatchObject({ result: 'fail', violations: 1 });
  });

  test('nothing is out of order behind a record that the contract allows to be lost', () => {
    const setting: Setting = { ...SINGLE, faults: [fault('power-loss', [1], 5, 6)] };
    const acks = [...sent, ack(2, 0, 0, 9), ack(8, 0, 1, 4)];
    expect(ruleOf(verdictOf(setting, acks), 'P4').result).toBe('pass');
    expect(ruleOf(verdictOf(SINGLE, acks), 'P4').result).toBe('fail');
  });

  test('a second copy fails with idempotence, and is allowed without', () => {
    const twice = [
      ...sent,
      ack(2, 0, 0, 0),
      ...audit(100, 3, [
        [0, 0],
        [0, 0],
        [0, 1],
      ]),
    ];
    expect(ruleOf(verdictOf(SETTING, twice), 'P5')).toMatchObject({ result: 'fail', violations: 1 });
    expect(ruleOf(verdictOf({ roles: plain }, twice), 'P5')).toMatchObject({
      result: 'allowed',
      clause: 'no-idempotence',
    });
    expect(ruleOf(verdictOf(SETTING, [...sent, ...audit(100, 3, log(2))]), 'P5')).toMatchObject({
      result: 'pass',
      checked: 2,
    });
    expect(ruleOf(verdictOf(SETTING, [...sent, assign(5, 1, 0), read(6, 1, 0, 0, 0)]), 'P5').result).toBe('unknown');
  });
});
