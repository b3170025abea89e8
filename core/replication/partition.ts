import type { PartitionImage } from '../controller/image.ts';
import type { Log } from '../log/index.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Clock, Timers } from '../runtime.ts';
import { type AppendOutcome, NOT_LEADER, type PendingAppend, STORAGE_ERROR } from './append.ts';
import { AppendQueue } from './append-queue.ts';
import type { ReplicationFaults } from './faults.ts';
import { type IsrChange, LeaderState } from './leader-state.ts';
import { WaitingList } from './purgatory.ts';
import type { TopicSettings } from './topic-settings.ts';
import type { Turn } from './turn.ts';

/** What this broker does for a partition. */
export type PartitionState =
  /** The log is being created or found. Appends and fetches wait for it. */
  | { readonly kind: 'opening' }
  | LeaderState
  /** `leaderId` -1: nobody leads. */
  | { readonly kind: 'follower'; readonly leaderId: number; readonly epoch: number }
  /** The log directory failed. */
  | { readonly kind: 'offline' }
  /** Deleted, or moved to other brokers. */
  | { readonly kind: 'stopped' };

/** What a partition needs of the broker that hosts it. */
export interface PartitionHost {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly turn: Turn;
  readonly faults: ReplicationFaults;
  /** replica.lag.time.max.ms */
  readonly replicaLagTimeMaxMs: number;
  /** Whether a replica may be in the ISR: its broker is registered under that epoch, not fenced, not shutting down. */
  isEligible(replicaId: number, brokerEpoch: number): boolean;
  /** Asks the controller; the answer comes back as `isrAnswered` or as metadata. */
  proposeIsr(partition: Partition, change: IsrChange): void;
  /** A sync failed: the log has gone offline. */
  flushFailed(partition: Partition): void;
}

/** DeleteRecords: as far as may be. */
const HIGH_WATERMARK = -1;

/**
 * One partition's replica on this broker. All of it runs on one thread: metadata moves it between roles, requests append
 * and read, followers' fetches move the high watermark. Appends of one turn are one write.
 */
