import type { AppendOptions, AppendResult, Log } from '../log/index.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Timers } from '../runtime.ts';
import {
  type AppendOutcome,
  NOT_LEADER,
  type PendingAppend,
  refusedAppend,
  STORAGE_ERROR,
  type WaitingAppend,
} from './append.ts';
import type { ReplicationFaults } from './faults.ts';
import type { LeaderState } from './leader-state.ts';
import type { PartitionState } from './partition.ts';
import type { Turn } from './turn.ts';

/** The partition whose appends these are. */
export interface AppendOwner {
  readonly host: { readonly turn: Turn; readonly timers: Timers; readonly faults: ReplicationFaults };
  readonly state: PartitionState;
  readonly log: Log | null;
  belowMinIsr(state: LeaderState): boolean;
  /** Moves the high watermark as far as the replicas allow; returns whether it moved. */
  commit(): boolean;
  /** Bytes were written, and what could be answered was: fetches may have something to read. */
  written(bytes: number, committed: boolean): void;
  /** What is flushed counts now. */
  flushed(): void;
  flushFailed(): void;
}

/** A fault that acknowledges before it writes leaves this long for a crash between the two. */
const EARLY_ACK_GAP_MS = 5;

/**
 * A leader's appends: gathered for the end of the turn, written as one, answered when their acknowledgement is due (acks=1:
 * written, and flushed where that is demanded; acks=all: committed).
 */
export class AppendQueue {
  readonly #owner: AppendOwner;
  #queue: PendingAppend[] = [];
  #scheduled = false;
  readonly #waiting = new Map<PendingAppend, WaitingAppend>();
  /** Offsets from here on wait for a flush that `flush.messages` demands; Infinity: none does. */
  #unflushedFrom = Number.POSITIVE_INFINITY;
  #flushing = false;

  constructor(owner: AppendOwner) {
    this.#owner = owner;
  }

