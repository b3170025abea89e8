import { describe, expect, test } from 'vitest';
import { EVENT, GAP } from '../../workloads/history.ts';
import type { ControlEvent } from './faults.ts';
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
  type Setting,
  SINGLE,
  send,
  verdictOf,
  written,
} from './scripted.ts';

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
    for (const kind of ['disk-replace', 'bit-flip']) {
      expect(run(kind, { 'flush.messages': 1 })).toMatchObject({ result: 'allowed', clause: 'storage-lost' });
    }
    expect(run('fsync-failure')).toMatchObject({ result: 'allowed', clause: 'unflushed' });
    expect(run('fsync-failure', { 'flush.messages': 1 }).result).toBe('fail');
    const lie = fault('fsync-lie', [1], 0, 45);
    expect(run('', { 'flush.messages': 1 }, [lie, powerLoss]).result).toBe('allowed');
    expect(run('', { 'flush.messages': 1 }, [lie]).result).toBe('fail');
    expect(run('', { 'flush.messages': 1 }, [fault('fsync-lie', [1], 0, 2), powerLoss]).result).toBe('fail');
    for (const kind of ['clean-stop', 'disk-swap', 'disk-full', 'disk-error', 'clock-jump', 'toString'])
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
