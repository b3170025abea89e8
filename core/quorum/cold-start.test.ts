import { expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { createRandom } from '../random.ts';
import { Election } from './election.ts';
import type { VoteAnswer } from './election-types.ts';
import { type ClusterOptions, QuorumCluster } from './testing/cluster.ts';
import { agreed, elected } from './testing/steps.ts';

function start(options: Omit<ClusterOptions, 'codecs' | 'settle' | 'voters'>): Promise<QuorumCluster> {
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return QuorumCluster.start({ ...options, voters: 3, codecs: nodeCodecs, settle });
}

/** A message takes up to 4.5 ms each way: pre-vote, vote, word of the leader, and its first record. */
const ELECTION_MS = 50;
const IDS = [1, 2, 3] as const;

function stopAll(cluster: QuorumCluster): void {
  for (const { quorum } of cluster.members) quorum?.failed(new Error('crashed'));
}

async function epochOfFirst(cluster: QuorumCluster): Promise<number> {
  return (await elected(cluster)).quorum!.leader.epoch;
}

test('three voters that start together have a leader within the messages that it takes, from one election', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const cluster = await start({ seed: `together ${seed}` });
    expect(await epochOfFirst(cluster)).toBe(1);
    expect(cluster.time.nowMs).toBeLessThanOrEqual(ELECTION_MS);
    await cluster.run(300);
    expect(cluster.leader!.quorum!.leader).toEqual({ id: 1, epoch: 1 });
    stopAll(cluster);
  }
});

test('voters that start one after another have a leader soon after the second, whoever is first', async () => {
  const tookMs: number[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const random = createRandom(`order ${seed}`);
    const order = [...IDS].sort((a, b) => ((a + seed) % 3) - ((b + seed) % 3));
    if (seed % 2 === 1) order.reverse();
    const cluster = await start({ seed: `order ${seed}`, down: IDS });
    await cluster.boot(order[0]!);
    await cluster.run(random.below(400));
    await cluster.boot(order[1]!);
    const before = cluster.time.nowMs;
    if (random.below(2) === 0) await cluster.boot(order[2]!);
    await elected(cluster);
    tookMs.push(cluster.time.nowMs - before);
    stopAll(cluster);
  }
  // Now and then the second stands while the first does so again: two candidates, and nobody else to decide.
  expect(tookMs.filter((ms) => ms <= ELECTION_MS).length).toBeGreaterThanOrEqual(tookMs.length * 0.8);
  expect(Math.max(...tookMs)).toBeLessThanOrEqual(1500);
});

test('two voters elect one of them while the third is not there, or does not answer', async () => {
  for (const [seed, third] of [1, 2, 3, 1, 2, 3].entries()) {
    const cluster = await start({ seed: `third ${seed}`, ...(seed < 3 ? { down: [third] } : {}) });
    if (seed >= 3) cluster.isolate(third);
    await elected(cluster);
    // A silent voter may be a leader: it is given a fifth of the election timeout.
    expect(cluster.time.nowMs).toBeLessThanOrEqual(seed < 3 ? 150 + ELECTION_MS : 350 + ELECTION_MS);
    await cluster.close();
  }
});

test('a voter that comes back with an empty disk disturbs no leader', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const cluster = await start({ seed: `replaced ${seed}` });
    await elected(cluster);
    cluster.write('kept');
    await cluster.runUntil(() => agreed(cluster, 'kept'), 1000);
    const { leader } = cluster.leader!.quorum!;
    const replaced = IDS.filter((id) => id !== leader.id)[seed % 2]!;
    cluster.replaceDisk(replaced);
    await cluster.boot(replaced);
    await cluster.run(1500);
    expect(cluster.leader!.quorum!.leader).toEqual(leader);
    expect(agreed(cluster, 'kept')).toBe(true);
    await cluster.close();
  }
});

test('a voter with an empty log raises no epoch before all have answered, or had the time to', () => {
  const voters = IDS.map((id) => ({ id, directoryId: `directory ${id}` }));
  const standing = (endOffset: number): Election => {
    const timing = { electionTimeoutMs: 1000, electionBackoffMaxMs: 1000, fetchTimeoutMs: 2000 };
    const log = { endOffset, lastEpoch: 0 };
    const election = new Election({ self: voters[0]!, voters: () => voters, log, timing, random: createRandom('one') });
    election.step({ kind: 'start', state: { epoch: 0, leaderId: -1, voted: null } }, 0);
    expect(election.step({ kind: 'tick' }, 0)).toEqual([{ kind: 'requestVotes', epoch: 0, preVote: true }]);
    return election;
  };
  const hear = (election: Election, from: number, answer: VoteAnswer): string => {
    election.step({ kind: 'voteAnswered', from, epoch: 0, preVote: true, answer }, 5);
    return election.role.kind;
  };
  expect(hear(standing(7), 2, 'granted')).toBe('candidate');

  const waits = standing(0);
  expect(hear(waits, 2, 'granted')).toBe('prospective');
  // The third leads, and says so only now.
  waits.step({ kind: 'epochSeen', epoch: 4, leaderId: 3 }, 100);
  expect(waits.role).toMatchObject({ kind: 'follower', leaderId: 3, epoch: 4 });

  for (const answer of ['granted', 'refused', 'unreachable'] as const) {
    const heard = standing(0);
    hear(heard, 2, 'granted');
    expect(hear(heard, 3, answer)).toBe('candidate');
  }

  const silent = standing(0);
  hear(silent, 2, 'granted');
  silent.step({ kind: 'tick' }, silent.deadlineMs!);
  expect([silent.role.kind, silent.deadlineMs! > 205]).toEqual(['candidate', true]);
  expect(silent.role.epoch).toBe(1);
});
