import type { MetadataRecord } from '../protocol/index.ts';
import type { VoterChanges } from './voter-changes.ts';
import type { Voter } from './voter-set.ts';

/**
 * The replicated metadata log (KRaft: KIP-595, KIP-630, KIP-853) as the controller and the brokers see it. With one
 * voter it elects itself at start and commits what it has made durable.
 */
export interface Quorum {
  readonly nodeId: number;
  /** id -1: none known. */
  readonly leader: { readonly id: number; readonly epoch: number };
  /** Offset below which all is committed. */
  readonly highWatermark: number;
  readonly logEndOffset: number;
  /**
   * Appends as one atomic batch when this node leads in `epoch`; returns the offset of the last record, or null when it
   * does not lead (any more). Committed when `highWatermark` passes it; the listener sees it then.
   */
  append(epoch: number, records: readonly MetadataRecord[]): number | null;
  /** 0: the voters are those of the configuration; 1: of the log (KIP-853). */
  readonly kraftVersion: number;
  /** Changes of the voters: what only the leader does, and answers for. */
  readonly changes: Pick<VoterChanges, 'add' | 'remove' | 'update' | 'upgrade'>;
  /** Who takes part and how far they are; complete only on the leader. */
  describe(): QuorumDescription;
  /** Hands leadership over where it can, stops. */
  close(): Promise<void>;
}

export interface QuorumReplica {
  readonly id: number;
  readonly directoryId: string;
  readonly logEndOffset: number;
  /** Wall-clock ms, -1 unknown. */
  readonly lastFetchMs: number;
  readonly lastCaughtUpMs: number;
}

export interface QuorumDescription {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly (QuorumReplica & Pick<Voter, 'endpoints'>)[];
  readonly observers: readonly QuorumReplica[];
}

export interface CommittedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly appendTimeMs: number;
  readonly bytes: number;
  readonly records: readonly MetadataRecord[];
}

export interface QuorumListener {
  /** Committed batches, in order, each once. */
  committed(batches: readonly CommittedBatch[]): void;
  /** Forget everything, then take these records as the state up to `endOffset` (exclusive). */
  snapshotLoaded(records: Iterable<MetadataRecord>, endOffset: number, epoch: number): void;
  /** Called after everything committed before the change was delivered when this node becomes leader. */
  leaderChanged(leader: { readonly id: number; readonly epoch: number }): void;
}
