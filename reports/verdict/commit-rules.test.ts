import { describe, expect, test } from 'vitest';
import { groupPartition } from '../../core/groups/index.ts';
import { EVENT } from '../../workloads/history.ts';
import type { ControlEvent, LoggedFault } from './faults.ts';
import {
  assign,
  audit,
  commit,
  commitAck,
  committed,
  fault,
  isrAt,
  log,
  processed,
  type Row,
  read,
  ruleOf,
  SETTING,
  type Setting,
  SINGLE,
  verdictOf,
  written,
} from './scripted.ts';

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

  test('C2: a lost commit is judged by who led and had the group’s partition, where that was watched', () => {
    const rows = [...polled, commit(10, 1, 4, 1), commitAck(11, 1, 4, 1), committed(100, 1, -1)];
    const told = (partition: number) => [
      { ...isrAt(0, 1, [1, 2, 3]), partition },
      { ...isrAt(30, 1, [1]), partition },
      { ...isrAt(60, 1, [1], true), partition },
    ];
    const faults = [fault('kill', [2, 3], 25, 80), fault('power-loss', [1], 40, 50)];
    const of = (events: readonly ControlEvent[]) => {
      const end = { drained: true, offsetsControl: { partitions: 2, events } };
      return ruleOf(verdictOf({ ...SETTING, faults }, rows, end), 'C2');
    };
    expect(ruleOf(verdictOf({ ...SETTING, faults }, rows), 'C2').result).toBe('unknown');
    const [own, other] = [groupPartition('billing', 2), 1 - groupPartition('billing', 2)];
    expect(of(told(own))).toMatchObject({ result: 'allowed', clause: 'unclean-shutdowns' });
    expect(of(told(other)).result).toBe('fail');
    // The others were in sync until the end.
    expect(of(told(own).slice(0, 1)).result).toBe('fail');
    // All of it comes after what was missed.
    expect(of(told(own).map((event) => ({ ...event, timeNs: event.timeNs * 10 }))).result).toBe('fail');
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
    // Actors' rows interleave as they like.
    const interleaved = [...twice.slice(-1), ...polled];
    for (const rows of [twice, interleaved, stale]) {
      const lost = of(rows, SINGLE, fault('power-loss', [1], 15, 18));
      expect(lost).toMatchObject({ result: 'allowed', clause: 'unflushed', excused: 1 });
      expect(of(rows, SINGLE, fault('kill', [1], 15, 18)).result).toBe('fail');
      expect(of(rows, SINGLE, fault('power-loss', [1], 5, 8)).result).toBe('fail');
      expect(of(rows, SINGLE, fault('power-loss', [1], 30, 33)).result).toBe('fail');
      expect(of(rows, SETTING, fault('power-loss', [1], 15, 18)).result).toBe('unknown');
    }
  });
});
