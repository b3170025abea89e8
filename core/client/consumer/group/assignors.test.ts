import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopicPartition } from '../../by-leader.ts';
import { type Assignment, assign, type GroupMemberSubscription } from './assignors.ts';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './protocol.ts';

function member(
  memberId: string,
  topics: readonly string[],
  extra: Partial<GroupMemberSubscription> = {},
): GroupMemberSubscription {
  return { memberId, instanceId: null, topics, owned: [], generation: -1, ...extra };
}

function text(assignment: Assignment): Record<string, string[]> {
  const entries = [...assignment].map(
    ([id, own]) => [id, own.map(({ topic, partition }) => `${topic}${partition}`)] as const,
  );
  return Object.fromEntries(entries);
}

describe('range', () => {
  it('gives neighbours, and one more to the first (the example of its documentation)', () => {
    const counts = new Map([
      ['t', 3],
      ['u', 3],
    ]);
    expect(text(assign('range', [member('b', ['t', 'u']), member('a', ['t', 'u'])], counts))).toEqual({
      a: ['t0', 't1', 'u0', 'u1'],
      b: ['t2', 'u2'],
    });
  });

  it('puts static members first, by instance id', () => {
    const members = [member('a', ['t']), member('z', ['t'], { instanceId: '1' })];
    expect(text(assign('range', members, new Map([['t', 3]])))).toEqual({ z: ['t0', 't1'], a: ['t2'] });
  });
});

describe('roundrobin', () => {
  it('deals the partitions out, passing over who is not subscribed (the example of its documentation)', () => {
    const counts = new Map([
      ['t0-', 1],
      ['t1-', 2],
      ['t2-', 3],
    ]);
    const members = [member('c0', ['t0-']), member('c1', ['t0-', 't1-']), member('c2', ['t0-', 't1-', 't2-'])];
    expect(text(assign('roundrobin', members, counts))).toEqual({
      c0: ['t0-0'],
      c1: ['t1-0'],
      c2: ['t1-1', 't2-0', 't2-1', 't2-2'],
    });
  });
});

describe('cooperative-sticky', () => {
  const counts = new Map([['t', 4]]);

  it('withholds what has to change hands until it was given up (KIP-429)', () => {
    const all = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition }));
    const first = [member('a', ['t'], { owned: all, generation: 1 }), member('b', ['t'])];
    const round = assign('cooperative-sticky', first, counts);
    expect(round.get('a')).toHaveLength(2);
    expect(round.get('b')).toHaveLength(0);
    const second = [
      member('a', ['t'], { owned: round.get('a')!, generation: 2 }),
      member('b', ['t'], { generation: 2 }),
    ];
    const next = assign('cooperative-sticky', second, counts);
    expect(next.get('a')).toEqual(round.get('a'));
    expect(next.get('b')).toHaveLength(2);
  });

  it('believes the newer generation, and neither of two with the same (KAFKA-12984)', () => {
    const zero = [{ topic: 't', partition: 0 }];
    const newer = [
      member('a', ['t'], { owned: zero, generation: 3 }),
      member('b', ['t'], { owned: zero, generation: 4 }),
    ];
    expect(text(assign('cooperative-sticky', newer, new Map([['t', 1]])))).toEqual({ a: [], b: ['t0'] });
    const same = newer.map((one) => ({ ...one, generation: 4 }));
    expect(text(assign('cooperative-sticky', same, new Map([['t', 1]])))).toEqual({ a: [], b: [] });
  });
});

const topics = ['t', 'u', 'v'];
const input = fc.record({
  counts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  members: fc.array(fc.subarray(topics, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
});

/** Joins again and again with what the last round gave, until nothing changes. */
function settle(members: readonly GroupMemberSubscription[], counts: ReadonlyMap<string, number>): Assignment {
  let now = members;
  for (let generation = 1; ; generation++) {
    const assignment = assign('cooperative-sticky', now, counts);
    const next = now.map((one) => ({ ...one, owned: assignment.get(one.memberId)!, generation }));
    const isSame = next.every((one, index) => JSON.stringify(one.owned) === JSON.stringify(now[index]!.owned));
    if (isSame) return assignment;
    if (generation > 5) throw new Error('the group does not come to rest');
    now = next;
  }
}

describe('every assignor', () => {
  const partitionsOf = (counts: ReadonlyMap<string, number>, subscribed: ReadonlySet<string>): string[] =>
    [...counts].flatMap(([topic, count]) =>
      subscribed.has(topic) ? Array.from({ length: count }, (_, partition) => `${topic} ${partition}`) : [],
    );
  const key = ({ topic, partition }: TopicPartition): string => `${topic} ${partition}`;

  it('gives each partition to one member that wants it, whatever the order of the members', () => {
    fc.assert(
      fc.property(
        input,
        fc.constantFrom('range' as const, 'roundrobin' as const, 'cooperative-sticky' as const),
        (given, name) => {
          const counts = new Map(given.counts.map((count, index) => [topics[index]!, count]));
          const members = given.members.map((wanted, index) => member(`m${index}`, wanted));
          const run = (list: readonly GroupMemberSubscription[]): Assignment =>
            name === 'cooperative-sticky' ? settle(list, counts) : assign(name, list, counts);
          const assignment = run(members);
          const given_ = [...assignment.values()].flat().map(key);
          expect(new Set(given_).size).toBe(given_.length);
          expect([...given_].sort()).toEqual(partitionsOf(counts, new Set(given.members.flat())).sort());
          for (const { memberId, topics: wanted } of members) {
            for (const { topic } of assignment.get(memberId)!) expect(wanted).toContain(topic);
          }
          expect(text(run([...members].reverse()))).toEqual(text(assignment));
        },
      ),
    );
  });

  it('of cooperative-sticky balances within one, and moves nothing when nobody came or went', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 30 }), (memberCount, count) => {
        const counts = new Map([['t', count]]);
        const members = Array.from({ length: memberCount }, (_, index) => member(`m${index}`, ['t']));
        const settled = settle(members, counts);
        const sizes = [...settled.values()].map((own) => own.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        // One leaves: the others keep all that they have.
        const left = members.slice(1).map((one) => ({ ...one, owned: settled.get(one.memberId)!, generation: 9 }));
        if (left.length === 0) return;
        const after = assign('cooperative-sticky', left, counts);
        for (const one of left) {
          const kept = new Set(after.get(one.memberId)!.map(key));
          for (const partition of one.owned) expect(kept).toContain(key(partition));
        }
      }),
    );
  });
});

describe('the embedded protocol', () => {
  it('carries subscriptions and assignments', () => {
    const owned = [
      { topic: 't', partition: 1 },
      { topic: 'u', partition: 0 },
    ];
    const subscription = encodeSubscription({ topics: ['u', 't'], owned, generation: 7, rackId: 'r' });
    expect(decodeSubscription('m', null, subscription)).toEqual(member('m', ['t', 'u'], { owned, generation: 7 }));
    expect(decodeAssignment(encodeAssignment(owned))).toEqual(owned);
    expect(decodeAssignment(new Uint8Array(0))).toEqual([]);
    expect(() => decodeAssignment(new Uint8Array([0, 1, 9]))).toThrow('cannot be read');
  });
});
