import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StillTime } from '../log/testing/world.ts';
import { decodeVersioned, encodeVersioned, fetch } from '../protocol/index.ts';
import { createRandom } from '../random.ts';
import { type FetchPosition, FollowerFetchSession } from '../replication/fetch-session.ts';
import type { Partition } from '../replication/index.ts';
import { FetchSessions } from './fetch-sessions.ts';

const VERSION = 17;
const TOPICS = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg'];
/** As far as a session is concerned a partition is its name. */
const PARTITIONS = TOPICS.flatMap((topicId) =>
  [0, 1, 2].map((partition) => ({ topicId, partition }) as unknown as Partition),
);

const positions = fc.array(
  fc.record({
    index: fc.nat(PARTITIONS.length - 1),
    leaderEpoch: fc.nat(2),
    fetchOffset: fc.nat(3),
    lastFetchedEpoch: fc.integer({ min: -1, max: 1 }),
    logStartOffset: fc.nat(1),
  }),
  { minLength: 1, maxLength: 6 },
);
const step = fc.record({
  positions,
  fate: fc.constantFrom('answered', 'answered', 'answered', 'answer lost', 'request lost', 'another leader life'),
});

const newSessions = (sessionsMax: number): FetchSessions =>
  new FetchSessions({ clock: new StillTime(), random: createRandom('sessions'), sessionsMax, evictionMsMin: 0 });

const shown = (of: readonly { topicId: string; partition: number; fetchOffset: number }[]): string[] =>
  of.map((each) => JSON.stringify(each)).sort();

test('whatever is lost between them, the leader looks at what the follower wants, or says that it must ask anew', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 1, 10), (steps, sessionsMax) => {
      const follower = new FollowerFetchSession(1000);
      let leader = newSessions(sessionsMax);
      for (const { positions: drawn, fate } of steps) {
        const wanted = new Map<Partition, FetchPosition>();
        for (const { index, ...position } of drawn) {
          wanted.set(PARTITIONS[index]!, { partition: PARTITIONS[index]!, ...position });
        }
        if (fate === 'another leader life') leader = newSessions(sessionsMax);
        const asked = follower.request([...wanted.values()]);
        if (fate === 'request lost') {
          follower.failed();
          continue;
        }
        const request = decodeVersioned(fetch.request, encodeVersioned(fetch.request, VERSION, asked)).message;
        const scope = leader.scope(request, VERSION);
        if (scope.kind === 'refused') {
          // Only a leader that does not know the session may refuse it.
          expect(fate).toBe('another leader life');
          follower.failed();
          continue;
        }
        expect(
          shown(
            scope.partitions.map(
              ({ topicId, partition, fetchOffset, currentLeaderEpoch, lastFetchedEpoch, logStartOffset }) => ({
                ...{
                  topicId,
                  partition,
                  fetchOffset,
                  leaderEpoch: currentLeaderEpoch,
                  lastFetchedEpoch,
                  logStartOffset,
                },
              }),
            ),
          ),
        ).toEqual(
          shown(
            [...wanted.values()].map(({ partition, fetchOffset, leaderEpoch, lastFetchedEpoch, logStartOffset }) => ({
              ...{ topicId: partition.topicId, partition: partition.partition },
              ...{ fetchOffset, leaderEpoch, lastFetchedEpoch, logStartOffset },
            })),
          ),
        );
        for (const { partition, leaderEpoch } of wanted.values()) {
          expect(follower.asked(partition, leaderEpoch)).toBe(true);
          expect(follower.asked(partition, leaderEpoch + 1)).toBe(false);
        }
        let sessionId = scope.kind === 'incremental' ? scope.session.id : 0;
        if (scope.kind === 'full' && scope.opens) sessionId = leader.open(scope.partitions, true, true);
        if (fate === 'answer lost') follower.failed();
        else follower.answered(sessionId);
        expect(leader.size).toBeLessThanOrEqual(sessionsMax);
      }
    }),
    { numRuns: 300 },
  );
});

test('what stands still is named once', () => {
  const follower = new FollowerFetchSession(1000);
  const at = (fetchOffset: number): FetchPosition[] =>
    PARTITIONS.map((partition, index) => ({
      ...{ partition, leaderEpoch: 0, lastFetchedEpoch: 0, logStartOffset: 0 },
      fetchOffset: index === 0 ? fetchOffset : 0,
    }));
  const named = (fetchOffset: number): number => {
    const { topics } = follower.request(at(fetchOffset));
    follower.answered(7);
    return topics!.flatMap(({ partitions }) => partitions).length;
  };
  expect([named(0), named(0), named(1), named(1)]).toEqual([PARTITIONS.length, 0, 1, 0]);
  follower.failed();
  expect(named(1)).toBe(PARTITIONS.length);
});
