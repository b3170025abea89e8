import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENT } from '../../workloads/history.ts';
import { AUDITOR, CONSUMER, fault, PRODUCER, type Row, ruleOf, type Setting, verdictOf } from './scripted.ts';

/*
 * A model of a correct log: two producers, a group of two consumers and an auditor over two partitions. What it emits
 * must pass however the actors' rows interleave; any one planted contradiction must be found by its rule.
 */

const PRODUCERS = [0, 1];
const AUDITOR_AT = 4;
const SETTING: Setting = { roles: [PRODUCER, PRODUCER, CONSUMER, CONSUMER, AUDITOR], partitions: 2 };

type Step =
  | { kind: 'send'; producer: number; partition: number; outcome: 'acked' | 'lost' | 'silent' | 'refused' }
  | { kind: 'poll'; partition: number; count: number }
  | { kind: 'commit'; partition: number; answered: boolean }
  | { kind: 'hand over'; partition: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('send' as const),
    producer: fc.constantFrom(...PRODUCERS),
    partition: fc.constantFrom(0, 1),
    outcome: fc.constantFrom('acked' as const, 'acked' as const, 'acked' as const, 'lost', 'silent', 'refused'),
  }),
  fc.record({
    kind: fc.constant('poll' as const),
    partition: fc.constantFrom(0, 1),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ kind: fc.constant('commit' as const), partition: fc.constantFrom(0, 1), answered: fc.boolean() }),
  fc.record({ kind: fc.constant('hand over' as const), partition: fc.constantFrom(0, 1) }),
);

interface Execution {
  readonly rows: Row[];
  readonly logs: [number, number][][];
}

function execute(steps: readonly Step[]): Execution {
  const rows: Row[] = [];
  const logs: [number, number][][] = [[], []];
  const next = [0, 0];
  const owner = [2, 3];
  const generation = [1, 1];
  const position = [0, 0];
  const stored = [-1, -1];
  let commits = 0;
  let t = 1;
  const assign = (partition: number) =>
    rows.push({
      kind: EVENT.assign,
      t,
      actor: owner[partition]!,
      partition,
      offset: position[partition]!,
      a: generation[partition]!,
    });
  assign(0);
  assign(1);
  const commitNow = (partition: number, answered: boolean) => {
    const row = { actor: owner[partition]!, partition, offset: position[partition]!, sequence: commits++ };
    rows.push({ kind: EVENT.commit, t: t++, ...row, a: generation[partition]! });
    if (answered) rows.push({ kind: EVENT.commitAck, t: t++, ...row });
    stored[partition] = position[partition]!;
  };
  for (const each of steps) {
    t += 1;
    if (each.kind === 'send') {
      const { producer, partition, outcome } = each;
      const sequence = next[producer]!++;
      const offset = logs[partition]!.length;
      rows.push({ kind: EVENT.send, t: t++, actor: producer, partition, sequence, a: t * 1e6, b: 10 });
      if (outcome === 'acked' || outcome === 'silent') logs[partition]!.push([producer, sequence]);
      if (outcome === 'acked') rows.push({ kind: EVENT.ack, t: t++, actor: producer, partition, offset, sequence });
      else {
        rows.push({
          kind: EVENT.fail,
          t: t++,
          actor: producer,
          partition,
          sequence,
          a: -1,
          b: outcome === 'refused' ? 1 : 0,
        });
      }
    } else if (each.kind === 'poll') {
      const { partition } = each;
      const actor = owner[partition]!;
      const end = Math.min(logs[partition]!.length, position[partition]! + each.count);
      for (let offset = position[partition]!; offset < end; offset++) {
        const [writer, sequence] = logs[partition]![offset]!;
        rows.push({ kind: EVENT.read, t, actor, partition, offset, sequence, a: writer, b: 0 });
      }
      position[partition] = end;
      rows.push({ kind: EVENT.processed, t: t++, actor, partition, offset: end });
    } else if (each.kind === 'commit') commitNow(each.partition, each.answered);
    else {
      const { partition } = each;
      rows.push({ kind: EVENT.revoke, t: t++, actor: owner[partition]!, partition, a: generation[partition]!, b: 0 });
      owner[partition] = owner[partition] === 2 ? 3 : 2;
      generation[partition]! += 1;
      t += 1;
      rows.push({
        kind: EVENT.committed,
        t,
        actor: owner[partition]!,
        partition,
        offset: stored[partition]!,
        a: (t - 0.5) * 1e6,
      });
      position[partition] = Math.max(0, stored[partition]!);
      assign(partition);
    }
  }
  // The last word of each story: a record and a commit that nothing can excuse or hide.
  for (const partition of [0, 1]) {
    const sequence = next[0]!++;
    rows.push({ kind: EVENT.send, t: t++, actor: 0, partition, sequence, a: t * 1e6, b: 10 });
    rows.push({ kind: EVENT.ack, t: t++, actor: 0, partition, offset: logs[partition]!.length, sequence });
    logs[partition]!.push([0, sequence]);
  }
  // The drain: the group reads what is left.
  for (const partition of [0, 1]) {
    const log = logs[partition]!;
    const actor = owner[partition]!;
    for (let offset = position[partition]!; offset < log.length; offset++) {
      const [writer, sequence] = log[offset]!;
      rows.push({ kind: EVENT.read, t, actor, partition, offset, sequence, a: writer, b: 0 });
    }
    rows.push({ kind: EVENT.processed, t: t++, actor, partition, offset: log.length });
  }
  t += 10;
  for (const partition of [0, 1]) {
    const log = logs[partition]!;
    rows.push({ kind: EVENT.logEnd, t, actor: AUDITOR_AT, partition, offset: log.length, a: 0 });
    rows.push({ kind: EVENT.assign, t, actor: AUDITOR_AT, partition, offset: 0 });
    log.forEach(([writer, sequence], offset) => {
      rows.push({ kind: EVENT.read, t: t + 1, actor: AUDITOR_AT, partition, offset, sequence, a: writer, b: 0 });
    });
  }
  return { rows, logs };
}

