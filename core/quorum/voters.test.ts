import { describe, expect, test, vi } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { ErrorCode } from '../protocol/index.ts';
import type { QuorumFaults } from './faults.ts';
import { type ClusterOptions, type Member, QuorumCluster } from './testing/cluster.ts';
import { agreed, elected } from './testing/steps.ts';
import { add, answered, named, remove, votersOf } from './testing/voters.ts';

function start(options: Omit<ClusterOptions, 'codecs' | 'settle'>): Promise<QuorumCluster> {
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return QuorumCluster.start({ dynamic: true, ...options, codecs: nodeCodecs, settle });
}

describe('voters that stand in the log (KIP-853)', () => {
  test('one voter grows to three, and the first leaves', async () => {
    const cluster = await start({ voters: 1, observers: 2, seed: 'grow' });
    const [one, two, three] = cluster.members as [Member, Member, Member];
    expect((await elected(cluster)).id).toBe(1);
    cluster.write('a');
    expect(await cluster.runUntil(() => agreed(cluster, 'a'), 5000)).toBe(true);
    expect(await answered(cluster, add(cluster, two))).toBe(ErrorCode.none);
    expect(await answered(cluster, add(cluster, three))).toBe(ErrorCode.none);
    expect(await answered(cluster, add(cluster, three))).toBe(ErrorCode.duplicateVoter);
    cluster.write('b');
    expect(await cluster.runUntil(() => agreed(cluster, 'a', 'b'), 5000)).toBe(true);
    for (const member of cluster.members) expect(votersOf(member)).toEqual(named(one, two, three));

    expect(await answered(cluster, remove(1, one.directoryId, one))).toBe(ErrorCode.none);
    expect(await cluster.runUntil(() => cluster.leader !== null && cluster.leader.id !== 1, 3000)).toBe(true);
    await elected(cluster);
    cluster.write('c');
    expect(await cluster.runUntil(() => agreed(cluster, 'a', 'b', 'c'), 10_000)).toBe(true);
    for (const member of cluster.members) expect(votersOf(member)).toEqual(named(two, three));
    expect(await answered(cluster, remove(1, one.directoryId, cluster.leader!))).toBe(ErrorCode.voterNotFound);
    expect(cluster.leader!.quorum!.describe().observers.map(({ id }) => id)).toEqual([1]);
    await cluster.close();
  });

  test('voters outlive restarts, and snapshots that have taken the place of their records', async () => {
    const settings = {
      'metadata.log.max.record.bytes.between.snapshots': '500',
      'metadata.max.retention.bytes': '800',
    };
    const cluster = await start({ voters: 1, observers: 2, seed: 'outlive', settings });
    await elected(cluster);
    await cluster.run(1000);
    expect(await answered(cluster, add(cluster, cluster.member(2)))).toBe(ErrorCode.none);
    const values = Array.from({ length: 150 }, (_, index) => `v${index}`);
    for (const value of values) {
      cluster.write(value);
      await cluster.run(5);
    }
    expect(await cluster.runUntil(() => agreed(cluster, ...values), 5000)).toBe(true);
    for (const { id } of cluster.members) cluster.losePower(id);
    for (const { id } of cluster.members) await cluster.boot(id);
    for (const member of cluster.members) {
      const { log, history } = member.quorum!;
      // Where its record was, no change is known from now on: the snapshot says who votes.
      expect(history.inLog!.offset).toBe(log.latestSnapshot!.endOffset - 1);
      expect(votersOf(member)).toEqual(named(cluster.member(1), cluster.member(2)));
    }
    await elected(cluster);
    cluster.write('last');
    expect(await cluster.runUntil(() => agreed(cluster, ...values, 'last'), 10_000)).toBe(true);
    await cluster.close();
  });

  /** Two of three have a record; then one of them gets an empty disk, and only it and the third, which never had it, run. */
  async function halfLost(
    faults: QuorumFaults = {},
  ): Promise<{ cluster: QuorumCluster; leader: Member; former: string }> {
    const cluster = await start({ voters: 3, seed: 'replaced', faults });
    const leader = await elected(cluster);
    cluster.write('kept');
    expect(await cluster.runUntil(() => agreed(cluster, 'kept'), 5000)).toBe(true);
    const [second, third] = cluster.members.filter(({ id }) => id !== leader.id) as [Member, Member];
    const former = second.directoryId;
    // The third has nothing of what follows; the empty second must not help it to a majority.
    cluster.crash(third.id);
    cluster.write('only two have this');
    expect(await cluster.runUntil(() => second.recorder.values.length === 2, 5000)).toBe(true);
    cluster.crash(leader.id);
    cluster.replaceDisk(second.id);
    await cluster.boot(second.id);
    await cluster.boot(third.id);
    return { cluster, leader, former };
  }

  test('a voter whose disk was replaced counts for nothing until it is removed and added', async () => {
    const { cluster, leader, former } = await halfLost();
    const [second, third] = cluster.members.filter(({ id }) => id !== leader.id) as [Member, Member];
    await cluster.run(20_000);
    expect(cluster.leader).toBe(null);

    await cluster.boot(leader.id);
    const next = await elected(cluster);
    expect(await cluster.runUntil(() => agreed(cluster, 'kept', 'only two have this'), 10_000)).toBe(true);
    expect(next.id).toBe(leader.id);
    expect(await answered(cluster, add(cluster, second))).toBe(ErrorCode.duplicateVoter);
    expect(await answered(cluster, remove(second.id, former, next))).toBe(ErrorCode.none);
    expect(await answered(cluster, add(cluster, second))).toBe(ErrorCode.none);
    cluster.crash(third.id);
    cluster.write('by the new disk');
    const all = ['kept', 'only two have this', 'by the new disk'];
    expect(await cluster.runUntil(() => agreed(cluster, ...all), 5000)).toBe(true);
    await cluster.close();
  });

  test('broken on purpose: the new disk counted as the old voter loses what was committed', async () => {
    const { cluster } = await halfLost({ anyDirectoryVotes: true });
    await cluster.runUntil(() => cluster.leader !== null, 30_000);
    cluster.write('instead');
    await expect(cluster.run(5000)).rejects.toThrow('committed');
  });

  test('with controller.quorum.auto.join.enable it does so itself, and so does a new controller', async () => {
    const settings = { 'controller.quorum.auto.join.enable': 'true' };
    const cluster = await start({ voters: 3, observers: 1, seed: 'join', settings });
    await elected(cluster);
    expect(await cluster.runUntil(() => votersOf(cluster.leader!).length === 4, 20_000)).toBe(true);
    const away = cluster.members.find(({ id }) => id !== cluster.leader!.id)!;
    cluster.replaceDisk(away.id);
    await cluster.boot(away.id);
    const joined = (): boolean => cluster.leader !== null && votersOf(cluster.leader).includes(named(away)[0]!);
    expect(await cluster.runUntil(joined, 30_000)).toBe(true);
    await cluster.run(3000);
    for (const member of cluster.members) expect(votersOf(member)).toEqual(named(...cluster.members));
    await cluster.close();
  });

  test('a change that no majority has is taken back with the leader that made it', async () => {
    const cluster = await start({ voters: 3, observers: 1, seed: 'taken back' });
    const first = await elected(cluster);
    cluster.write('a');
    expect(await cluster.runUntil(() => agreed(cluster, 'a'), 5000)).toBe(true);
    cluster.isolate(first.id);
    const gone = cluster.members.find(({ id }) => id !== first.id && id !== 4)!;
    const answer = remove(gone.id, gone.directoryId, first);
    expect(votersOf(first)).not.toContain(named(gone)[0]);
    expect(await answered(cluster, answer)).toBe(ErrorCode.requestTimedOut);
    expect(await cluster.runUntil(() => cluster.leader?.id !== first.id && cluster.leader !== null, 20_000)).toBe(true);
    await elected(cluster);
    cluster.write('b');
    cluster.heal();
    expect(await cluster.runUntil(() => agreed(cluster, 'a', 'b'), 20_000)).toBe(true);
    for (const member of cluster.members) expect(votersOf(member)).toEqual(named(...cluster.members.slice(0, 3)));
    await cluster.close();
  });

  test('voters follow a member to where it is reached now', async () => {
    const cluster = await start({ voters: 3, seed: 'moved' });
    await elected(cluster);
    for (const { id } of cluster.members) {
      cluster.crash(id);
      await cluster.boot(id);
      await cluster.run(3000);
    }
    await elected(cluster);
    await cluster.run(10_000);
    for (const { quorum } of cluster.members) {
      const ports = cluster.members.map((member) => cluster.endpointsOf(member)[0]!.port);
      expect(quorum!.voters().map(({ port }) => port)).toEqual(ports);
      expect(Math.min(...ports)).toBeGreaterThan(9093);
    }
    await cluster.close();
  });
});

