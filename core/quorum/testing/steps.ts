import type { Member, QuorumCluster } from './cluster.ts';

/** Waits until somebody leads and knows it. */
export async function elected(cluster: QuorumCluster): Promise<Member> {
  const ok = await cluster.runUntil(() => {
    const { leader } = cluster;
    return leader !== null && leader.recorder.leader.id === leader.id;
  }, 30_000);
  if (!ok) throw new Error('nobody was elected');
  return cluster.leader!;
}

/** Whether every member that runs has been told just these. */
export function agreed(cluster: QuorumCluster, ...values: readonly string[]): boolean {
  return cluster.members.every((member) => member.quorum === null || member.recorder.values.join() === values.join());
}

/** No link is cut any more, and every member runs. */
export async function restore(cluster: QuorumCluster): Promise<void> {
  cluster.heal();
  for (const member of cluster.members) if (member.quorum === null) await cluster.boot(member.id);
}

/** Writes 'last' until all have heard it: what a leader appends that is about to lose the lead may be lost, unpromised. */
export async function toldLast(cluster: QuorumCluster): Promise<boolean> {
  const last = (): boolean => cluster.members.every((member) => member.recorder.values.at(-1) === 'last');
  for (let attempt = 0; attempt < 5 && !last(); attempt++) {
    await elected(cluster);
    cluster.write('last');
    await cluster.runUntil(last, 6000);
  }
  return last();
}
