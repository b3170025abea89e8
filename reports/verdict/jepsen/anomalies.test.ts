import { describe, expect, test } from 'vitest';
import { judgeJepsen } from '../jepsen.ts';
import { isTolerated } from './allowed.ts';

type Pair = readonly [offset: number | null, value: string];
type Micro = readonly unknown[];

/** Histories of one topic-partition or two, in the words of Jepsen's workload: an invocation stands before each completion. */
class Script {
  readonly #history: object[] = [];

  send(process: number, type: string, key: string, ...pairs: readonly Pair[]): this {
    return this.txn(process, type, [...pairs.map(([offset, value]) => ['send', key, sent(offset, value)])], 'send');
  }
  poll(process: number, type: string, key: string, ...pairs: readonly Pair[]): this {
    return this.txn(process, type, [['poll', { [key]: pairs }]], 'poll');
  }
  txn(process: number, type: string, value: readonly Micro[], f = 'txn'): this {
    const asked = value.map(([name, key, what]) => (name === 'poll' ? ['poll'] : [name, key, toldValue(what)]));
    return this.#op(process, 'invoke', f, asked).#op(process, type, f, value);
  }
  subscribe(process: number, f: 'assign' | 'subscribe', type: string, ...keys: readonly string[]): this {
    return this.#op(process, 'invoke', f, keys).#op(process, type, f, keys);
  }
  /** A client that dies goes on under another number; the next operation of its thread is another process'. */
  crash(process: number): this {
    return this.#op(process, 'invoke', 'crash', null).#op(process, 'info', 'crash', null);
  }
  rebalanced(...keys: readonly string[]): this {
    Object.assign(this.#history.at(-1)!, { 'rebalance-log': [{ keys }] });
    return this;
  }
  judge(wwDeps = false): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> {
    return judgeJepsen({ name: 'case', history: this.#history, options: { wwDeps } }).anomalies;
  }
  names(wwDeps = false): string[] {
    return Object.keys(this.judge(wwDeps)).sort();
  }
  #op(process: number, type: string, f: string, value: unknown): this {
    const index = this.#history.length;
    this.#history.push({ index, time: index, process, type, f, value });
    return this;
  }
}

function sent(offset: number | null, value: string): unknown {
  return offset === null ? value : [offset, value];
}
function toldValue(what: unknown): unknown {
  return Array.isArray(what) ? what[1] : what;
}

const script = (): Script => new Script();
/** a to d at offsets 0 to 3, acknowledged, and read by somebody. */
const logged = (): Script =>
  script()
    .send(9, 'ok', 'x', [0, 'a'], [1, 'b'], [2, 'c'], [3, 'd'])
    .poll(8, 'ok', 'x', [0, 'a'], [1, 'b'], [2, 'c'], [3, 'd']);

describe('inconsistent-offsets', () => {
  test('two acknowledged values of one offset, far from 0: the index does not count holes', () => {
    const found = script().send(0, 'ok', 'x', [537, 'a']).send(1, 'ok', 'x', [537, 'b']).judge();
    expect(found['inconsistent-offsets']).toEqual([{ key: 'x', offset: 537, index: 0, values: ['a', 'b'] }]);
  });

  test('an indeterminate send proves nothing, until a sibling of it is read', () => {
    const unproved = script()
      .txn(0, 'info', [
        ['send', 'x', [0, 'a']],
        ['send', 'y', 'b'],
      ])
      .send(1, 'ok', 'x', [0, 'c']);
    expect(unproved.judge()['inconsistent-offsets']).toBeUndefined();
    expect(unproved.poll(2, 'info', 'y', [4, 'b']).judge()['inconsistent-offsets']).toBeUndefined();
    expect(unproved.poll(2, 'ok', 'y', [4, 'b']).judge()['inconsistent-offsets']).toHaveLength(1);
  });

  test('a failed send proves nothing; a poll does, whatever became of its transaction', () => {
    const failed = script().send(0, 'fail', 'x', [0, 'a']).send(1, 'ok', 'x', [0, 'b']);
    expect(failed.judge()['inconsistent-offsets']).toBeUndefined();
    expect(failed.poll(2, 'fail', 'x', [0, 'a']).judge()['inconsistent-offsets']).toHaveLength(1);
  });
});

describe('lost-write', () => {
  test('an overwritten value is lost, though another one of its offset was read', () => {
    const found = script()
      .send(0, 'ok', 'x', [0, 'a'])
      .send(0, 'ok', 'x', [0, 'b'], [2, 'c'])
      .poll(1, 'ok', 'x', [0, 'b'], [2, 'c'])
      .judge();
    expect(found['lost-write']).toEqual([
      { key: 'x', value: 'a', index: 0, 'max-read-index': 1, writer: 1, 'max-read': 5 },
    ]);
  });

  test('what lies behind all that was read is late, not lost', () => {
    const found = script().send(0, 'ok', 'x', [0, 'a'], [1, 'b']).poll(1, 'ok', 'x', [0, 'a']).judge();
    expect(found['lost-write']).toBeUndefined();
    expect(found.unseen).toEqual([{ key: 'x', count: 1, messages: ['b'] }]);
  });

  test('an indeterminate transaction owes all of its values once one was read, and none before', () => {
    const pending = script()
      .txn(0, 'info', [
        ['send', 'x', 'a'],
        ['send', 'y', [0, 'b']],
      ])
      .send(1, 'info', 'y', [null, 'c'])
      .poll(2, 'ok', 'y', [1, 'c']);
    expect(pending.judge()['lost-write']).toBeUndefined();
    const found = pending.poll(3, 'ok', 'x', [0, 'a']).judge();
    expect(found['lost-write']).toMatchObject([{ key: 'y', value: 'b', index: 0, writer: 1 }]);
  });

  test('a poll that failed saw nothing for good: its values are still owed', () => {
    const found = script()
      .send(0, 'ok', 'x', [0, 'a'], [1, 'b'])
      .poll(1, 'fail', 'x', [0, 'a'])
      .poll(2, 'ok', 'x', [1, 'b'])
      .judge();
    expect(found['lost-write']).toMatchObject([{ value: 'a', writer: 1, 'max-read': 5 }]);
  });

  test('a failed send owes nothing', () => {
    const found = script()
      .send(0, 'fail', 'x', [0, 'a'])
      .send(0, 'ok', 'x', [1, 'b'])
      .poll(1, 'ok', 'x', [1, 'b'])
      .poll(2, 'info', 'x', [0, 'a'])
      .judge();
    expect(found['lost-write']).toBeUndefined();
  });

  test('a value that stands again behind the bound may yet be read there', () => {
    const found = script()
      .send(0, 'ok', 'x', [0, 'a'], [1, 'b'])
      .poll(1, 'fail', 'x', [5, 'a'])
      .poll(1, 'ok', 'x', [1, 'b'])
      .judge();
    expect(found['lost-write']).toBeUndefined();
    expect(found.duplicate).toEqual([{ key: 'x', value: 'a', count: 2, offsets: [0, 5] }]);
  });
});

describe('unseen', () => {
  test('counts by key, of ok sends alone, and forgets what some ok poll saw', () => {
    const found = script()
      .poll(1, 'ok', 'x', [1, 'b'])
      .send(0, 'ok', 'x', [0, 'a'], [1, 'b'])
      .send(0, 'info', 'x', [2, 'c'])
      .send(0, 'ok', 'y', [0, 'd'], [1, 'e'])
      .poll(1, 'info', 'y', [0, 'd'])
      .poll(2, 'ok', 'y', [1, 'e'])
      .judge();
    expect(found.unseen).toEqual([
      { key: 'x', count: 1, messages: ['a'] },
      { key: 'y', count: 1, messages: ['d'] },
    ]);
  });
});

describe('duplicate', () => {
  test('every value of two crowded offsets is one', () => {
    const crowded = script();
    const values = ['a', 'b', 'c', 'd', 'e'];
    for (const value of values) crowded.send(0, 'ok', 'x', [0, value]).poll(1, 'ok', 'x', [1, value]);
    const found = crowded.judge();
    expect(found.duplicate?.map(({ value }) => value).sort()).toEqual(values);
    expect(found['inconsistent-offsets']).toEqual([
      { key: 'x', offset: 0, index: 0, values },
      { key: 'x', offset: 1, index: 1, values },
    ]);
  });

  test('the offset of a failed send is no place: its polled one is the only one', () => {
    const found = script()
      .send(0, 'ok', 'x', [1, 'a'])
      .send(0, 'fail', 'x', [2, 'b'])
      .poll(1, 'fail', 'x', [11, 'a'], [12, 'b'])
      .judge();
    expect(found.duplicate).toEqual([{ key: 'x', value: 'a', count: 2, offsets: [1, 11] }]);
  });

  test('read twice at one offset is none', () => {
    expect(logged().poll(7, 'ok', 'x', [0, 'a'], [1, 'b'], [2, 'c'], [3, 'd']).names()).toEqual([]);
  });
});

describe('G1a', () => {
  test('only ok polls count, and a retry that succeeds does not undo the failure', () => {
    const aborted = script().send(0, 'fail', 'x', [null, 'a']).poll(1, 'info', 'x', [0, 'a']);
    expect(aborted.judge().G1a).toBeUndefined();
    expect(aborted.poll(1, 'ok', 'x', [0, 'a']).judge().G1a).toEqual([{ key: 'x', value: 'a', writer: 1, reader: 5 }]);
    const retried = script()
      .send(0, 'fail', 'x', [null, 'a'])
      .send(0, 'ok', 'x', [0, 'a'])
      .poll(1, 'ok', 'x', [0, 'a']);
    expect(retried.judge().G1a).toEqual([{ key: 'x', value: 'a', writer: 3, reader: 5 }]);
  });
});

describe('precommitted-read', () => {
  const own = (type: string) =>
    script().txn(0, type, [
      ['poll', { x: [[0, 'a']] }],
      ['send', 'x', [0, 'a']],
    ]);

  test.each(['ok', 'info', 'fail'])('in a transaction that ended %s, in either order', (type) => {
    expect(own(type).judge()['precommitted-read']).toEqual([{ op: 1, key: 'x', value: 'a' }]);
  });

  test('what others sent, or the same value of another key, is none', () => {
    const found = script()
      .send(1, 'ok', 'x', [0, 'a'])
      .txn(0, 'ok', [
        ['send', 'y', [0, 'a']],
        ['poll', { x: [[0, 'a']] }],
      ])
      .judge();
    expect(found['precommitted-read']).toBeUndefined();
  });
});

describe('int-poll-skip and int-nonmonotonic-poll', () => {
  test('over the polls of one operation, whatever became of it', () => {
    for (const type of ['ok', 'info', 'fail']) {
      const found = logged()
        .txn(0, type, [
          ['poll', { x: [[0, 'a']] }],
          [
            'poll',
            {
              x: [
                [3, 'd'],
                [2, 'c'],
              ],
            },
          ],
        ])
        .judge();
      expect(found['int-poll-skip'], type).toEqual([
        { key: 'x', values: ['a', 'd'], skipped: ['b', 'c'], delta: 3, op: 5 },
      ]);
      expect(found['int-nonmonotonic-poll'], type).toEqual([{ key: 'x', values: ['d', 'c'], delta: -1, op: 5 }]);
    }
  });

  test('a value twice in a row goes nowhere; offsets that nobody knows of are no skip', () => {
    expect(logged().poll(0, 'ok', 'x', [1, 'b'], [1, 'b']).judge()['int-nonmonotonic-poll']).toMatchObject([
      { values: ['b', 'b'], delta: 0 },
    ]);
    const holes = script().send(9, 'ok', 'x', [0, 'a'], [7, 'b']).poll(0, 'ok', 'x', [0, 'a'], [7, 'b']);
    expect(holes.names()).toEqual([]);
  });

  test('a rebalance excuses its own keys alone', () => {
    const skipping = (...keys: string[]) =>
      logged()
        .poll(0, 'ok', 'x', [0, 'a'], [2, 'c'])
        .rebalanced(...keys);
    expect(skipping('x').names()).toEqual([]);
    expect(skipping('y').names()).toEqual(['int-poll-skip']);
  });
});

describe('int-send-skip and int-nonmonotonic-send', () => {
  test('places that only a poll tells count, of indeterminate and failed operations too', () => {
    const found = script()
      .send(0, 'ok', 'x', [1, 'a'], [null, 'c'])
      .send(1, 'info', 'x', [null, 'b'])
      .poll(2, 'ok', 'x', [2, 'b'], [3, 'c'])
      .send(3, 'info', 'y', [null, 'd'], [null, 'b'])
      .send(4, 'info', 'y', [null, 'c'])
      .poll(5, 'ok', 'y', [2, 'b'], [3, 'c'], [4, 'd'])
      .judge();
    expect(found['int-send-skip']).toEqual([{ key: 'x', values: ['a', 'c'], skipped: ['b'], delta: 2, op: 1 }]);
    expect(found['int-nonmonotonic-send']).toEqual([{ key: 'y', values: ['d', 'b'], delta: -2, op: 7 }]);
  });
});

describe('poll-skip and nonmonotonic-poll', () => {
  test('from the last ok poll: aborted ones are compared and do not advance', () => {
    const found = logged()
      .poll(0, 'ok', 'x', [0, 'a'])
      .poll(0, 'fail', 'x', [1, 'b'], [2, 'c'])
      .poll(0, 'info', 'x', [2, 'c'])
      .poll(0, 'ok', 'x', [3, 'd'])
      .judge();
    expect(found['poll-skip']).toEqual([
      { key: 'x', ops: [5, 9], delta: 2, skipped: ['b'] },
      { key: 'x', ops: [5, 11], delta: 3, skipped: ['b', 'c'] },
    ]);
  });

  test.each(['assign', 'subscribe'] as const)('%s forgets the keys that it drops, and no others', (f) => {
    const back = (type: string, ...keys: string[]) =>
      logged()
        .poll(0, 'ok', 'x', [0, 'a'], [1, 'b'])
        .subscribe(0, f, type, ...keys)
        .poll(0, 'ok', 'x', [0, 'a'])
        .judge()['nonmonotonic-poll'];
    expect(back('ok', 'y')).toBeUndefined();
    expect(back('info', 'y')).toBeUndefined();
    expect(back('info')).toBeUndefined();
    expect(back('fail', 'y')).toHaveLength(1);
    expect(back('ok', 'x', 'y')).toEqual([{ key: 'x', ops: [5, 9], values: ['b', 'a'], delta: -1 }]);
  });

  test('dropped and taken again, a key begins anew', () => {
    const found = logged()
      .poll(0, 'ok', 'x', [0, 'a'])
      .subscribe(0, 'assign', 'ok', 'y')
      .subscribe(0, 'assign', 'ok', 'x', 'y')
      .poll(0, 'ok', 'x', [2, 'c'], [3, 'd'])
      .judge();
    expect(found['poll-skip']).toBeUndefined();
  });

  test('processes are compared with themselves: the one that comes after a crash is another', () => {
    expect(
      logged().poll(0, 'ok', 'x', [2, 'c']).crash(0).poll(100, 'ok', 'x', [0, 'a']).judge()['nonmonotonic-poll'],
    ).toBeUndefined();
  });

  test('a poll that returned nothing of a key has no last value; one of other keys does not matter', () => {
    const skipping = (...between: readonly (readonly [string, readonly Pair[]])[]) => {
      const made = logged().poll(0, 'ok', 'x', [0, 'a']);
      for (const [key, pairs] of between) made.poll(0, 'ok', key, ...pairs);
      return made.poll(0, 'ok', 'x', [2, 'c']).judge()['poll-skip'];
    };
    expect(skipping(['x', []])).toBeUndefined();
    expect(skipping(['y', []])).toHaveLength(1);
  });

  test('subscribed consumers may be rebalanced between polls, assigned ones may not', () => {
    for (const name of ['poll-skip', 'nonmonotonic-poll']) {
      expect(isTolerated(name, { wwDeps: false, subscribes: true })).toBe(true);
      expect(isTolerated(name, { wwDeps: false, subscribes: false })).toBe(false);
    }
  });
});

describe('nonmonotonic-send', () => {
  test('of indeterminate sends too, and not of failed ones', () => {
    const back = (type: string) =>
      logged().send(0, 'ok', 'x', [7, 'g']).send(0, type, 'x', [5, 'e']).poll(1, 'ok', 'x', [5, 'e'], [7, 'g']);
    expect(back('info').judge()['nonmonotonic-send']).toEqual([
      { key: 'x', values: ['g', 'e'], delta: -1, ops: [5, 7] },
    ]);
    expect(back('fail').judge()['nonmonotonic-send']).toBeUndefined();
  });

  test('two processes, or two keys, keep no order', () => {
    expect(logged().send(0, 'ok', 'x', [7, 'g']).send(1, 'ok', 'x', [5, 'e']).judge()['nonmonotonic-send']).toBe(
      undefined,
    );
    expect(logged().send(0, 'ok', 'x', [7, 'g']).send(0, 'ok', 'y', [5, 'e']).judge()['nonmonotonic-send']).toBe(
      undefined,
    );
  });
});

describe('cycles', () => {
  const t1 = [
    ['send', 'x', [0, 'a']],
    ['send', 'y', [2, 'c']],
  ];
  const t2 = [
    ['poll', { x: [[0, 'a']] }],
    ['send', 'y', [1, 'b']],
  ];
  /** Both begin before either ends. */
  const overlapping = (wwDeps: boolean) => {
    const op = (index: number, process: number, type: string, value: unknown) => ({
      index,
      process,
      type,
      f: 'txn',
      value,
    });
    const history = [
      op(0, 0, 'invoke', []),
      op(1, 1, 'invoke', []),
      op(2, 0, 'ok', t1),
      op(3, 1, 'ok', t2),
      op(4, 2, 'invoke', [['poll']]),
      op(5, 2, 'ok', [
        [
          'poll',
          {
            x: [[0, 'a']],
            y: [
              [1, 'b'],
              [2, 'c'],
            ],
          },
        ],
      ]),
    ];
    return judgeJepsen({ name: 'case', history, options: { wwDeps } }).anomalies;
  };

  test('G1c through a write order counts where write order is a dependency', () => {
    expect(overlapping(false)).toEqual({});
    const { G1c } = overlapping(true);
    expect(G1c).toHaveLength(1);
    expect(new Set(G1c![0]!.cycle as number[])).toEqual(new Set([2, 3]));
    expect(G1c![0]!.steps).toEqual(
      expect.arrayContaining([
        { type: 'wr', key: 'x', value: 'a', aMop: 0, bMop: 0 },
        { type: 'ww', key: 'y', value: 'b', "value'": 'c', aMop: 1, bMop: 1 },
      ]),
    );
  });

  test('what Jepsen always tolerates, and what only with write order', () => {
    for (const name of [
      'G0',
      'G0-process',
      'G0-realtime',
      'int-send-skip',
      'PL-1-cycle-exists',
      'strong-PL-1-cycle-exists',
    ]) {
      expect(isTolerated(name, { wwDeps: false, subscribes: false }), name).toBe(true);
    }
    for (const name of ['G1c', 'G1c-process', 'G1c-realtime', 'PL-2-cycle-exists', 'strong-PL-2-cycle-exists']) {
      expect(isTolerated(name, { wwDeps: true, subscribes: false }), name).toBe(true);
      expect(isTolerated(name, { wwDeps: false, subscribes: true }), name).toBe(false);
    }
    for (const name of ['lost-write', 'unseen', 'duplicate', 'G1a', 'precommitted-read', 'inconsistent-offsets']) {
      expect(isTolerated(name, { wwDeps: true, subscribes: true }), name).toBe(false);
    }
  });
});
