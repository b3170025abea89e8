import type { beginQuorumEpoch, Draft, endQuorumEpoch, Message, vote } from '../protocol/index.ts';
import type { ReplicaKey, VoteRequested } from './election-types.ts';

/** The quorum's messages name topics and partitions; there is only ever this one. */
const TOPIC = '__cluster_metadata';

/** What every answer between members says of epoch and leader. */
export interface PeerView {
  readonly errorCode: number;
  readonly epoch: number;
  readonly leaderId: number;
}

export function voteDraft(clusterId: string, to: ReplicaKey, request: VoteRequested): Draft<typeof vote.request> {
  const partition = {
    partitionIndex: 0,
    replicaEpoch: request.epoch,
    replicaId: request.candidate.id,
    replicaDirectoryId: request.candidate.directoryId,
    voterDirectoryId: to.directoryId,
    lastOffsetEpoch: request.lastEpoch,
    lastOffset: request.lastOffset,
    preVote: request.preVote,
  };
  return { clusterId, voterId: to.id, topics: [{ topicName: TOPIC, partitions: [partition] }] };
}

/** Null when the request is about something else than the metadata partition. */
export function readVote(request: Message<typeof vote.request>): VoteRequested | null {
  const partition = request.topics.find((topic) => topic.topicName === TOPIC)?.partitions[0];
  if (partition === undefined || partition.partitionIndex !== 0) return null;
  return {
    epoch: partition.replicaEpoch,
    candidate: { id: partition.replicaId, directoryId: partition.replicaDirectoryId },
    lastEpoch: partition.lastOffsetEpoch,
    lastOffset: partition.lastOffset,
    preVote: partition.preVote,
  };
}

export function voteAnswer(view: PeerView, granted: boolean): Draft<typeof vote.response> {
  return {
    errorCode: 0,
    topics: [{ topicName: TOPIC, partitions: [{ ...partitionView(view), voteGranted: granted }] }],
  };
}

export function beginDraft(
  clusterId: string,
  to: ReplicaKey,
  leader: { readonly id: number; readonly epoch: number },
): Draft<typeof beginQuorumEpoch.request> {
  const partition = {
    partitionIndex: 0,
    voterDirectoryId: to.directoryId,
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
  };
  return { clusterId, voterId: to.id, topics: [{ topicName: TOPIC, partitions: [partition] }] };
}

export function endDraft(
  clusterId: string,
  leader: { readonly id: number; readonly epoch: number },
  preferred: readonly ReplicaKey[],
): Draft<typeof endQuorumEpoch.request> {
  const partition = {
    partitionIndex: 0,
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
    preferredSuccessors: preferred.map((key) => key.id),
    preferredCandidates: preferred.map((key) => ({ candidateId: key.id, candidateDirectoryId: key.directoryId })),
  };
  return { clusterId, topics: [{ topicName: TOPIC, partitions: [partition] }] };
}

/** Answers of BeginQuorumEpoch and EndQuorumEpoch. */
export function epochAnswer(view: PeerView): Draft<typeof beginQuorumEpoch.response> {
  return { errorCode: 0, topics: [{ topicName: TOPIC, partitions: [partitionView(view)] }] };
}

function partitionView(view: PeerView): {
  partitionIndex: number;
  errorCode: number;
  leaderId: number;
  leaderEpoch: number;
} {
  return { partitionIndex: 0, errorCode: view.errorCode, leaderId: view.leaderId, leaderEpoch: view.epoch };
}

interface PartitionAnswer {
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly voteGranted?: boolean;
}

/** The metadata partition's part of an answer; null when it has none. */
export function partitionAnswer(response: {
  readonly errorCode: number;
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[];
}): PartitionAnswer | null {
  if (response.errorCode !== 0) return null;
  return response.topics.find((topic) => topic.topicName === TOPIC)?.partitions[0] ?? null;
}