export class Partition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly host: PartitionHost;
  settings: TopicSettings;
  /** Fetches that wait for the log to grow or the high watermark to move. */
  readonly fetches: WaitingList = new WaitingList();
  /** DeleteRecords that wait for the followers' log starts. */
  readonly deletes: WaitingList = new WaitingList();
  #state: PartitionState = { kind: 'opening' };
  #log: Log | null = null;
  readonly #appends: AppendQueue;
  #appendedBytes = 0;
  #roleChanges = 0;
  #truncating: Promise<void> | null = null;
  #looksSoon = false;

  constructor(image: PartitionImage, settings: TopicSettings, host: PartitionHost) {
    this.topic = image.topic;
    this.topicId = image.topicId;
    this.partition = image.partition;
    this.settings = settings;
    this.host = host;
    const owner = this;
    this.#appends = new AppendQueue({
      host,
      get state() {
        return owner.#state;
      },
      get log() {
        return owner.#log;
      },
      belowMinIsr: (state) => this.#belowMinIsr(state),
      commit: () => this.#commit(),
      written: (bytes, committed) => this.#written(bytes, committed),
      flushed: () => this.#advance(),
      flushFailed: () => host.flushFailed(this),
    });
  }

  get state(): PartitionState {
    return this.#state;
  }
  /** Null while opening, and once offline or stopped. */
  get log(): Log | null {
    return this.#log;
  }
  get leader(): LeaderState | null {
    return this.#state.kind === 'leader' ? this.#state : null;
  }
  /** Bytes appended since this object was made: how fetches tell whether looking again is worth it. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }
  /** Counts changes of role, and of what the controller says of this one: what was looked up before one is stale. */
  get roleChanges(): number {
    return this.#roleChanges;
  }

  // ---- roles

  /** The log is there: the role follows with `lead` or `follow`. */
  opened(log: Log, checkpointedHighWatermark: number): void {
    this.#log = log;
    log.setHighWatermark(Math.max(checkpointedHighWatermark, log.highWatermark));
  }

  /** Becomes leader in a new epoch, or takes the controller's newer view of the present one. */
  lead(image: PartitionImage): 'elected' | 'updated' | 'unchanged' {
    const log = this.#log;
    const now = this.host.clock.monotonicNs();
    if (log === null) return 'unchanged';
    if (this.#state.kind === 'leader' && this.#state.epoch === image.leaderEpoch) {
      if (image.partitionEpoch <= this.#state.partitionEpoch) return 'unchanged';
      this.#state.update(image, now);
      this.#roleChanges++;
      this.#advance();
      return 'updated';
    }
    log.assignEpochStart(image.leaderEpoch, log.logEndOffset);
    this.#state = new LeaderState(image, this.host.nodeId, log.logEndOffset, now);
    this.#roleChanges++;
    this.#appends.begin();
    this.#advance();
    this.fetches.checkAll();
    return 'elected';
  }

  /** Becomes follower; returns the epoch in which it led until now, null when it did not. */
  follow(image: PartitionImage): number | null {
    if (this.#log === null) return null;
    const led = this.#state.kind === 'leader' ? this.#state.epoch : null;
    this.#state = { kind: 'follower', leaderId: image.leader, epoch: image.leaderEpoch };
    this.#refuseAll(NOT_LEADER);
    return led;
  }

  /** Returns the epoch in which it led until now, null when it did not. */
  goOffline(): number | null {
    return this.#end({ kind: 'offline' }, STORAGE_ERROR);
  }

  stop(): number | null {
    return this.#end({ kind: 'stopped' }, NOT_LEADER);
  }

  #end(state: PartitionState, outcome: AppendOutcome): number | null {
    const led = this.#state.kind === 'leader' ? this.#state.epoch : null;
    this.#state = state;
    this.#log = null;
    this.#refuseAll(outcome);
    return led;
  }

  #refuseAll(outcome: AppendOutcome): void {
    this.#roleChanges++;
    this.#appends.refuseAll(outcome);
    this.fetches.checkAll();
    this.deletes.checkAll();
  }

  /** KIP-320: 0, or the error for a peer that knows another leader epoch. -1 claims none. */
  epochError(currentLeaderEpoch: number): number {
    if (currentLeaderEpoch === -1 || this.host.faults.skipEpochCheck === true) return ErrorCode.none;
    const state = this.#state;
    if (state.kind !== 'leader' && state.kind !== 'follower') return ErrorCode.none;
    if (currentLeaderEpoch < state.epoch) return ErrorCode.fencedLeaderEpoch;
    return currentLeaderEpoch > state.epoch ? ErrorCode.unknownLeaderEpoch : ErrorCode.none;
  }

  // ---- following

  /** The truncation under way, null when there is none: until it is over nothing may be appended, and no role begins. */
  get truncating(): Promise<void> | null {
    return this.#truncating;
  }

  /** Cuts the log; the high watermark goes down with it where it must. Rejects when the disk fails. */
  truncate(cut: (log: Log) => Promise<void>): Promise<void> {
    const log = this.#log;
    if (log === null) return Promise.resolve();
    const truncating = cut(log).finally(() => {
      this.#truncating = null;
    });
    this.#truncating = truncating;
    return truncating;
  }

  /** Appends what the leader gave, and takes over how far it shows its log. Returns 0 or the log's error code. */
  replicate(
    bytes: Uint8Array,
    highWatermark: number,
    logStartOffset: number,
  ): { errorCode: number; flushDue: boolean } {
    const log = this.#log;
    if (log === null || this.#state.kind !== 'follower' || this.#truncating !== null) {
      return { errorCode: ErrorCode.notLeaderOrFollower, flushDue: false };
    }
    let flushDue = false;
    if (bytes.length > 0) {
      const result = log.append(bytes, { origin: 'replication', leaderEpoch: this.#state.epoch });
      if (result.kind === 'refused') return { errorCode: result.errorCode, flushDue };
      if (result.kind === 'appended') {
        this.#appendedBytes += result.bytes;
        flushDue = result.flushDue;
      }
    }
    const before = log.highWatermark;
    const shown = this.host.faults.followersShowAll === true ? log.logEndOffset : highWatermark;
    log.setHighWatermark(Math.min(shown, log.logEndOffset));
    log.maybeIncrementLogStartOffset(logStartOffset);
    if (log.highWatermark !== before) this.fetches.checkAll();
    return { errorCode: ErrorCode.none, flushDue };
  }

  // ---- appends

  /** Takes a batch for the end of this turn. */
  append(append: PendingAppend): void {
    this.#appends.add(append);
  }

  /** An append that nobody waits for any more. */
  forget(append: PendingAppend): void {
    this.#appends.forget(append);
  }

  #belowMinIsr(state: LeaderState): boolean {
    return this.host.faults.ignoreMinInsyncReplicas !== true && state.belowMinIsr(this.settings.minInsyncReplicas);
  }

  #written(bytes: number, committed: boolean): void {
    this.#appendedBytes += bytes;
    // Consumers see what is committed, followers everything.
    if (committed || (this.leader?.followers.size ?? 0) > 0) this.#lookSoon();
  }

  /** Once the appends of this turn are written: a fetch waits for several partitions, and is answered once for all. */
  #lookSoon(): void {
    if (this.#looksSoon || this.fetches.size === 0) return;
    this.#looksSoon = true;
    this.host.turn.look(this.#look);
  }

  readonly #look = (): void => {
    this.#looksSoon = false;
    this.fetches.checkAll();
  };

  // ---- high watermark

  /** Moves the high watermark as far as the replicas allow; completes what waited for it. */
  #advance(): void {
    const state = this.#state;
    const log = this.#log;
    if (state.kind !== 'leader' || log === null) return;
    const moved = this.#commit();
    this.#appends.complete(log, state);
    if (moved) this.#lookSoon();
  }

  #commit(): boolean {
    const { host } = this;
    const state = this.#state;
    const log = this.#log;
    // With nothing to commit there is nothing to compute: the many partitions of a follower's fetch that stand still.
    if (state.kind !== 'leader' || log === null || log.highWatermark === log.logEndOffset) return false;
    let committed = this.#appends.ownOffset(log);
    if (state.followers.size > 0 && host.faults.hwOnOwnAppend !== true) {
      // Below min ISR nothing new is promised or shown (KIP-966).
      if (this.#belowMinIsr(state)) return false;
      committed = state.committedOffset(
        committed,
        log.logEndOffset,
        host.replicaLagTimeMaxMs,
        host.clock.monotonicNs(),
        (replicaId, brokerEpoch) => host.isEligible(replicaId, brokerEpoch),
      );
    }
    const before = log.highWatermark;
    if (committed <= before) return false;
    log.setHighWatermark(committed);
    return log.highWatermark > before;
  }

  // ---- followers and the ISR

  /** A follower's fetch: it has everything below `fetchOffset`. Returns false for a replica that is none of ours. */
  followerFetched(
    replicaId: number,
    fetchOffset: number,
    logStartOffset: number,
    brokerEpoch: number,
    nowNs: number = this.host.clock.monotonicNs(),
  ): boolean {
    const state = this.#state;
    const log = this.#log;
    if (state.kind !== 'leader' || log === null) return false;
    const has = this.host.faults.countFollowersEarly === true ? log.logEndOffset : fetchOffset;
    if (!state.fetched(replicaId, has, logStartOffset, brokerEpoch, log.logEndOffset, nowNs)) return false;
    this.#maybeExpand(state, log, replicaId);
    this.#advance();
    if (this.deletes.size > 0) this.deletes.checkAll();
    return true;
  }

  #maybeExpand(state: LeaderState, log: Log, replicaId: number): void {
    if (state.change !== null || state.isr.includes(replicaId)) return;
    const follower = state.followers.get(replicaId)!;
    const isBehind = follower.endOffset < log.highWatermark || follower.endOffset < state.epochStartOffset;
    if (isBehind && this.host.faults.joinIsrBehind !== true) return;
    if (!this.host.isEligible(replicaId, follower.brokerEpoch)) return;
    this.#propose(state, { kind: 'expand', replicaId, proposed: [...state.isr, replicaId] });
  }

  /** Called at intervals: proposes to drop followers that lag (replica.lag.time.max.ms). */
  shrinkIsr(): void {
    const state = this.#state;
    const log = this.#log;
    if (state.kind !== 'leader' || log === null || state.change !== null) return;
    const removed = state.laggards(log.logEndOffset, this.host.replicaLagTimeMaxMs, this.host.clock.monotonicNs());
    if (removed.length === 0) return;
    this.#propose(state, { kind: 'shrink', removed, proposed: state.isr.filter((id) => !removed.includes(id)) });
  }

  #propose(state: LeaderState, change: IsrChange): void {
    state.change = change;
    if (this.host.faults.shrinkIsrAlone === true && change.kind === 'shrink') state.isr = change.proposed;
    this.host.proposeIsr(this, change);
  }

  /** The controller's answer to the proposal: the new state, or null when it was refused and metadata will tell more. */
  isrAnswered(
    change: IsrChange,
    answer: { readonly leaderEpoch: number; readonly isr: readonly number[]; readonly partitionEpoch: number } | null,
  ): void {
    const state = this.#state;
    if (state.kind !== 'leader' || state.change !== change) return;
    state.change = null;
    if (answer !== null && answer.leaderEpoch === state.epoch && answer.partitionEpoch > state.partitionEpoch) {
      state.isr = answer.isr;
      state.partitionEpoch = answer.partitionEpoch;
    }
    this.#advance();
  }

  /** DeleteRecords: moves the log start and tells fetches and deletes that wait. */
  deleteRecords(offset: number): { readonly errorCode: number; readonly logStartOffset: number } {
    const log = this.#log;
    if (log === null || this.#state.kind !== 'leader') {
      return { errorCode: ErrorCode.notLeaderOrFollower, logStartOffset: -1 };
    }
    if (offset < HIGH_WATERMARK) return { errorCode: ErrorCode.offsetOutOfRange, logStartOffset: -1 };
    const result = log.deleteRecords(offset === HIGH_WATERMARK ? log.highWatermark : offset);
    this.deletes.checkAll();
    return result;
  }

  /** The lowest log start of all live replicas: what DeleteRecords promises to have reached. */
  lowWatermark(isAlive: (replicaId: number) => boolean): number {
    const log = this.#log;
    const state = this.#state;
    if (log === null || state.kind !== 'leader') return -1;
    let low = log.logStartOffset;
    for (const follower of state.followers.values()) {
      if (isAlive(follower.replicaId)) low = Math.min(low, follower.logStartOffset);
    }
    return low;
  }
}
