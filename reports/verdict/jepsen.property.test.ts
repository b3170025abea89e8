import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeJepsen } from './jepsen.ts';

type Micro = [string, ...unknown[]];
interface Op {
  process: number;
  type: string;
  f: string;
  value: Micro[];
}

/** A log of one writer and one assigned reader that is right in every way; offsets have holes, as transactions leave. */
const world = fc
  .record({
    steps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 8, maxLength: 24 }),
    batch: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ steps, batch }) => {
    let next = -1;
    const log = steps.map((step, index): [number, string] => {
      next += step;
      return [next, `v${index}`];
    });
    const operations: Op[] = [];
    const both = (op: Op) => operations.push({ ...op, type: 'invoke' }, op);
    for (let at = 0; at < log.length; at += batch) {
      const part = log.slice(at, at + batch);
      both({ process: 0, type: 'ok', f: 'send', value: part.map(([offset, value]) => ['send', 'x', [offset, value]]) });
    }
    for (let at = 0; at < log.length; at += batch) {
      both({ process: 1, type: 'ok', f: 'poll', value: [['poll', { x: log.slice(at, at + batch) }]] });
    }
    return { log, operations, batch };
  });

const judge = (operations: readonly Op[], wwDeps = false) =>
  judgeJepsen({ name: 'made', history: operations.map((op, index) => ({ index, ...op })), options: { wwDeps } })
    .anomalies;

const polls = (operations: readonly Op[]) => operations.filter(({ f, type }) => f === 'poll' && type === 'ok');
const pairsOf = (op: Op): [number, string][] => (op.value[0]![1] as { x: [number, string][] }).x;

/** What is done to a history that is right, and the name that must then be found, wherever it is done. */
const PLANTED: readonly [
  name: string,
  plant: (history: { log: [number, string][]; operations: Op[] }, at: number) => void,
  wwDeps?: boolean,
][] = [
  [
    'inconsistent-offsets',
    ({ log, operations }, at) => {
      const [offset] = log[at % log.length]!;
      operations.push({ process: 9, type: 'ok', f: 'send', value: [['send', 'x', [offset, 'other']]] });
    },
  ],
  [
    'duplicate',
    ({ log, operations }, at) => {
      const end = log.at(-1)![0] + 5;
      operations.push({
        process: 9,
        type: 'info',
        f: 'poll',
        value: [['poll', { x: [[end, log[at % log.length]![1]]] }]],
      });
    },
  ],
  [
    'G1a',
    ({ log, operations }, at) => {
      const [offset, value] = log[at % log.length]!;
      const send = operations.find(
        (op) => op.f === 'send' && op.type === 'ok' && op.value.some((m) => (m[2] as unknown[])[1] === value),
      )!;
      send.type = 'fail';
      expect(offset).toBeGreaterThanOrEqual(0);
    },
  ],
  [
    'lost-write',
    ({ log, operations }, at) => {
      const value = log[at % (log.length - 1)]![1];
      for (const op of polls(operations))
        (op.value[0]![1] as { x: unknown[] }).x = pairsOf(op).filter(([, each]) => each !== value);
    },
  ],
  [
    'unseen',
    ({ log, operations }) => {
      const value = log.at(-1)![1];
      for (const op of polls(operations))
        (op.value[0]![1] as { x: unknown[] }).x = pairsOf(op).filter(([, each]) => each !== value);
    },
  ],
  [
    'precommitted-read',
    ({ log, operations }) => {
      const end = log.at(-1)![0] + 1;
      operations.push({
        process: 9,
        type: 'ok',
        f: 'txn',
        value: [
          ['send', 'x', [end, 'own']],
          ['poll', { x: [[end, 'own']] }],
        ],
      });
    },
  ],
  [
    'int-poll-skip',
    ({ log, operations }, at) => {
      const from = at % (log.length - 2);
      operations.push({ process: 9, type: 'ok', f: 'poll', value: [['poll', { x: [log[from], log[from + 2]] }]] });
    },
  ],
  [
    'int-nonmonotonic-poll',
    ({ log, operations }, at) => {
      const from = at % (log.length - 1);
      operations.push({ process: 9, type: 'ok', f: 'poll', value: [['poll', { x: [log[from + 1], log[from]] }]] });
    },
  ],
  [
    'int-send-skip',
    ({ log, operations }, at) => {
      const from = at % (log.length - 2);
      const sends = [log[from], log[from + 2]].map((entry): Micro => ['send', 'x', entry]);
      operations.push({ process: 9, type: 'ok', f: 'send', value: sends });
    },
  ],
  [
    'int-nonmonotonic-send',
    ({ log, operations }, at) => {
      const from = at % (log.length - 1);
      const sends = [log[from + 1], log[from]].map((entry): Micro => ['send', 'x', entry]);
      operations.push({ process: 9, type: 'ok', f: 'send', value: sends });
    },
  ],
  [
    'poll-skip',
    ({ log, operations }, at) => {
      const from = at % (log.length - 2);
      for (const entry of [log[from], log[from + 2]])
        operations.push({ process: 9, type: 'ok', f: 'poll', value: [['poll', { x: [entry] }]] });
    },
  ],
  [
    'nonmonotonic-poll',
    ({ log, operations }, at) => {
      const from = at % (log.length - 1);
      for (const entry of [log[from + 1], log[from]])
        operations.push({ process: 9, type: 'ok', f: 'poll', value: [['poll', { x: [entry] }]] });
    },
  ],
  [
    'nonmonotonic-send',
    ({ log, operations }, at) => {
      const from = at % (log.length - 1);
      for (const entry of [log[from + 1], log[from]])
        operations.push({ process: 9, type: 'ok', f: 'send', value: [['send', 'x', entry]] });
    },
  ],
  [
    'G0',
    ({ log, operations }) => {
      const [a, b] = [log.at(-1)![0] + 1, log.at(-1)![0] + 2];
      operations.push(
        {
          process: 8,
          type: 'ok',
          f: 'txn',
          value: [
            ['send', 'x', [a, 'p']],
            ['send', 'y', [1, 'q']],
          ],
        },
        {
          process: 9,
          type: 'ok',
          f: 'txn',
          value: [
            ['send', 'x', [b, 'r']],
            ['send', 'y', [0, 's']],
          ],
        },
      );
    },
    true,
  ],
  [
    'G1c',
    ({ operations }) => {
      operations.push(
        {
          process: 8,
          type: 'ok',
          f: 'txn',
          value: [
            ['send', 'y', [0, 'p']],
            ['poll', { z: [[0, 'q']] }],
          ],
        },
        {
          process: 9,
          type: 'ok',
          f: 'txn',
          value: [
            ['send', 'z', [0, 'q']],
            ['poll', { y: [[0, 'p']] }],
          ],
        },
      );
    },
  ],
];

describe('every anomaly that Jepsen names', () => {
  test('a history that is right has none', () => {
    fc.assert(
      fc.property(world, ({ operations }) => {
        expect(judge(operations, true)).toEqual({});
      }),
      { numRuns: 50 },
    );
  });

  test.each(PLANTED)('%s is found wherever it is planted', (name, plant, wwDeps = false) => {
    fc.assert(
      fc.property(world, fc.nat(1000), (history, at) => {
        plant(history, at);
        expect(Object.keys(judge(history.operations, wwDeps))).toContain(name);
      }),
      { numRuns: 40 },
    );
  });
});
