import type { BrokerConfig } from '../config/index.ts';
import type { Runtime } from '../runtime.ts';
import type { Delivery } from './delivery.ts';
import type { Election } from './election.ts';
import type { QuorumEvent, ReplicaKey } from './election-types.ts';
import type { MetadataLog } from './metadata-log.ts';
import type { PeerAddress, PeerNetwork } from './peers.ts';

/** A member that votes, and where it is reached. */
export interface Voter extends ReplicaKey {
  readonly host: string;
  readonly port: number;
}

/** What the parts of a quorum member share; `RaftQuorum` provides it. */
export interface QuorumCore {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'>;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  readonly peers: PeerNetwork;
  readonly log: MetadataLog;
  readonly election: Election;
  readonly delivery: Delivery;
  readonly isOpen: boolean;
  voters(): readonly Voter[];
  addressOf(id: number): PeerAddress | null;
  /** Steps the election; `done` is called once all effects, what must be durable included, are done. */
  post(event: QuorumEvent, done?: () => void): void;
  /** Runs `work` with every event held back, so that nothing sees the log half changed. */
  exclusively(work: () => Promise<void>): Promise<void>;
  /** A disk failed, or a peer sent what cannot be. */
  failed(error: unknown): void;
}
