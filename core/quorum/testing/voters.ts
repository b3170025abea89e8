import { addRaftVoter, complete, removeRaftVoter } from '../../protocol/index.ts';
import type { Member, QuorumCluster } from './cluster.ts';

type Answer = Promise<{ readonly errorCode?: number | undefined }>;

/** Who votes, as this member has it. */
export function votersOf(member: Member): readonly string[] {
  return member.quorum!.voters().map(({ id, directoryId }) => `${id} ${directoryId}`);
}

export function named(...members: readonly Member[]): readonly string[] {
  return members.map(({ id, directoryId }) => `${id} ${directoryId}`);
}

export async function answered(cluster: QuorumCluster, promise: Answer): Promise<number> {
  let code: number | null = null;
  const waiting = promise.then((response) => {
    code = response.errorCode ?? 0;
  });
  if (!(await cluster.runUntil(() => code !== null, 10_000))) throw new Error('no answer');
  await waiting;
  return code!;
}

export function add(cluster: QuorumCluster, member: Member, at: Member = cluster.leader!): Answer {
  const request = { voterId: member.id, voterDirectoryId: member.directoryId, listeners: cluster.endpointsOf(member) };
  return at.quorum!.changes.add(complete(addRaftVoter.request, { clusterId: 'cluster', timeoutMs: 1000, ...request }));
}

export function remove(id: number, voterDirectoryId: string, at: Member): Answer {
  const request = { clusterId: 'cluster', voterId: id, voterDirectoryId };
  return at.quorum!.changes.remove(complete(removeRaftVoter.request, request));
}
