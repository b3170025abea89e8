import { describe, expect, test } from 'vitest';
import { QuorumCluster } from './testing/cluster.ts';

async function elected(cluster: QuorumCluster): Promise<number> {
  const ok = await cluster.runUntil(() => {
    const { leader } = cluster;
    return leader !== null && leader.recorder.leader.id === leader.id;
  }, 20_000);
  expect(ok).toBe(true);
  return cluster.leader!.id;
}

function agreed(cluster: QuorumCluster, values: readonly string[]): boolean {
  return cluster.members.every((member) => member.quorum === null || member.recorder.values.join() === values.join());
}

describe('a quorum of several', () => {
  test('elects one leader, which every member hears of, and commits what it appends', async () => {
    const cluster = await QuorumCluster.start({ voters: 3, observers: 1, seed: 'elect' });
    const leader = await elected(cluster);
    for (let count = 0; count < 20; count++) cluster.write(`v${count}`);
    const values = Array.from({ length: 20 }, (_, count) => `v${count}`);
    expect(await cluster.runUntil(() => agreed(cluster, values), 5000)).toBe(true);
    expect(cluster.members.map((member) => member.recorder.leader.id)).toEqual([leader, leader, leader, leader]);
    const description = cluster.leader!.quorum!.describe();
    expect(description.voters.map((voter) => voter.id)).toEqual([1, 2, 3]);
    expect(description.observers.map((observer) => observer.id)).toEqual([4]);
    await cluster.close();
  });
});
