import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { QuorumRole, ReplicaKey, VoteAnswer } from './election-types.ts';
import { heldByMajority, type LeaderRole, type Measure, progressed, unknownProgress } from './replica-progress.ts';
import { grantsVote, isLost, isMajority, majorityOf, tallied } from './voting.ts';

const key = (id: number): ReplicaKey => ({ id, directoryId: `directory ${id}` });
const EPOCH_START = 4;

function leader(voters: readonly ReplicaKey[], nowMs: number): LeaderRole {
  const granted = new Set(voters.map(({ id }) => id));
  const progress = unknownProgress(voters, nowMs);
  const base = { kind: 'leader', epoch: 3, voted: null, leaderId: 1, deadlineMs: nowMs + 3000 } as const;
  return { ...base, epochStartOffset: EPOCH_START, granted, progress };
}

function measure(voters: readonly ReplicaKey[], self = 1): Measure {
  const timing = { electionTimeoutMs: 1000, electionBackoffMaxMs: 1000, fetchTimeoutMs: 2000 };
  return { self: key(self), voters: () => voters, log: { endOffset: 100, lastEpoch: 3 }, timing };
}

const fetches = fc.array(
  fc.record({ id: fc.integer({ min: 1, max: 7 }), endOffset: fc.nat(8), afterMs: fc.nat(1000) }),
  { maxLength: 30 },
);

test('what a majority holds is held by a majority, and nothing above it is (law)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fetches, (count, steps) => {
      const voters = Array.from({ length: count }, (_, index) => key(index + 1));
      const by = measure(voters);
      const furthest = new Map<number, number>();
      let role = leader(voters, 0);
      let nowMs = 0;
      for (const { id, endOffset, afterMs } of steps) {
        nowMs += afterMs;
        role = progressed(role, key(id), endOffset, nowMs, by);
        furthest.set(id, Math.max(furthest.get(id) ?? -1, endOffset));
      }
      // Replicas that do not vote (6 and 7 always) count for nothing, however far they are.
      const holders = (offset: number): number => voters.filter(({ id }) => (furthest.get(id) ?? -1) >= offset).length;
      const held = heldByMajority(role, by);
      const enough = (offset: number): boolean => holders(offset) * 2 > count;
      if (held === null) expect(enough(EPOCH_START + 1)).toBe(false);
      else {
        expect(held).toBeGreaterThan(EPOCH_START);
        expect(enough(held)).toBe(true);
        expect(enough(held + 1)).toBe(false);
      }
    }),
  );
});

test('a leader leads on for one and a half fetch timeouts after a majority, itself in it, has fetched (law)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), fetches, (count, steps) => {
      const voters = Array.from({ length: count }, (_, index) => key(index + 1));
      const by = measure(voters);
      const fetched = new Map<number, number>();
      let role = leader(voters, 0);
      let nowMs = 0;
      for (const { id, endOffset, afterMs } of steps) {
        nowMs += afterMs;
        role = progressed(role, key(id), endOffset, nowMs, by);
        if (id > 1 && id <= count) fetched.set(id, nowMs);
      }
      const times = [...fetched.values(), ...Array<number>(count - 1 - fetched.size).fill(0)].sort((a, b) => b - a);
      expect(role.deadlineMs).toBe(times[majorityOf(count) - 2]! + 3000);
    }),
  );
});

test('an election is never both won and lost, and a refusal that is taken back counts as a vote (law)', () => {
  const said = fc.constantFrom<VoteAnswer>('granted', 'refused', 'unreachable');
  const answers = fc.array(fc.record({ from: fc.integer({ min: 2, max: 5 }), answer: said }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), answers, (count, heard) => {
      const voters = Array.from({ length: count }, (_, index) => key(index + 1));
      const standing = { kind: 'candidate', epoch: 3, voted: key(1), leaderId: -1, deadlineMs: 0 } as const;
      let role: Extract<QuorumRole, { kind: 'prospective' | 'candidate' }> = {
        ...standing,
        granted: new Set([1]),
        rejected: new Set(),
        unreachable: new Set(),
      };
      const ever = new Set([1]);
      for (const { from, answer } of heard.filter((one) => one.from <= count)) {
        // Of one epoch a vote that was given cannot be refused: the voter has it on disk.
        role = tallied(role, from, answer === 'refused' && ever.has(from) ? 'granted' : answer);
        if (answer === 'granted') ever.add(from);
        expect(isMajority(role.granted, voters) && isLost(role, voters)).toBe(false);
      }
      expect(role.granted).toEqual(ever);
    }),
  );
});

test('a voter gives one vote an epoch, to a log at least as long as its own, and none under a leader (law)', () => {
  const log = { endOffset: 20, lastEpoch: 2 };
  const asked = fc.record({
    candidate: fc.integer({ min: 2, max: 4 }).map(key),
    lastEpoch: fc.nat(4),
    lastOffset: fc.nat(40),
    preVote: fc.boolean(),
  });
  const voted = fc.option(fc.integer({ min: 1, max: 4 }).map(key), { nil: null });
  fc.assert(
    fc.property(asked, voted, fc.boolean(), fc.boolean(), (request, before, follows, fetched) => {
      const base = { epoch: 3, voted: before, deadlineMs: 0 };
      const role: QuorumRole = follows
        ? { ...base, kind: 'follower', leaderId: 4, fetched }
        : { ...base, kind: 'unattached', leaderId: -1 };
      const granted = grantsVote(role, { ...request, epoch: 3 }, { self: key(1), log });
      const isBehind = request.lastEpoch < 2 || (request.lastEpoch === 2 && request.lastOffset < 20);
      if (request.preVote) expect(granted).toBe(!isBehind && !(follows && fetched));
      else if (before !== null) expect(granted).toBe(before.id === request.candidate.id);
      else expect(granted).toBe(!isBehind && !follows);
    }),
  );
});
