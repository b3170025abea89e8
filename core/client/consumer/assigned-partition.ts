import type { ClientError } from '../client-error.ts';
import type { FetchedRecords } from './fetched-records.ts';

export type PositionState =
  /** No position: the committed offset is to be asked for. */
  | { readonly kind: 'unknown' }
  /** No position: a timestamp is to be looked up (-1 latest, -2 earliest). */
  | { readonly kind: 'resetting'; readonly timestamp: number }
  /** The leader has changed since: has the log been cut below the position (KIP-320)? */
  | { readonly kind: 'validating' }
  | { readonly kind: 'fetching' };

/** One partition that the consumer reads: where it stands, and what was fetched ahead. */
export class AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  state: PositionState = { kind: 'unknown' };
  /** The offset that the next poll continues at; -1 while there is none. */
  position = -1;
  /** Leader epoch of the record before the position; -1 unknown. */
  positionEpoch = -1;
  /** Where the next fetch starts: the position and all that was fetched ahead. */
  fetchOffset = -1;
  fetchEpoch = -1;
  /** Leader epoch under which the position was last known to be good. */
  validatedEpoch = -1;
  isPaused = false;
  /** What was fetched and not yet handed out, oldest first. */
  readonly buffered: FetchedRecords[] = [];
  bufferedBytes = 0;
  /** Counts seeks, resets and cuts: an answer to a request of an older version is not for this position. */
  version = 0;
  isFetchInFlight = false;
  isLookupInFlight = false;
  backoffUntilNs = 0;
  failures = 0;
  /** The follower to fetch from (KIP-392); -1: the leader. */
  preferredReplica = -1;
  preferredUntilNs = 0;
  /** What the last fetch said; -1 before the first. */
  highWatermark = -1;
  lastStableOffset = -1;
  logStartOffset = -1;
  /** To be thrown by the next poll. */
  error: ClientError | null = null;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** How far the position is behind the end that the reader can see; null before the first fetch. */
  lag(readCommitted: boolean): number | null {
    const end = readCommitted ? this.lastStableOffset : this.highWatermark;
    return end < 0 || this.position < 0 ? null : Math.max(0, end - this.position);
  }

  /** Moves the position; what was fetched ahead is dropped. */
  seek(offset: number, leaderEpoch: number): void {
    this.dropBuffered();
    this.state = { kind: 'fetching' };
    this.position = offset;
    this.positionEpoch = leaderEpoch;
    this.fetchOffset = offset;
    this.fetchEpoch = leaderEpoch;
    this.validatedEpoch = -1;
    this.error = null;
  }

  /** The position is to be looked up by timestamp. */
  reset(timestamp: number): void {
    this.dropBuffered();
    this.position = -1;
    this.state = { kind: 'resetting', timestamp };
  }

  dropBuffered(): void {
    this.version++;
    this.buffered.length = 0;
    this.bufferedBytes = 0;
    this.fetchOffset = this.position;
    this.fetchEpoch = this.positionEpoch;
  }

  /** "topic-3", for messages to humans. */
  get name(): string {
    return `${this.topic}-${this.partition}`;
  }
}
