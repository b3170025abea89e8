import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { createRandom } from '../random.ts';
import { type ClusterOptions, QuorumCluster } from './testing/cluster.ts';
import { restore, toldLast } from './testing/steps.ts';
import { add, remove, votersOf } from './testing/voters.ts';
import { isSameVoter } from './voter-set.ts';
import { majorityOf } from './voting.ts';

function start(options: Omit<ClusterOptions, 'codecs' | 'settle' | 'dynamic'>): Promise<QuorumCluster> {
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return QuorumCluster.start({ ...options, dynamic: true, codecs: nodeCodecs, settle });
}

test('one leader per epoch and one history, whoever votes, crashes, is cut, or gets a new disk (law)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      async (seed, snapshots, joins) => {
        const settings = {
          'controller.quorum.auto.join.enable': String(joins),
          ...(snapshots
            ? { 'metadata.log.max.record.bytes.between.snapshots': '600', 'metadata.max.retention.bytes': '1200' }
            : {}),
        };
        await tortured(await start({ voters: 3, observers: 2, seed, settings }), seed);
      },
    ),
    { numRuns: 15 },
  );
}, 30_000);

/** Random changes of voters among crashes, cuts and new disks; then all is healed and must agree on one history. */
async function tortured(cluster: QuorumCluster, seed: string): Promise<void> {
  const random = createRandom(`torture ${seed}`);
  const asked: Promise<unknown>[] = [];
  let written = 0;
  for (let step = 0; step < 50; step++) {
    const id = random.below(5) + 1;
    const member = cluster.member(id);
    const { leader } = cluster;
    switch (random.below(9)) {
      case 0:
        if (member.quorum === null) break;
        if (random.below(2) === 0) cluster.crash(id);
        else cluster.losePower(id);
        break;
      case 1:
      case 2:
        if (member.quorum === null) await cluster.boot(id);
        break;
      case 3:
        cluster.cut(id, (id % 5) + 1);
        break;
      case 4:
        cluster.heal();
        break;
      case 5:
        if (leader !== null) asked.push(add(cluster, member, leader));
        break;
      case 6: {
        const voter = leader?.quorum?.voters().find((one) => one.id === id);
        if (leader === null || voter === undefined) break;
        const rest = leader.quorum!.voters().filter((one) => one.id !== id);
        if (isEnough(cluster, rest)) asked.push(remove(id, voter.directoryId, leader));
        break;
      }
      case 7:
        if (await canLoseDisk(cluster, id)) {
          cluster.replaceDisk(id);
          await cluster.boot(id);
        }
        break;
      default:
        cluster.write(`w${written++}`);
    }
    await cluster.run(random.below(1500));
  }
  await restore(cluster);
  expect(await toldLast(cluster)).toBe(true);
  const agree = (): boolean => new Set(cluster.members.map((member) => votersOf(member).join())).size === 1;
  expect(await cluster.runUntil(agree, 30_000)).toBe(true);
  for (const member of cluster.members) expect(member.recorder.values).toEqual(cluster.history);
  await cluster.close();
  await Promise.all(asked);
}

/** Whether a majority of these voters has the disk that it votes with. */
function isEnough(
  cluster: QuorumCluster,
  voters: readonly { readonly id: number; readonly directoryId: string }[],
): boolean {
  const whole = voters.filter((voter) => isSameVoter(voter, cluster.member(voter.id)));
  return whole.length >= majorityOf(voters.length) && voters.length > 0;
}

/** Heals all, waits until all agree on who votes, and says whether a majority of them is left without this one. */
async function canLoseDisk(cluster: QuorumCluster, id: number): Promise<boolean> {
  await restore(cluster);
  const settled = (): boolean => {
    const { leader } = cluster;
    if (leader === null) return false;
    const { history, highWatermark, logEndOffset } = leader.quorum!;
    return (
      (history.inLog?.offset ?? 0) < highWatermark &&
      cluster.members.every(({ quorum }) => quorum!.logEndOffset === logEndOffset) &&
      new Set(cluster.members.map((member) => votersOf(member).join())).size === 1
    );
  };
  if (!(await cluster.runUntil(settled, 20_000))) throw new Error('the members do not agree on who votes');
  const voters = cluster.leader!.quorum!.voters();
  return isEnough(
    cluster,
    voters.map((voter) => (voter.id === id ? { ...voter, directoryId: 'gone' } : voter)),
  );
}
