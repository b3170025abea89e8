import {
  type beginQuorumEpoch,
  type Draft,
  type endQuorumEpoch,
  type Message,
  type vote,
  ZERO_UUID,
} from '../protocol/index.ts';
import type { ReplicaKey, VoteRequested } from './election-types.ts';
import type { PeerAddress } from './peers.ts';
import type { VoterEndpoint } from './voter-set.ts';

/** The quorum's messages name topics and partitions; there is only ever this one. */
const TOPIC = '__cluster_metadata';

/** What every answer between members says of epoch and leader. */
export interface PeerView {
  readonly errorCode: number;
  readonly epoch: number;
  readonly leaderId: number;
  /** Where the leader is reached, for those who may not know. */
  readonly leaderAddress: PeerAddress | null;
}

/** A leader, and where it is reached (told from kraft.version 1 on: voters of a configuration know it). */
export interface LeaderIdentity {
  readonly id: number;
  readonly epoch: number;
  readonly endpoints: readonly VoterEndpoint[];
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** The field of an answer that tells where its leader is reached. */
export function nodeEndpoints(leader: PeerAddress | null): { nodeEndpoints?: readonly NodeEndpoint[] } {
  return leader === null ? {} : { nodeEndpoints: [{ nodeId: leader.id, host: leader.host, port: leader.port }] };
}

/** Where an answer says that its leader is reached. */
export function leaderAddressIn(endpoints: readonly NodeEndpoint[], leaderId: number): PeerAddress | null {
  const found = endpoints.find(({ nodeId }) => nodeId === leaderId);
  return found === undefined ? null : { id: leaderId, host: found.host, port: found.port };
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

/** Whether a message meant this member: another node, or another directory of it, may be reached where it was (KIP-853). */
export function isMeantFor(self: ReplicaKey, voterId: number, voterDirectoryId: string): boolean {
  if (voterId < 0) return true;
  return voterId === self.id && (voterDirectoryId === ZERO_UUID || voterDirectoryId === self.directoryId);
}

/** The directory of the voter that is asked; the zero uuid where none is named. */
export function votersDirectory(request: Message<typeof vote.request>): string {
  return request.topics.find((topic) => topic.topicName === TOPIC)?.partitions[0]?.voterDirectoryId ?? ZERO_UUID;
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
    ...nodeEndpoints(view.leaderAddress),
  };
}

export function beginDraft(
  clusterId: string,
  to: ReplicaKey,
  leader: LeaderIdentity,
): Draft<typeof beginQuorumEpoch.request> {
  const partition = {
    partitionIndex: 0,
    voterDirectoryId: to.directoryId,
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
  };
  const topics = [{ topicName: TOPIC, partitions: [partition] }];
  return { clusterId, voterId: to.id, topics, leaderEndpoints: leader.endpoints };
}

export function endDraft(
  clusterId: string,
  leader: LeaderIdentity,
  preferred: readonly ReplicaKey[],
): Draft<typeof endQuorumEpoch.request> {
  const partition = {
    partitionIndex: 0,
    leaderId: leader.id,
    leaderEpoch: leader.epoch,
    preferredSuccessors: preferred.map((key) => key.id),
    preferredCandidates: preferred.map((key) => ({ candidateId: key.id, candidateDirectoryId: key.directoryId })),
  };
  return { clusterId, topics: [{ topicName: TOPIC, partitions: [partition] }], leaderEndpoints: leader.endpoints };
}

/** Answers of BeginQuorumEpoch and EndQuorumEpoch. */
export function epochAnswer(view: PeerView): Draft<typeof beginQuorumEpoch.response> {
  const topics = [{ topicName: TOPIC, partitions: [partitionView(view)] }];
  return { errorCode: 0, topics, ...nodeEndpoints(view.leaderAddress) };
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