  /** What the leader itself contributes to the high watermark: what it has written, and flushed where it must be. */
  ownOffset(log: Log): number {
    return Math.min(log.logEndOffset, this.#unflushedFrom);
  }

  add(append: PendingAppend): void {
    const { host, log, state } = this.#owner;
    if (host.faults.ackBeforeWrite === true && append.acks !== 0 && log !== null && state.kind === 'leader') {
      const outcome = accepted(log.logEndOffset, append.logAppendTimeMs ?? -1, log.logStartOffset);
      const bytes = append.bytes.slice();
      host.turn.append(() => append.settled(outcome));
      host.timers.after(EARLY_ACK_GAP_MS, () => this.add({ ...unheard, bytes }));
      return;
    }
    this.#queue.push(append);
    this.#schedule();
  }

  /** An append that nobody waits for any more. */
  forget(append: PendingAppend): void {
    this.#waiting.delete(append);
  }

  /**
   * A leader's term begins: what has queued up is for it, what an earlier term flushed counts. What an earlier life or term
   * wrote and did not flush waits for that as new records do: it may be asked for once more by a writer that had no answer.
   */
  begin(): void {
    this.#unflushedFrom = Number.POSITIVE_INFINITY;
    const { log } = this.#owner;
    if (log !== null && log.logEndOffset - log.durableOffset >= log.config.flushMessages) {
      this.#flush(log, log.durableOffset);
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  /** The role ends: everybody who waits is told. */
  refuseAll(outcome: AppendOutcome): void {
    const told = [...this.#waiting.keys(), ...this.#queue];
    this.#waiting.clear();
    this.#queue = [];
    this.#unflushedFrom = Number.POSITIVE_INFINITY;
    const answer = this.#owner.host.faults.successOnResign === true ? accepted(0, -1, 0) : outcome;
    for (const each of told) if (!each.abandoned) each.settled(answer);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#owner.host.turn.append(this.#write);
  }

  readonly #write = (): void => {
    this.#scheduled = false;
    const { log, state } = this.#owner;
    // The role comes with the log, and takes the queue up again.
    if (state.kind === 'opening') return;
    let queue = this.#queue;
    this.#queue = [];
    if (state.kind !== 'leader' || log === null) {
      const outcome = state.kind === 'offline' ? STORAGE_ERROR : NOT_LEADER;
      for (const each of queue) if (!each.abandoned) each.settled(outcome);
      return;
    }
    queue = queue.filter((each) => this.#mayAppend(each, state));
    if (queue.length === 0) return;
    const results = appendTo(log, queue, state.epoch);
    let bytes = 0;
    let flushFrom = Number.POSITIVE_INFINITY;
    for (const result of results) {
      if (result.kind !== 'appended') continue;
      bytes += result.bytes;
      if (result.flushDue) flushFrom = Math.min(flushFrom, result.baseOffset);
    }
    if (flushFrom < Number.POSITIVE_INFINITY) this.#flush(log, flushFrom);
    const committed = this.#owner.commit();
    for (let index = 0; index < results.length; index++) this.#answer(queue[index]!, results[index]!, log);
    this.complete(log, state);
    this.#owner.written(bytes, committed);
  };

  #mayAppend(append: PendingAppend, state: LeaderState): boolean {
    if (append.abandoned) return false;
    if (append.leaderEpoch !== undefined && append.leaderEpoch !== state.epoch) {
      append.settled(NOT_LEADER);
      return false;
    }
    if (append.acks === -1 && this.#owner.belowMinIsr(state)) {
      append.settled(refusedAppend(ErrorCode.notEnoughReplicas));
      return false;
    }
    return true;
  }

  #answer(append: PendingAppend, result: AppendResult, log: Log): void {
    const { logStartOffset } = log;
    if (result.kind === 'refused') {
      append.settled({ ...refusedAppend(result.errorCode, result.message), logStartOffset });
      return;
    }
    const appendTime = result.kind === 'appended' ? result.logAppendTimeMs : -1;
    const outcome = accepted(result.baseOffset, appendTime, logStartOffset);
    const required = append.acks === 0 ? -1 : result.lastOffset + 1;
    const waitsForAll = append.acks === -1 && this.#owner.host.faults.allMeansOne !== true;
    if (required <= (waitsForAll ? log.highWatermark : this.ownOffset(log))) append.settled(outcome);
    else this.#waiting.set(append, { append, required, outcome });
  }

  /** Answers those whose offset has been reached. */
  complete(log: Log, state: LeaderState): void {
    if (this.#waiting.size === 0) return;
    const own = this.ownOffset(log);
    const committed = log.highWatermark;
    for (const { append, required, outcome } of this.#waiting.values()) {
      if (append.abandoned) {
        this.#waiting.delete(append);
        continue;
      }
      const all = append.acks === -1;
      if (required > (all ? committed : own)) {
        // In order of their offsets, but for duplicates: whatever follows waits at least as long.
        if (required > own) break;
        continue;
      }
      this.#waiting.delete(append);
      append.settled(
        all && this.#owner.belowMinIsr(state) ? refusedAppend(ErrorCode.notEnoughReplicasAfterAppend) : outcome,
      );
    }
  }

  /** The sync that flush.messages demands before anything from `from` on is acknowledged; one serves all that wait. */
  #flush(log: Log, from: number): void {
    this.#unflushedFrom = Math.min(this.#unflushedFrom, from);
    if (this.#flushing) return;
    this.#flushing = true;
    const upTo = log.logEndOffset;
    log.flush(upTo).then(
      () => {
        this.#flushing = false;
        if (this.#owner.log !== log) return;
        // What came while the device was busy gets a sync of its own.
        this.#unflushedFrom = log.logEndOffset > upTo ? upTo : Number.POSITIVE_INFINITY;
        this.#owner.flushed();
        if (this.#unflushedFrom < Number.POSITIVE_INFINITY) this.#flush(log, this.#unflushedFrom);
      },
      () => {
        this.#flushing = false;
        if (this.#owner.log === log) this.#owner.flushFailed();
      },
    );
  }
}

function appendTo(log: Log, queue: readonly PendingAppend[], leaderEpoch: number): readonly AppendResult[] {
  const only = queue[0]!;
  if (queue.length === 1) return [log.append(only.bytes, appendOptions(only, leaderEpoch))];
  return log.appendAll(queue.map((each) => ({ bytes: each.bytes, options: appendOptions(each, leaderEpoch) })));
}

function accepted(baseOffset: number, logAppendTimeMs: number, logStartOffset: number): AppendOutcome {
  return { errorCode: ErrorCode.none, message: null, baseOffset, logAppendTimeMs, logStartOffset };
}

function appendOptions(append: PendingAppend, leaderEpoch: number): AppendOptions {
  return {
    origin: append.origin,
    leaderEpoch,
    crcChecked: append.crcChecked,
    ...(append.logAppendTimeMs === undefined ? undefined : { logAppendTimeMs: append.logAppendTimeMs }),
    ...(append.verificationGuard === undefined ? undefined : { verificationGuard: append.verificationGuard }),
  };
}

const unheard = { origin: 'client', acks: 0, crcChecked: true, abandoned: false, settled: () => {} } as const;
