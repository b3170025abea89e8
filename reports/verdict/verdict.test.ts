import { describe, expect, test } from 'vitest';
import { EVENT, GAP } from '../../workloads/history.ts';
import type { ControlEvent, LoggedFault } from './faults.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  commit,
  commitAck,
  committed,
  fault,
  gap,
  logEnd,
  PRODUCER,
  processed,
  type Row,
  read,
  ruleOf,
  type Setting,
  send,
  verdictOf,
} from './scripted.ts';

/** Actor 0 produces, 1 and 2 consume in one group, 3 audits. */
const ROLES = [PRODUCER, CONSUMER, CONSUMER, AUDITOR];
const SETTING: Setting = { roles: ROLES };
const SINGLE: Setting = { roles: ROLES, brokers: 1, replicationFactor: 1 };

const written = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => [send(index, 0, index), ack(index + 1, 0, index, index)]).flat();
const log = (count: number): [number, number][] => Array.from({ length: count }, (_, index) => [0, index]);
const powerLoss = fault('power-loss', [1], 50, 60);

describe('P1 acked-durable', () => {
  const lost = [...written(4), ...audit(100, 3, log(3))];

  test('passes when every acknowledged record is read at its offset', () => {
    const result = verdictOf(SETTING, [...written(4), ...audit(100, 3, log(4))]);
    expect(result).toMatchObject({ result: 'pass' });
    expect(ruleOf(result, 'P1')).toMatchObject({ result: 'pass', checked: 4, violations: 0 });
    expect(result.sentence).toBe(
      'PASS: all 4 acknowledged records readable at their offsets without faults; 14 rules held',
    );
  });

  test('fails when one is gone without a fault, with witness, offsets around and replay', () => {
    const result = verdictOf({ ...SETTING, replay: 'bench replay r1' }, lost);
    expect(result.result).toBe('fail');
    const rule = ruleOf(result, 'P1');
    expect(rule).toMatchObject({ result: 'fail', checked: 4, violations: 1 });
    expect(rule.examples[0]!.events.length).toBeLessThanOrEqual(4);
    expect(rule.examples[0]!.around.map((view) => view.offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(result.sentence).toBe(
      'FAIL P1 acked-durable orders-0: 1 of 4 acknowledged records lost; producer-0 seq 3 offset 3 acks=all; acked t=0.004s; read past by auditor-3 t=0.101s; no clause allows it; replay: bench replay r1',
    );
  });

  test('allows an unflushed loss of the only copy, and says what prevents it', () => {
    const result = verdictOf({ ...SINGLE, faults: [powerLoss] }, lost);
    expect(result.result).toBe('allowed');
    expect(ruleOf(result, 'P1')).toMatchObject({ result: 'allowed', violations: 0, excused: 1, clause: 'unflushed' });
    expect(ruleOf(result, 'P1').clauseText).toBe(
      'acks=all on one replica acknowledges from the page cache; power-loss at t=0.050s of broker 1 with flush.messages=9223372036854775807',
    );
  });

  test.each<[string, Setting]>([
    ['a kill, for the page cache survives it', { ...SINGLE, faults: [fault('kill', [1], 50, 60)] }],
    ['a power loss that was over before the acknowledgement', { ...SINGLE, faults: [fault('power-loss', [1], 1, 2)] }],
    ['a power loss under flush.messages=1', { ...SINGLE, topic: { 'flush.messages': 1 }, faults: [powerLoss] }],
    ['a power loss of a broker without a replica', { ...SINGLE, faults: [fault('power-loss', [2], 50, 60)] }],
    [
      'a power loss long after flush.ms',
      {
        ...SINGLE,
        topic: { 'flush.ms': 10 },
        broker: { 'log.flush.scheduler.interval.ms': 5 },
        faults: [powerLoss],
      },
    ],
    [
      'a power loss of one replica of two that min.insync.replicas demands',
      { ...SETTING, topic: { 'min.insync.replicas': 2 }, faults: [powerLoss] },
    ],
    ['a fault kind that nobody knows', { ...SINGLE, faults: [fault('meteor', [1], 50, 60)] }],
  ])('fails in spite of %s', (_, setting) => {
    expect(verdictOf(setting, lost).result).toBe('fail');
  });

  test('other faults that destroy: a new disk, damaged bytes, an fsync that lied or failed', () => {
    const run = (kind: string, topic = {}, faults = [fault(kind, [1], 50, 60)]) =>
      ruleOf(verdictOf({ ...SINGLE, topic, faults }, lost), 'P1');
    for (const kind of ['disk-replace', 'disk-swap', 'bit-flip']) {
      expect(run(kind, { 'flush.messages': 1 })).toMatchObject({ result: 'allowed', clause: 'storage-lost' });
    }
    expect(run('fsync-failure')).toMatchObject({ result: 'allowed', clause: 'unflushed' });
    expect(run('fsync-failure', { 'flush.messages': 1 }).result).toBe('fail');
    const lie = fault('fsync-lie', [1], 0, 45);
    expect(run('', { 'flush.messages': 1 }, [lie, powerLoss]).result).toBe('allowed');
    expect(run('', { 'flush.messages': 1 }, [lie]).result).toBe('fail');
    expect(run('', { 'flush.messages': 1 }, [fault('fsync-lie', [1], 0, 2), powerLoss]).result).toBe('fail');
    for (const kind of ['clean-stop', 'disk-full', 'disk-error', 'clock-jump', 'toString'])
      expect(run(kind).result).toBe('fail');
  });

  test('counts later records against flush.messages', () => {
    const setting: Setting = { ...SINGLE, topic: { 'flush.messages': 3 }, faults: [powerLoss] };
    expect(verdictOf(setting, lost).result).toBe('allowed');
    // Offset 1 of 5 has three records from itself on that were acknowledged before: it was synced.
    const early = [...written(5), logEnd(100, 3, 5), assign(100, 3, 0)];
    const holes = [read(101, 3, 0, 0, 0), gap(101, 3, 1, 2), ...[2, 3, 4].map((at) => read(101, 3, at, 0, at))];
    expect(ruleOf(verdictOf(setting, [...early, ...holes]), 'P1')).toMatchObject({ result: 'fail', violations: 1 });
  });

  test('a power loss takes the end of a log, never its middle', () => {
    const setting: Setting = { ...SINGLE, faults: [powerLoss] };
    const middle = [...written(4), logEnd(100, 3, 4), assign(100, 3, 0)];
    const rows = [...middle, read(101, 3, 0, 0, 0), gap(101, 3, 1, 3), read(101, 3, 3, 0, 3)];
    expect(ruleOf(verdictOf(setting, rows), 'P1')).toMatchObject({ result: 'fail', violations: 2, excused: 0 });
    // The same hole is no contradiction where the survivor came after the power loss: offsets are given again.
    const after = [
      ...written(2),
      send(70, 0, 2),
      ack(71, 0, 2, 1),
      ...audit(100, 3, [
        [0, 0],
        [0, 2],
      ]),
    ];
    expect(ruleOf(verdictOf(setting, after), 'P1')).toMatchObject({ result: 'allowed', excused: 1 });
  });

  test('an acknowledgement on its way while the broker is down is excused, one after it is back is not', () => {
    const late = (t: number) => [send(40, 0, 0), ack(t, 0, 0, 0), ...audit(100, 3, [])];
    const setting: Setting = { ...SINGLE, faults: [powerLoss] };
    expect(verdictOf(setting, late(55)).result).toBe('allowed');
    expect(verdictOf(setting, late(65)).result).toBe('fail');
    // Synced before it was acknowledged, wherever the acknowledgement was when the power went.
    expect(verdictOf({ ...setting, topic: { 'flush.messages': 1 } }, late(55)).result).toBe('fail');
  });

  test('a power loss of all replicas is allowed; of enough of them it is unknown until the ISR is known', () => {
    const all: Setting = { ...SETTING, faults: [fault('power-loss', [1, 2, 3], 50, 60)] };
    expect(verdictOf(all, lost).result).toBe('allowed');
    const one: Setting = { ...SETTING, faults: [powerLoss] };
    expect(ruleOf(verdictOf(one, lost), 'P1')).toMatchObject({ result: 'unknown', undecided: 1 });
    const isr = (members: number[]): ControlEvent[] => [
      { timeNs: 0, partition: 0, leader: 1, leaderEpoch: 1, isr: members, unclean: false },
    ];
    expect(ruleOf(verdictOf(one, lost, { drained: true, control: isr([1]) }), 'P1').result).toBe('allowed');
    expect(ruleOf(verdictOf(one, lost, { drained: true, control: isr([1, 2, 3]) }), 'P1').result).toBe('fail');
  });

  test('a power loss of a broker that may or may not have held the only copy is unknown', () => {
    const one: Setting = { ...SETTING, replicationFactor: 1, faults: [powerLoss] };
    expect(ruleOf(verdictOf(one, lost), 'P1')).toMatchObject({ result: 'unknown', undecided: 1 });
    const led = { ...one, faults: [{ ...powerLoss, target: 'leader(orders/0)' }] };
    expect(ruleOf(verdictOf(led, lost), 'P1')).toMatchObject({ result: 'allowed', clause: 'unflushed' });
    const control = (leader: number): ControlEvent[] => [
      { timeNs: 0, partition: 0, leader, leaderEpoch: 1, isr: [leader], unclean: false },
    ];
    expect(ruleOf(verdictOf(one, lost, { drained: true, control: control(1) }), 'P1').result).toBe('allowed');
    expect(ruleOf(verdictOf(one, lost, { drained: true, control: control(2) }), 'P1').result).toBe('fail');
    expect(verdictOf({ ...one, faults: [fault('kill', [1], 50, 60)] }, lost).result).toBe('fail');
  });

  test('the last replica that loses its tail and leads again is allowed without ELR only (KIP-966)', () => {
    const control: ControlEvent[] = [
      { timeNs: 0, partition: 0, leader: 1, leaderEpoch: 1, isr: [1, 2, 3], unclean: false },
      { timeNs: 30e6, partition: 0, leader: 1, leaderEpoch: 1, isr: [1], unclean: false },
    ];
    const setting = (version: number): Setting => ({
      ...SETTING,
      topic: { 'min.insync.replicas': 2 },
      broker: { 'eligible.leader.replicas.version': version },
      faults: [powerLoss],
    });
    const without = verdictOf(setting(0), lost, { drained: true, control });
    expect(ruleOf(without, 'P1')).toMatchObject({ result: 'allowed', clause: 'last-replica' });
    expect(verdictOf(setting(1), lost, { drained: true, control }).result).toBe('fail');
  });

  test('damage to one broker excuses no hole with survivors behind it', () => {
    const setting: Setting = { ...SINGLE, faults: [fault('bit-flip', [1], 50, 50)] };
    const rows = [...written(4), logEnd(100, 3, 4), assign(100, 3, 0)];
    const hole = [read(101, 3, 0, 0, 0), gap(101, 3, 1, 3), read(101, 3, 3, 0, 3)];
    expect(ruleOf(verdictOf(setting, [...rows, ...hole]), 'P1')).toMatchObject({ result: 'fail', excused: 0 });
  });

  test('an unclean election excuses only where it is enabled and happened', () => {
    const faults = [fault('kill', [1], 50, 90)];
    const control = (unclean: boolean): ControlEvent[] => [
      { timeNs: 0, partition: 0, leader: 1, leaderEpoch: 1, isr: [1], unclean: false },
      { timeNs: 55e6, partition: 0, leader: 2, leaderEpoch: 2, isr: [2], unclean },
    ];
    const run = (enabled: boolean, unclean: boolean) =>
      verdictOf({ ...SETTING, topic: { 'unclean.leader.election.enable': enabled }, faults }, lost, {
        drained: true,
        control: control(unclean),
      });
    expect(ruleOf(run(true, true), 'P1')).toMatchObject({ result: 'allowed', clause: 'unclean-election' });
    expect(run(true, false).result).toBe('fail');
    expect(run(false, true).result).toBe('fail');
  });

  test('acks=1 excuses the loss of a leader, acks=0 everything', () => {
    const roles = (acks: 0 | 1) => [{ ...PRODUCER, acks, idempotent: false } as const, CONSUMER, CONSUMER, AUDITOR];
    const faults = [{ ...fault('kill', [1], 50, 60), target: 'leader(orders/0)' }];
    expect(ruleOf(verdictOf({ roles: roles(1), faults }, lost), 'P1')).toMatchObject({
      result: 'allowed',
      clause: 'acks-1',
    });
    expect(verdictOf({ roles: roles(1) }, lost).result).toBe('fail');
    expect(verdictOf({ roles: roles(1), faults: [fault('kill', [1], 50, 60)] }, lost).result).toBe('unknown');
    const zero = [send(1, 0, 0), ack(1, 0, 0, -1), ...audit(100, 3, [])];
    expect(ruleOf(verdictOf({ roles: roles(0) }, zero), 'P1')).toMatchObject({ result: 'allowed', clause: 'acks-0' });
  });

  test('an indeterminate send owes nothing, and may be seen', () => {
    const maybe: Row[] = [
      ...written(2),
      send(5, 0, 2),
      { kind: EVENT.fail, t: 9, actor: 0, partition: 0, sequence: 2, a: -1, b: 0 },
    ];
    expect(verdictOf(SETTING, [...maybe, ...audit(100, 3, log(2))]).result).toBe('pass');
    expect(verdictOf(SETTING, [...maybe, ...audit(100, 3, log(3))]).result).toBe('pass');
  });

  test('an acknowledgement that arrives after the audit is compared with what the audit found', () => {
    const found = (offsets: number, acked: number) => [
      send(0, 0, 0),
      ...audit(
        100,
        3,
        Array.from({ length: offsets }, () => [0, 0] as const),
      ),
      ack(1, 0, 0, acked),
    ];
    expect(ruleOf(verdictOf(SETTING, found(1, 0)), 'P1').result).toBe('pass');
    expect(ruleOf(verdictOf(SETTING, found(1, 5)), 'P1').result).toBe('fail');
    expect(ruleOf(verdictOf(SETTING, found(2, 1)), 'P1').result).toBe('pass');
    expect(ruleOf(verdictOf(SETTING, found(2, 1)), 'P5').result).toBe('fail');
  });

  test('what the audit did not reach is late, not lost', () => {
    const unfinished = [...written(4), logEnd(100, 3, 4), assign(100, 3, 0), read(101, 3, 0, 0, 0)];
    expect(ruleOf(verdictOf(SETTING, unfinished), 'P1')).toMatchObject({
      result: 'unknown',
      undecided: 3,
      violations: 0,
    });
    expect(ruleOf(verdictOf(SETTING, written(4)), 'P1')).toMatchObject({ result: 'unknown', undecided: 4 });
  });

  test('retention and compaction are clauses of their own, where they are configured', () => {
    const trimmed = [
      ...written(4),
      logEnd(100, 3, 4, 2),
      assign(100, 3, 2),
      read(101, 3, 2, 0, 2),
      read(101, 3, 3, 0, 3),
    ];
    const retained: Setting = { ...SETTING, topic: { 'retention.ms': 50 } };
    expect(ruleOf(verdictOf(retained, trimmed), 'P1')).toMatchObject({
      result: 'allowed',
      excused: 2,
      clause: 'retention',
    });
    expect(verdictOf({ ...SETTING, topic: { 'retention.ms': 5000 } }, trimmed).result).toBe('fail');
    const cleaned = [
      ...written(3),
      logEnd(100, 3, 3),
      assign(100, 3, 0),
      gap(101, 3, 0, 1, GAP.compacted),
      read(101, 3, 1, 0, 1),
      read(101, 3, 2, 0, 2),
    ];
    const compact: Setting = { ...SETTING, topic: { 'cleanup.policy': 'compact' } };
    expect(ruleOf(verdictOf(compact, cleaned), 'P1')).toMatchObject({ result: 'allowed', clause: 'compaction' });
    expect(ruleOf(verdictOf(SETTING, cleaned), 'P1').result).toBe('fail');
  });

  test('records of an aborted or undecided transaction owe nothing; those of a committed one do', () => {
    const roles = [
      { ...PRODUCER, transactional: true },
      CONSUMER,
      CONSUMER,
      { ...AUDITOR, isolation: 'read_committed' as const },
    ];
    const transaction = (outcome: number): Row[] => [
      { kind: EVENT.txnBegin, t: 0, actor: 0, sequence: 0 },
      ...written(2),
      { kind: EVENT.txnEnd, t: 5, actor: 0, sequence: 0, a: 1 },
      { kind: EVENT.txnResult, t: 6, actor: 0, sequence: 0, a: outcome, b: 0 },
      logEnd(100, 3, 3),
      assign(100, 3, 0),
      gap(101, 3, 0, 3, GAP.aborted),
    ];
    expect(verdictOf({ roles }, transaction(0)).result).toBe('pass');
    expect(verdictOf({ roles }, transaction(-1)).result).toBe('pass');
    expect(ruleOf(verdictOf({ roles }, transaction(1)), 'P1')).toMatchObject({ result: 'fail', violations: 2 });
    const shown = [...transaction(0).slice(0, -1), read(101, 3, 0, 0, 0), gap(101, 3, 1, 3, GAP.aborted)];
    expect(ruleOf(verdictOf({ roles }, shown), 'X2')).toMatchObject({ result: 'fail', violations: 1 });
  });
});

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

describe('C1 to C4', () => {
  const rule = (id: string, rows: Row[], setting: Setting = SETTING) =>
    ruleOf(verdictOf(setting, [...written(9), ...rows, ...audit(100, 3, log(9))]), id);
  const polled = [assign(10, 1, 0, 1), ...[0, 1, 2, 3].map((at) => read(11, 1, at, 0, at)), processed(12, 1, 4)];

  test('C1: a commit beyond what was processed, unowned, or of an old generation', () => {
    expect(rule('C1', [...polled, commit(13, 1, 4, 1), commitAck(14, 1, 4, 1)])).toMatchObject({
      result: 'pass',
      checked: 1,
    });
    expect(rule('C1', [...polled, commit(13, 1, 5, 1), commitAck(14, 1, 5, 1)]).result).toBe('fail');
    expect(rule('C1', [commit(13, 2, 0, 1), commitAck(14, 2, 0, 1)]).result).toBe('fail');
    expect(rule('C1', [...polled, assign(13, 1, 4, 3), commit(14, 1, 4, 1, 2), commitAck(15, 1, 4, 1)]).result).toBe(
      'fail',
    );
    const refused: Row = { kind: EVENT.commitFail, t: 14, actor: 1, partition: 0, offset: 5, sequence: 1, a: 22, b: 1 };
    const back: Row = { kind: EVENT.seek, t: 13, actor: 1, partition: 0, offset: 1, a: 0 };
    expect(rule('C1', [...polled, back, commit(14, 1, 4, 1), commitAck(15, 1, 4, 1)]).result).toBe('pass');
    expect(rule('C1', [...polled, commit(13, 1, 5, 1), refused])).toMatchObject({ result: 'pass', checked: 0 });
  });

  test('C2: a fetch is never older than an acknowledged commit', () => {
    const commits = [...polled, commit(13, 1, 2, 1), commitAck(14, 1, 2, 1), commit(20, 1, 4, 2)];
    const acked = [...commits, commitAck(21, 1, 4, 2)];
    expect(rule('C2', [...acked, committed(30, 2, 4)])).toMatchObject({ result: 'pass', checked: 1 });
    expect(rule('C2', [...acked, committed(30, 2, 2)]).result).toBe('fail');
    expect(rule('C2', [...acked, committed(30, 2, -1)]).result).toBe('fail');
    // Asked before the second commit was acknowledged, or that commit got no answer: both are right.
    expect(rule('C2', [...acked, committed(30, 2, 2, 20)]).result).toBe('pass');
    for (const value of [2, 4]) expect(rule('C2', [...commits, committed(30, 2, value)]).result).toBe('pass');
    expect(rule('C2', [...commits, committed(30, 2, 3)]).result).toBe('fail');
    const single: Setting = { ...SINGLE, faults: [fault('power-loss', [1], 25, 28)] };
    expect(rule('C2', [...acked, committed(30, 2, 2)], single)).toMatchObject({
      result: 'allowed',
      clause: 'unflushed',
      prevention: expect.stringContaining('log.flush.interval.messages=1 on the brokers'),
    });
    const some: Setting = { ...SETTING, faults: [fault('power-loss', [1], 25, 28)] };
    expect(rule('C2', [...acked, committed(30, 2, 2)], some).result).toBe('unknown');
    // A fault that came after the answer explains nothing of it.
    const late: Setting = { ...SINGLE, faults: [fault('power-loss', [1], 35, 38)] };
    expect(rule('C2', [...acked, committed(30, 2, 2)], late).result).toBe('fail');
  });

  test('C2: the last known leader of an ISR that ended uncleanly may have lost its tail, as far as is recorded', () => {
    const rows = [...polled, commit(13, 1, 4, 1), commitAck(14, 1, 4, 1), committed(30, 2, -1)];
    const of = (...faults: LoggedFault[]) =>
      rule('C2', rows, { ...SETTING, broker: { 'min.insync.replicas': 2 }, faults }).result;
    const tail = fault('power-loss', [1], 24, 25);
    expect(of(fault('kill', [2], 20, 22), tail)).toBe('unknown');
    expect(of(fault('clean-stop', [2], 20, 22), tail)).toBe('fail');
    expect(of(fault('kill', [2], 20, 22), fault('kill', [1], 24, 25))).toBe('fail');
    expect(of(fault('kill', [2], 10, 12), tail)).toBe('fail');
    expect(of(tail)).toBe('fail');
    // An empty disk is outvoted by a replica that still has its log.
    expect(of(fault('kill', [2], 20, 22), fault('disk-replace', [1], 24, 25))).toBe('fail');
  });

  test('C3: what lies below the committed offset was processed by some member', () => {
    const first = [
      ...polled,
      commit(13, 1, 4, 1),
      commitAck(14, 1, 4, 1),
      { kind: EVENT.revoke, t: 15, actor: 1, partition: 0, a: 1, b: 0 },
    ];
    const next = (from: number): Row[] => [
      assign(16, 2, from, 2),
      ...[6, 7].map((at) => read(17, 2, at, 0, at)),
      processed(18, 2, 8),
      commit(19, 2, 8, 1, 2),
      commitAck(20, 2, 8, 1),
    ];
    expect(rule('C3', [...first, ...next(4)])).toMatchObject({ result: 'pass', checked: 1 });
    expect(rule('C3', [...first, ...next(6)])).toMatchObject({ result: 'fail', violations: 1 });
    const reset: Row = { kind: EVENT.seek, t: 16, actor: 2, partition: 0, offset: 6, a: 1 };
    const rows = next(4);
    expect(rule('C3', [...first, rows[0]!, reset, ...rows.slice(1)])).toMatchObject({
      result: 'allowed',
      clause: 'offset-reset',
    });
  });

  test('C4: two owners of one generation, and a commit of a generation that is over', () => {
    expect(rule('C4', [...polled, assign(20, 2, 4, 2)])).toMatchObject({ result: 'pass', checked: 2 });
    expect(rule('C4', [...polled, assign(20, 2, 4, 1)]).result).toBe('fail');
    const stale = [...polled, assign(20, 2, 0, 2), commit(25, 1, 4, 1, 1), commitAck(26, 1, 4, 1)];
    expect(rule('C4', stale).result).toBe('fail');
    expect(rule('C4', [...polled, commit(15, 1, 4, 1, 1), assign(20, 2, 0, 2), commitAck(26, 1, 4, 1)]).result).toBe(
      'pass',
    );
  });

  test('C4: a generation that a coordinator lost is counted again', () => {
    const twice = [...polled, assign(20, 2, 4, 1)];
    const stale = [...polled, assign(12, 2, 0, 2), commit(25, 1, 4, 1, 1), commitAck(26, 1, 4, 1)];
    const of = (rows: Row[], setting: Setting, ...faults: LoggedFault[]) => rule('C4', rows, { ...setting, faults });
    for (const rows of [twice, stale]) {
      const lost = of(rows, SINGLE, fault('power-loss', [1], 15, 18));
      expect(lost).toMatchObject({ result: 'allowed', clause: 'unflushed', excused: 1 });
      expect(of(rows, SINGLE, fault('kill', [1], 15, 18)).result).toBe('fail');
      expect(of(rows, SINGLE, fault('power-loss', [1], 5, 8)).result).toBe('fail');
      expect(of(rows, SINGLE, fault('power-loss', [1], 30, 33)).result).toBe('fail');
      expect(of(rows, SETTING, fault('power-loss', [1], 15, 18)).result).toBe('unknown');
    }
  });
});

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