test('voters of a configuration tell each new leader once what the log would say of them', async () => {
  const cluster = await start({ voters: 3, observers: 1, dynamic: false, seed: 'told' });
  const told = (leader: Member) => {
    const update = vi.spyOn(leader.quorum!.changes, 'update');
    return () => ({
      asked: update.mock.calls.map(([request]) => request).sort((a, b) => a.voterId - b.voterId),
      answered: update.mock.results.map(({ value }) => (value as { errorCode: number }).errorCode),
    });
  };
  const first = await elected(cluster);
  const asked = told(first);
  await cluster.run(10_000);
  const kRaftVersionFeature = { minSupportedVersion: 0, maxSupportedVersion: 1 };
  const expected = cluster.members
    .filter(({ id }) => id !== first.id && id !== 4)
    .map((member) => ({
      voterId: member.id,
      voterDirectoryId: member.directoryId,
      currentLeaderEpoch: first.recorder.leader.epoch,
      listeners: cluster.endpointsOf(member),
      kRaftVersionFeature,
    }));
  expect(asked()).toMatchObject({ asked: expected, answered: [ErrorCode.none, ErrorCode.none] });

  cluster.crash(first.id);
  const second = await elected(cluster);
  const again = told(second);
  await cluster.boot(first.id);
  await cluster.run(10_000);
  expect(again().asked.map(({ voterId }) => voterId)).toEqual([1, 2, 3].filter((id) => id !== second.id));
  expect(again().answered).toEqual([ErrorCode.none, ErrorCode.none]);
  await cluster.close();
});
