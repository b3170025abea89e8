import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JepsenHistoryError, judgeJepsen, judgeJepsenCases } from './jepsen.ts';

interface Fixture {
  name: string;
  expect: Record<string, unknown>;
  history: unknown[];
}

const CASES = JSON.parse(readFileSync(new URL('../fixtures/verdict-cases.json', import.meta.url), 'utf8')) as Fixture[];

/** A cycle may begin at any of its operations. */
function rotated(finding: { cycle?: number[]; steps?: unknown[] }): unknown {
  if (finding.cycle === undefined || finding.steps === undefined) return finding;
  const ring = finding.cycle.slice(0, -1);
  const start = ring.indexOf(Math.min(...ring));
  const turn = <T>(list: T[]) => [...list.slice(start), ...list.slice(0, start)];
  return { cycle: turn(ring), steps: turn(finding.steps) };
}

describe("Jepsen's own expectations", () => {
  test.each(CASES)('$name', (fixture) => {
    const { anomalies, versionOrders } = judgeJepsen(fixture);
    const { only, versionOrders: orders, ...expected } = fixture.expect;
    if (only === true) expect(anomalies).toEqual({});
    if (orders !== undefined) expect(versionOrders).toEqual(orders);
    for (const [type, list] of Object.entries(expected)) {
      const findings = (anomalies[type] ?? []) as { cycle?: number[]; steps?: unknown[] }[];
      expect(findings.map(rotated)).toEqual((list as typeof findings).map(rotated));
    }
  });

  test('a file of cases is judged in its order', () => {
    expect(judgeJepsenCases(CASES).map((judgement) => judgement.name)).toEqual(CASES.map(({ name }) => name));
  });
});

describe('what those cases do not cover', () => {
  let index = 0;
  const op = (process: number, type: string, value: unknown, f = 'txn') => ({
    index: index++,
    process,
    type,
    f,
    value,
  });
  const judge = (...history: object[]) => {
    index = 0;
    return judgeJepsen({ name: 'case', history, options: { wwDeps: true } });
  };

  test('unseen: acknowledged and never polled', () => {
    const { anomalies } = judge(
      op(0, 'ok', [
        ['send', 7, [0, 'a']],
        ['send', 7, [1, 'b']],
      ]),
      op(1, 'ok', [['poll', { 7: [[0, 'a']] }]]),
    );
    expect(anomalies.unseen).toEqual([{ key: 7, count: 1, messages: ['b'] }]);
    expect(anomalies['lost-write']).toBeUndefined();
  });

  test('sends within an operation that skip or go back', () => {
    const { anomalies } = judge(
      op(0, 'ok', [
        ['send', 'x', [0, 'a']],
        ['send', 'x', [2, 'c']],
      ]),
      op(1, 'ok', [['send', 'x', [1, 'b']]]),
      op(2, 'ok', [
        ['send', 'x', [4, 'e']],
        ['send', 'x', [3, 'd']],
      ]),
    );
    expect(anomalies['int-send-skip']).toEqual([{ key: 'x', values: ['a', 'c'], delta: 2, op: 0, skipped: ['b'] }]);
    expect(anomalies['int-nonmonotonic-send']).toEqual([{ key: 'x', values: ['e', 'd'], delta: -1, op: 2 }]);
  });

  test('a rebalance within the operation excuses its polls', () => {
    const sent = op(0, 'ok', [
      ['send', 'x', [0, 'a']],
      ['send', 'x', [1, 'b']],
    ]);
    const polled = op(1, 'ok', [
      [
        'poll',
        {
          x: [
            [1, 'b'],
            [0, 'a'],
          ],
        },
      ],
    ]);
    expect(judge(sent, polled).anomalies['int-nonmonotonic-poll']).toHaveLength(1);
    const rebalanced = { ...polled, 'rebalance-log': [{ keys: ['x'] }] };
    expect(judge(sent, rebalanced).anomalies['int-nonmonotonic-poll']).toBeUndefined();
  });

  test('cycles that only real time or a process closes are named so', () => {
    const early = [op(1, 'invoke', [['poll']]), op(1, 'ok', [['poll', { x: [[0, 'a']] }]])];
    const late = [op(0, 'invoke', [['send', 'x', 'a']]), op(0, 'ok', [['send', 'x', [0, 'a']]])];
    const { anomalies } = judge(...early, ...late);
    expect(Object.keys(anomalies)).toEqual(['G1c-realtime']);
    const same = [...early, ...late].map((each) => ({ ...each, process: 5 }));
    expect(Object.keys(judge(...same).anomalies)).toEqual(['G1c-process']);
    expect(judge(...late, ...early).anomalies).toEqual({});
  });

  test('a value that nobody sent is unknown, not an anomaly', () => {
    expect(judge(op(1, 'ok', [['poll', { x: [[0, 'ghost']] }]]))).toEqual({
      name: 'case',
      anomalies: {},
      unknown: ['no writer of "ghost" in x'],
    });
  });

  test.each([
    [null],
    [{ history: 5 }],
    [{ history: [{ type: 'maybe', f: 'txn', value: [] }] }],
    [{ history: [{ type: 'ok', f: 'txn', value: [['jump']] }] }],
    [{ history: [{ type: 'ok', f: 'send', value: [['send', 'x', [-1, 'a']]] }] }],
  ])('refuses %j', (value) => {
    expect(() => judgeJepsen(value)).toThrow(JepsenHistoryError);
  });
});
