import { type VotersRecord, ZERO_UUID } from '../protocol/index.ts';
import type { ReplicaKey } from './election-types.ts';

export interface VoterEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Levels of kraft.version that a member knows. */
export interface KraftVersions {
  readonly min: number;
  readonly max: number;
}

/** A member that votes, and where it is reached. */
export interface Voter extends ReplicaKey {
  /** Of the listener that the members of the quorum use among themselves; '' where none is known. */
  readonly host: string;
  readonly port: number;
  readonly endpoints: readonly VoterEndpoint[];
  readonly kraftVersions: KraftVersions;
}

/** What this version knows of kraft.version: voters from the configuration (0), voters in the log (1, KIP-853). */
export const KRAFT_VERSIONS: KraftVersions = { min: 0, max: 1 };

/**
 * Whether this replica is that voter. A voter with a directory is the replica with just that directory: one whose disk
 * was replaced has forgotten its votes and its log, and is another (KIP-853). A voter of the configuration has none.
 */
export function isSameVoter(voter: ReplicaKey, replica: ReplicaKey): boolean {
  if (voter.id !== replica.id) return false;
  return voter.directoryId === ZERO_UUID || voter.directoryId === replica.directoryId;
}

export function voterOf(voters: readonly Voter[], replica: ReplicaKey): Voter | null {
  return voters.find((voter) => isSameVoter(voter, replica)) ?? null;
}

export function votersOfRecord(record: VotersRecord, listenerName: string): readonly Voter[] {
  return record.voters
    .map(({ voterId, voterDirectoryId, endpoints, kRaftVersionFeature }) =>
      voterNode({ id: voterId, directoryId: voterDirectoryId }, endpoints, listenerName, {
        min: kRaftVersionFeature.minSupportedVersion,
        max: kRaftVersionFeature.maxSupportedVersion,
      }),
    )
    .sort((a, b) => a.id - b.id);
}

export function voterNode(
  key: ReplicaKey,
  endpoints: readonly VoterEndpoint[],
  listenerName: string,
  kraftVersions: KraftVersions = KRAFT_VERSIONS,
): Voter {
  const address = endpoints.find(({ name }) => name === listenerName) ?? { host: '', port: 0 };
  const plain = endpoints.map(({ name, host, port }) => ({ name, host, port }));
  const { id, directoryId } = key;
  return { id, directoryId, host: address.host, port: address.port, endpoints: plain, kraftVersions };
}

export function votersRecordOf(voters: readonly Voter[]): VotersRecord {
  return {
    version: 0,
    voters: voters.map(({ id, directoryId, endpoints, kraftVersions }) => ({
      voterId: id,
      voterDirectoryId: directoryId,
      endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
      kRaftVersionFeature: { minSupportedVersion: kraftVersions.min, maxSupportedVersion: kraftVersions.max },
    })),
  };
}

/** Whether `next` says anything else of this voter than `before`. */
export function isSameNode(before: Voter, next: Voter): boolean {
  const text = ({ endpoints }: Voter): string =>
    endpoints
      .map(({ name, host, port }) => `${name} ${host} ${port}`)
      .sort()
      .join();
  return (
    before.id === next.id &&
    before.directoryId === next.directoryId &&
    before.kraftVersions.min === next.kraftVersions.min &&
    before.kraftVersions.max === next.kraftVersions.max &&
    text(before) === text(next)
  );
}

/** How Kafka's messages name a replica. */
export function replicaText({ id, directoryId }: ReplicaKey): string {
  return `ReplicaKey(id=${id}, directoryId=${directoryId === ZERO_UUID ? '<undefined>' : directoryId})`;
}

export function replicasText(replicas: readonly ReplicaKey[]): string {
  return `[${replicas.map(replicaText).join(', ')}]`;
}
