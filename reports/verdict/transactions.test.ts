import { describe, expect, test } from 'vitest';
import { type ActorRole, EVENT, GAP } from '../../workloads/history.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  gap,
  PRODUCER,
  type Row,
  read,
  ruleOf,
  send,
  verdictOf,
} from './scripted.ts';

const ROLES: readonly ActorRole[] = [
  { ...(PRODUCER as Extract<ActorRole, { kind: 'producer' }>), transactional: true },
  { ...(CONSUMER as Extract<ActorRole, { kind: 'consumer' }>), isolation: 'read_committed' },
  AUDITOR,
];
const READER = 1;
const AUDITING = 2;

/** Two transactions of two records each; the second ends as `outcome` says. Offsets are those of the sequences. */
function written(outcome: number, unacked: readonly number[] = []): Row[] {
  return [0, 1].flatMap((number): Row[] => {
    const t = number * 10;
    const own = [number * 2, number * 2 + 1];
    const result = number === 0 ? 1 : outcome;
    return [
      { kind: EVENT.txnBegin, t, actor: 0, sequence: number },
      ...own.map((sequence) => send(t + 1, 0, sequence)),
      ...own.filter((sequence) => !unacked.includes(sequence)).map((sequence) => ack(t + 2, 0, sequence, sequence)),
      { kind: EVENT.txnEnd, t: t + 3, actor: 0, sequence: number, a: 1 },
      { kind: EVENT.txnResult, t: t + 4, actor: 0, sequence: number, a: result, b: 0 },
    ];
  });
}

/** A read_committed reader that is given these offsets, and told that the others up to `end` were aborted. */
function given(offsets: readonly number[], end = 4): Row[] {
  const rows: Row[] = [assign(50, READER, 0)];
  for (let offset = 0; offset < end; offset++) {
    if (offsets.includes(offset)) rows.push(read(51, READER, offset, 0, offset));
    else rows.push(gap(51, READER, offset, offset + 1, GAP.aborted));
  }
  return rows;
}

const audited = (...sequences: number[]): Row[] =>
  audit(
    100,
    AUDITING,
    sequences.map((sequence) => [0, sequence]),
  );
const judge = (rows: Row[], rule: string, drained = true) =>
  ruleOf(verdictOf({ roles: ROLES }, rows, { drained }), rule);

describe('X1', () => {
  test('holds for what is whole, and for what is hidden whole', () => {
    expect(judge([...written(1), ...given([0, 1, 2, 3]), ...audited(0, 1, 2, 3)], 'X1')).toMatchObject({
      result: 'pass',
      checked: 2,
    });
    for (const outcome of [0, -1]) {
      expect(judge([...written(outcome), ...given([0, 1]), ...audited(0, 1, 2, 3)], 'X1').result).toBe('pass');
    }
    // Its commit was not heard of, and took place.
    expect(judge([...written(-1), ...given([0, 1, 2, 3]), ...audited(0, 1, 2, 3)], 'X1').result).toBe('pass');
  });

  test.each([
    ['committed', 1],
    ['aborted', 0],
    ['of unknown end', -1],
  ])('fails where a reader is given a part of a transaction that is %s', (_name, outcome) => {
    const rule = judge([...written(outcome), ...given([0, 1, 3]), ...audited(0, 1, 2, 3)], 'X1');
    expect(rule).toMatchObject({ result: 'fail', violations: 1 });
    expect(rule.examples[0]?.sentence).toContain('transaction 1 of producer-0');
  });

  test('fails where a committed transaction is hidden, though whole', () => {
    expect(judge([...written(1), ...given([0, 1]), ...audited(0, 1, 2, 3)], 'X1').result).toBe('fail');
  });

  test('fails where the log lacks a record of a committed transaction that nobody acknowledged', () => {
    const rows = [...written(1, [3]), ...given([0, 1, 2], 3), ...audited(0, 1, 2)];
    expect(judge(rows, 'X1')).toMatchObject({ result: 'fail', violations: 1 });
    expect(judge([...written(0, [3]), ...given([0, 1], 3), ...audited(0, 1, 2)], 'X1').result).toBe('pass');
  });

  test('says nothing of what a reader has not come to', () => {
    expect(judge([...written(1), ...given([0, 1], 2), ...audited(0, 1, 2, 3)], 'X1').result).toBe('pass');
  });
});

describe('X2', () => {
  test('fails where a record of an aborted transaction is shown', () => {
    expect(judge([...written(0), ...given([0, 1, 2, 3]), ...audited(0, 1, 2, 3)], 'X2')).toMatchObject({
      result: 'fail',
      violations: 2,
    });
    expect(judge([...written(0), ...given([0, 1]), ...audited(0, 1, 2, 3)], 'X2').result).toBe('pass');
  });
});

describe('X5', () => {
  test('holds once readers are beyond every transaction, aborted ones too', () => {
    expect(judge([...written(0), ...given([0, 1]), ...audited(0, 1, 2, 3)], 'X5')).toMatchObject({
      result: 'pass',
      checked: 1,
    });
  });

  test('fails where they are held back behind one that has ended', () => {
    for (const outcome of [0, 1]) {
      const rows = [...written(outcome), ...given([0, 1], 2), ...audited(0, 1, 2, 3)];
      expect(judge(rows, 'X5')).toMatchObject({ result: 'fail', violations: 1 });
      expect(judge(rows, 'X5', false).result).toBe('unknown');
    }
  });

  test('is undecided behind one of which nobody knows whether it has ended', () => {
    const third: Row[] = [
      { kind: EVENT.txnBegin, t: 30, actor: 0, sequence: 2 },
      send(31, 0, 4),
      ack(32, 0, 4, 4),
      { kind: EVENT.txnEnd, t: 33, actor: 0, sequence: 2, a: 1 },
      { kind: EVENT.txnResult, t: 34, actor: 0, sequence: 2, a: 1, b: 0 },
    ];
    const rows = [...written(-1), ...third, ...given([0, 1], 2), ...audited(0, 1, 2, 3, 4)];
    expect(judge(rows, 'X5').result).toBe('unknown');
  });
});
