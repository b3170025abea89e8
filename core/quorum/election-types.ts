import type { Random } from '../runtime.ts';
import type { QuorumFaults } from './faults.ts';

/** A voter: its node id and the id of its metadata log directory; the zero uuid where the directory is not known. */
export interface ReplicaKey {
  readonly id: number;
  readonly directoryId: string;
}

/** What must be on disk before a vote, or anything else that an epoch promises, leaves this node. */
export interface ElectionState {
  readonly epoch: number;
  /** -1: none known. */
  readonly leaderId: number;
  readonly voted: ReplicaKey | null;
}

/** What the election asks of the log. */
export interface LogEnd {
  readonly endOffset: number;
  /** Epoch of the last batch, 0 when the log is empty. */
  readonly lastEpoch: number;
}

export interface ElectionTiming {
  readonly electionTimeoutMs: number;
  readonly electionBackoffMaxMs: number;
  readonly fetchTimeoutMs: number;
}

interface Base {
  readonly epoch: number;
  readonly voted: ReplicaKey | null;
}

/** How far a replica has come, as its fetches tell the leader. */
export interface ReplicaProgress {
  readonly id: number;
  /** -1 before the first fetch in this epoch. */
  readonly endOffset: number;
  readonly lastFetchMs: number;
  readonly lastCaughtUpMs: number;
  readonly directoryId: string;
  /** The replica knows of this leader. */
  readonly informed: boolean;
}

export type QuorumRole =
  | (Base & { readonly kind: 'unattached'; readonly leaderId: number; readonly deadlineMs: number })
  | (Base & {
      readonly kind: 'prospective' | 'candidate';
      readonly leaderId: number;
      readonly deadlineMs: number;
      readonly granted: ReadonlySet<number>;
      readonly rejected: ReadonlySet<number>;
      /** Nobody listens where they should be, as far as is known. */
      readonly unreachable: ReadonlySet<number>;
    })
  | (Base & {
      readonly kind: 'follower';
      readonly leaderId: number;
      readonly deadlineMs: number;
      /** A fetch in this epoch has been answered: pre-votes are refused from now on (KIP-996). */
      readonly fetched: boolean;
    })
  | (Base & {
      readonly kind: 'leader';
      readonly leaderId: number;
      readonly deadlineMs: number;
      /** Offset of this epoch's LeaderChange record; nothing is committed by count before it is. */
      readonly epochStartOffset: number;
      readonly granted: ReadonlySet<number>;
      /** By `progressKey`. */
      readonly progress: ReadonlyMap<string, ReplicaProgress>;
    })
  | (Base & { readonly kind: 'resigned'; readonly leaderId: number; readonly deadlineMs: number });

export type QuorumEffect =
  /** Durable before any later effect, and before any answer. */
  | { readonly kind: 'persist'; readonly state: ElectionState }
  | { readonly kind: 'requestVotes'; readonly epoch: number; readonly preVote: boolean }
  /** Append the LeaderChange record at the log's end, which is `epochStartOffset`. */
  | { readonly kind: 'lead'; readonly epoch: number }
  | { readonly kind: 'stopLeading'; readonly epoch: number }
  | { readonly kind: 'follow'; readonly leaderId: number; readonly epoch: number }
  | { readonly kind: 'highWatermark'; readonly offset: number };

export interface VoteRequested {
  readonly epoch: number;
  readonly candidate: ReplicaKey;
  readonly lastEpoch: number;
  readonly lastOffset: number;
  readonly preVote: boolean;
}

/** What a voter says to a request for its vote; 'unreachable': where it should be nobody listens. */
export type VoteAnswer = 'granted' | 'refused' | 'unreachable';

export type QuorumEvent =
  | { readonly kind: 'start'; readonly state: ElectionState }
  | { readonly kind: 'tick' }
  | {
      readonly kind: 'voteAnswered';
      readonly from: number;
      readonly epoch: number;
      readonly preVote: boolean;
      readonly answer: VoteAnswer;
    }
  /** A peer said, in whatever message, that this is the epoch and its leader (-1: not known to it). */
  | { readonly kind: 'epochSeen'; readonly epoch: number; readonly leaderId: number }
  | { readonly kind: 'fetchAnswered'; readonly epoch: number; readonly leaderId: number }
  /** The leader followed in `epoch` says that all below `offset`, which is in this log, is committed. */
  | { readonly kind: 'leaderCommitted'; readonly epoch: number; readonly offset: number }
  /** The leader's own log is durable up to here. */
  | { readonly kind: 'flushed'; readonly offset: number }
  | { readonly kind: 'replicaFetched'; readonly replica: ReplicaKey; readonly fetchOffset: number }
  | { readonly kind: 'leaderAcknowledged'; readonly from: ReplicaKey; readonly epoch: number }
  | {
      readonly kind: 'endEpochReceived';
      readonly epoch: number;
      readonly leaderId: number;
      readonly preferred: readonly number[];
    }
  /** The member that was followed answered that it does not lead this epoch any more, or nobody listens where it was. */
  | { readonly kind: 'leaderDenied'; readonly epoch: number; readonly from: number }
  | { readonly kind: 'resign' }
  /** Another set of voters counts from now on: the log has got a record of them, or has lost one. */
  | { readonly kind: 'votersChanged' };

export interface ElectionOptions {
  readonly self: ReplicaKey;
  readonly voters: () => readonly ReplicaKey[];
  /** This node is no voter, by a change that may not be committed, and without it nothing may be; default: never. */
  readonly isStillNeeded?: (highWatermark: number) => boolean;
  readonly log: LogEnd;
  readonly timing: ElectionTiming;
  readonly random: Random;
  readonly faults?: QuorumFaults;
}
