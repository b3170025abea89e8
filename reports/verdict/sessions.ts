import type { HistoryNames } from '../../workloads/history.ts';
import { NumberRows } from './numbers.ts';

/** Columns of `Sessions.jumps`: a reader whose next offset is not the one after its last; `since`: when it came to expect it. */
export const JUMP = { actor: 0, partition: 1, expected: 2, found: 3, time: 4, reason: 5, since: 6 } as const;
/** What a reader knew of a jump beside the GAP reasons: nothing, for it just happened. */
export const UNEXPLAINED = 0;

/** One reader's hold of one partition, from an assignment to its end. */
export interface Session {
  /** The next offset that a poll may return; -1 before the first assignment. */
  position: number;
  /** When it came there; -1 for never. */
  since: number;
  /** The highest that it has come to by reading. */
  reached: number;
  /** Everything below was processed, as far as this assignment reaches. */
  processed: number;
  /** Where the current run of processed offsets began. */
  processedFrom: number;
  generation: number;
  isOwned: boolean;
  /** Records and explained offsets passed. */
  passed: number;
  /** Auditors: where the log began and ended when they asked; -1 unasked. */
  logStart: number;
  logEnd: number;
  /** Auditors: the lowest position ever started from. */
  startedAt: number;
  lastReadNs: number;
  /** Gaps that the reader announced ahead of the records before them, by offset. */
  readonly announced: Gap[];
}

interface Gap {
  readonly first: number;
  readonly next: number;
  readonly reason: number;
  readonly time: number;
}

/** Columns of `Sessions.processed`: a run of offsets that an actor processed. */
export const PROCESSED = { actor: 0, partition: 1, from: 2, to: 3 } as const;
/** Columns of `Sessions.skipped`: offsets that a seek passed over; `byReset` 1 when an offset reset did. */
export const SKIPPED = { actor: 0, partition: 1, from: 2, to: 3, byReset: 4 } as const;
/** Columns of `Sessions.assigned`. */
export const ASSIGNED = { actor: 0, partition: 1, position: 2, generation: 3, time: 4 } as const;

/** Where every reader stands: the state that the rules about polls, gaps and commits share. */
export class Sessions {
  readonly jumps: NumberRows = new NumberRows(7);
  readonly processed: NumberRows = new NumberRows(4);
  readonly skipped: NumberRows = new NumberRows(5);
  readonly assigned: NumberRows = new NumberRows(5);
  readonly #sessions = new Map<number, Session>();
  readonly #partitions: number;
  #cachedKey = -1;
  #cached: Session | undefined;

  constructor(names: HistoryNames) {
    this.#partitions = names.partitions.length;
  }

  find(actor: number, partition: number): Session | undefined {
    return this.#sessions.get(actor * this.#partitions + partition);
  }

  *all(): Generator<[actor: number, partition: number, session: Session]> {
    for (const [key, session] of this.#sessions) {
      yield [Math.floor(key / this.#partitions), key % this.#partitions, session];
    }
  }

  assign(time: number, actor: number, partition: number, position: number, generation: number): void {
    const session = this.#of(actor, partition);
    this.#endRun(actor, partition, session);
    session.position = position;
    session.since = time;
    session.processed = position;
    session.processedFrom = position;
    session.generation = generation;
    session.isOwned = true;
    session.startedAt = session.startedAt < 0 ? position : Math.min(session.startedAt, position);
    this.assigned.push(actor, partition, position, generation, time);
  }

  revoke(actor: number, partition: number): void {
    this.#of(actor, partition).isOwned = false;
  }

  read(time: number, actor: number, partition: number, offset: number): void {
    const session = this.#of(actor, partition);
    this.#passGaps(actor, partition, session);
    if (session.position >= 0 && offset !== session.position) {
      this.jumps.push(actor, partition, session.position, offset, time, UNEXPLAINED, session.since);
    }
    if (session.startedAt < 0) session.startedAt = offset;
    session.position = offset + 1;
    if (session.position > session.reached) session.reached = session.position;
    session.passed += 1;
    session.since = time;
    session.lastReadNs = time;
  }

  /** A reader may announce all gaps of a batch before its records: each counts when the position reaches it. */
  gap(time: number, actor: number, partition: number, first: number, next: number, reason: number): void {
    const session = this.#of(actor, partition);
    this.#passGaps(actor, partition, session);
    if (session.position < 0) session.position = first;
    if (session.startedAt < 0) session.startedAt = first;
    const { announced } = session;
    const at = announced.findLastIndex((gap) => gap.first <= first) + 1;
    announced.splice(at, 0, { first, next, reason, time });
    this.#passGaps(actor, partition, session);
  }

  seek(actor: number, partition: number, offset: number, byReset: boolean): void {
    const session = this.#of(actor, partition);
    const from = session.processed;
    this.#endRun(actor, partition, session);
    if (offset > from && from >= 0) this.skipped.push(actor, partition, from, offset, byReset ? 1 : 0);
    session.position = offset;
    // A seek back does not undo what was processed, and a commit up to there stays right.
    session.processed = Math.max(session.processed, offset);
    session.processedFrom = session.processed;
  }

  process(actor: number, partition: number, below: number): void {
    const session = this.#of(actor, partition);
    if (session.processedFrom < 0) session.processedFrom = below;
    if (below > session.processed) session.processed = below;
  }

  logEnd(actor: number, partition: number, end: number, start: number): void {
    const session = this.#of(actor, partition);
    session.logEnd = end;
    session.logStart = start;
  }

  /** No more rows: closes every run of processed offsets. */
  close(): void {
    for (const [actor, partition, session] of this.all()) this.#endRun(actor, partition, session);
  }

  /** Passes the announced gaps that begin where the reader stands. */
  #passGaps(actor: number, partition: number, session: Session): void {
    const { announced } = session;
    while (announced.length > 0 && announced[0]!.first <= session.position) {
      const { first, next, reason, time } = announced.shift()!;
      const { position, since } = session;
      if (first < position) this.jumps.push(actor, partition, position, first, time, UNEXPLAINED, since);
      this.jumps.push(actor, partition, first, next, time, reason, since);
      session.passed += Math.max(0, next - first);
      session.position = next;
      if (next > session.reached) session.reached = next;
      session.since = time;
      session.lastReadNs = time;
    }
  }

  #endRun(actor: number, partition: number, session: Session): void {
    this.#passGaps(actor, partition, session);
    const [ahead] = session.announced.splice(0);
    if (ahead !== undefined) {
      // What lies before the announced gap was neither read nor announced itself.
      this.jumps.push(actor, partition, session.position, ahead.first, ahead.time, UNEXPLAINED, session.since);
    }
    if (session.processedFrom >= 0 && session.processed > session.processedFrom) {
      this.processed.push(actor, partition, session.processedFrom, session.processed);
      session.processedFrom = session.processed;
    }
  }

  #of(actor: number, partition: number): Session {
    const key = actor * this.#partitions + partition;
    if (key === this.#cachedKey) return this.#cached!;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = {
        position: -1,
        since: -1,
        reached: -1,
        processed: -1,
        processedFrom: -1,
        generation: -1,
        isOwned: false,
        passed: 0,
        logStart: -1,
        logEnd: -1,
        startedAt: -1,
        lastReadNs: -1,
        announced: [],
      };
      this.#sessions.set(key, session);
    }
    this.#cachedKey = key;
    this.#cached = session;
    return session;
  }
}