/** Any interleaving that keeps each actor's own order, drawn by the numbers. */
function interleave(rows: readonly Row[], draws: readonly number[]): Row[] {
  const queues = [0, 1, 2, 3, 4].map((actor) => rows.filter((row) => row.actor === actor));
  const merged: Row[] = [];
  for (let draw = 0; merged.length < rows.length; draw++) {
    const waiting = queues.filter((queue) => queue.length > 0);
    merged.push(waiting[(draws[draw % draws.length]! + draw) % waiting.length]!.shift()!);
  }
  return merged;
}

const steps = fc.array(step, { maxLength: 60 });
const draws = fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 });

describe('a correct execution', () => {
  test('passes, however the rows of its actors interleave', () => {
    fc.assert(
      fc.property(steps, draws, (story, order) => {
        const { rows } = execute(story);
        const result = verdictOf(SETTING, interleave(rows, order));
        expect(result.sentence).toMatch(/^PASS/);
      }),
      { numRuns: 300 },
    );
  });

  test('that loses its page cache on its only replica is allowed, not failed, and never passes', () => {
    fc.assert(
      fc.property(steps, fc.nat(20), (story, lost) => {
        const { rows, logs } = execute(story);
        const length = logs[0]!.length;
        const kept = Math.max(0, length - 1 - lost);
        const shortened = rows.filter(
          (row) => !(row.actor === AUDITOR_AT && row.partition === 0 && row.kind === EVENT.read && row.offset! >= kept),
        );
        for (const row of shortened) if (row.kind === EVENT.logEnd && row.partition === 0) row.offset = kept;
        const last = Math.max(...shortened.filter((row) => row.actor !== AUDITOR_AT).map((row) => row.t));
        const faults = [fault('power-loss', [1], last + 1, last + 5)];
        const single: Setting = { ...SETTING, brokers: 1, replicationFactor: 1, faults };
        expect(verdictOf(single, shortened).result).toBe('allowed');
        expect(verdictOf({ ...single, faults: [fault('kill', [1], last + 1, last + 5)] }, shortened).result).toBe(
          'fail',
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** Each plants one contradiction; `pick` chooses where. Returns null where the story offers no place. */
const PLANTS: readonly (readonly [string, string, (execution: Execution, pick: number) => Row[] | null])[] = [
  [
    'P1',
    'an acknowledged record vanishes from the end of the log',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const end = logs[partition]!.length - 1;
      return rows
        .filter(
          (row) =>
            !(row.actor === AUDITOR_AT && row.kind === EVENT.read && row.partition === partition && row.offset === end),
        )
        .map((row) => (row.kind === EVENT.logEnd && row.partition === partition ? { ...row, offset: end } : row));
    },
  ],
  [
    'P2',
    'a consumer saw another record at an offset',
    ({ rows, logs }, pick) => {
      const reads = rows.filter((row) => row.kind === EVENT.read && row.actor !== AUDITOR_AT);
      if (reads.length === 0) return null;
      const victim = reads[pick % reads.length]!;
      const other = logs[victim.partition!]!.find(
        ([writer, sequence]) => writer !== victim.a || sequence !== victim.sequence,
      );
      if (other === undefined) return null;
      return rows.map((row) => (row === victim ? { ...row, a: other[0], sequence: other[1] } : row));
    },
  ],
  [
    'P3',
    'a record that nobody sent is read',
    ({ rows }, pick) => {
      const reads = rows.filter((row) => row.kind === EVENT.read);
      const victim = reads[pick % reads.length]!;
      return rows.map((row) => (row === victim ? { ...row, sequence: 5000 + pick } : row));
    },
  ],
  [
    'P4',
    'two records of a writer change places in the log',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const log = logs[partition]!;
      const first = log.findIndex(
        ([writer], index) => log.findIndex(([other], at) => other === writer && at > index) > 0,
      );
      if (first < 0) return null;
      const second = log.findIndex(([writer], index) => index > first && writer === log[first]![0]);
      const swap = new Map([
        [first, second],
        [second, first],
      ]);
      return rows.map((row) => {
        const other = row.partition === partition ? swap.get(row.offset!) : undefined;
        const isRecord = row.kind === EVENT.read || row.kind === EVENT.ack;
        if (other === undefined || !isRecord) return row;
        if (row.kind === EVENT.ack) return { ...row, offset: other };
        return { ...row, a: log[other]![0], sequence: log[other]![1] };
      });
    },
  ],
  [
    'P5',
    'a record stands twice',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const log = logs[partition]!;
      const [writer, sequence] = log[pick % log.length]!;
      const template = rows.find((row) => row.actor === AUDITOR_AT && row.kind === EVENT.read)!;
      const grown = rows.map((row) =>
        row.kind === EVENT.logEnd && row.partition === partition ? { ...row, offset: log.length + 1 } : row,
      );
      return [...grown, { ...template, partition, offset: log.length, a: writer, sequence }];
    },
  ],
  [
    'P6',
    'the auditor finds a hole',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      if (logs[partition]!.length < 2) return null;
      const hole = pick % (logs[partition]!.length - 1);
      return rows.filter(
        (row) =>
          !(row.actor === AUDITOR_AT && row.kind === EVENT.read && row.partition === partition && row.offset === hole),
      );
    },
  ],
  [
    'P10',
    'a poll repeats a record',
    ({ rows }, pick) => {
      const at = rows.findLastIndex((row) => row.kind === EVENT.read && row.actor === 2 + (pick % 2));
      return at < 0 ? null : [...rows.slice(0, at), rows[at]!, ...rows.slice(at)];
    },
  ],
  [
    'C1',
    'a consumer commits one more than it processed',
    ({ rows }, pick) => {
      const commits = rows.filter((row) => row.kind === EVENT.commit);
      if (commits.length === 0) return null;
      const victim = commits[pick % commits.length]!;
      return rows.map((row) => (row === victim ? { ...row, offset: row.offset! + 1 } : row));
    },
  ],
  [
    'C2',
    'an acknowledged commit is forgotten',
    ({ rows }) => {
      const at = rows.findIndex(
        (row, index) =>
          row.kind === EVENT.committed &&
          rows.slice(0, index).some((commit) => commit.kind === EVENT.commitAck && commit.partition === row.partition),
      );
      return at < 0 ? null : rows.map((row, index) => (index === at ? { ...row, offset: -1 } : row));
    },
  ],
  [
    'C3',
    'a stretch below the commit was not processed',
    ({ rows }) => {
      const isCommitted = (partition: number) =>
        rows.some((row) => row.kind === EVENT.commitAck && row.partition === partition && row.offset! > 0);
      const partition = [0, 1].find(isCommitted);
      if (partition === undefined) return null;
      return rows.filter((row) => !(row.kind === EVENT.processed && row.partition === partition));
    },
  ],
  [
    'C4',
    'a generation gets a second owner',
    ({ rows }, pick) => {
      const assigned = rows.filter((row) => row.kind === EVENT.assign && row.actor !== AUDITOR_AT);
      const twin = assigned[pick % assigned.length]!;
      return [...rows, { ...twin, actor: twin.actor === 2 ? 3 : 2 }];
    },
  ],
];

describe('one planted contradiction is found', () => {
  test.each(PLANTS)('%s: %s', (rule, _, plant) => {
    let planted = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), fc.nat(1000), draws, (story, pick, order) => {
        const rows = plant(execute(story), pick);
        if (rows === null) return;
        planted += 1;
        const result = verdictOf(SETTING, interleave(rows, order));
        expect(result.result).toBe('fail');
        expect(ruleOf(result, rule).result).toBe('fail');
      }),
      { numRuns: 60 },
    );
    expect(planted).toBeGreaterThan(10);
  });
});
