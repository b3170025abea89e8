import type { BrokerConfig } from '../config/index.ts';
import type { Runtime } from '../runtime.ts';
import type { Delivery } from './delivery.ts';
import type { Election } from './election.ts';
import type { QuorumEvent, ReplicaKey } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';
import type { Members } from './members.ts';
import type { ControlEntry } from './metadata-batches.ts';
import type { MetadataLog } from './metadata-log.ts';
import type { PeerAddress, PeerNetwork } from './peers.ts';
import type { VoterHistory } from './voter-history.ts';
import type { Voter, VoterEndpoint } from './voter-set.ts';

/** What the parts of a quorum member share; `RaftQuorum` provides it. */
export interface QuorumCore {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'>;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  /** Where this node is reached as a controller; empty where it does not know. */
  readonly endpoints: readonly VoterEndpoint[];
  /** The listener that the members use among themselves. */
  readonly listenerName: string;
  readonly peers: PeerNetwork;
  readonly log: MetadataLog;
  readonly election: Election;
  readonly delivery: Delivery;
  readonly members: Members;
  readonly history: VoterHistory;
  readonly faults: QuorumFaults;
  readonly isOpen: boolean;
  voters(): readonly Voter[];
  addressOf(id: number): PeerAddress | null;
  /** Steps the election; `done` is called once all effects, what must be durable included, are done. */
  post(event: QuorumEvent, done?: () => void): void;
  /** Runs `work` with every event held back, so that nothing sees the log half changed. */
  exclusively(work: () => Promise<void>): Promise<void>;
  /** The log has got these control records. */
  controlAppended(control: readonly ControlEntry[]): void;
  /** The log ends at `offset` now. */
  logTruncated(offset: number): void;
  /** A disk failed, or a peer sent what cannot be. */
  failed(error: unknown): void;
}
