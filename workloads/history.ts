/**
 * The history of a run: what every client did and saw, as fixed-width rows of numbers, so that worker threads hand it
 * over without copying objects and the verdict reads millions of events a second. What an actor or partition index
 * means stands in `HistoryNames`. Times are nanoseconds since the run's start (virtual in `sim`, monotonic elsewhere).
 */

/** Columns of a row. Unused columns are -1. */
export const HISTORY_WIDTH = 8;
export const COLUMN = { kind: 0, time: 1, actor: 2, partition: 3, offset: 4, sequence: 5, a: 6, b: 7 } as const;

/** Row kinds; the comment gives the columns used beside kind, time and actor. */
export const EVENT = {
  /** partition, sequence; a = intended time, b = payload bytes. Writers number their records 0, 1, 2, … per writer. */
  send: 1,
  /** partition, offset (-1 when acks=0 gives none), sequence; a = intended time. The promise that P1 is about. */
  ack: 2,
  /** partition, sequence; a = Kafka error code or -1 (timeout, disconnect), b = 1 when definitely not written. */
  fail: 3,
  /** partition, offset, sequence; a = writer actor index, b = leader epoch of the batch or -1. A record handed to the application. */
  read: 4,
  /** partition, offset = position where reading starts; a = generation (-1: manual assignment). */
  assign: 5,
  /** partition; a = generation, b = 1 when lost (no chance to commit) instead of revoked. */
  revoke: 6,
  /** partition, offset = everything below was processed. Written when it is processed, not when it is polled. */
  processed: 7,
  /** partition, offset; sequence = number of this commit within the actor; a = generation. */
  commit: 8,
  /** partition, offset, sequence as the commit. */
  commitAck: 9,
  /** partition, offset, sequence as the commit; a = error code or -1, b = 1 when definitely not applied. */
  commitFail: 10,
  /** partition, offset = what OffsetFetch answered (-1: none committed); a = time when it was asked, or -1. */
  committed: 11,
  /** sequence = number of the transaction within the actor. Sends that follow belong to it until its end. */
  txnBegin: 12,
  /** sequence; a = 1 commit, 0 abort: asked for. */
  txnEnd: 13,
  /** sequence; a = 1 committed, 0 aborted, -1 unknown; b = error code or 0. */
  txnResult: 14,
  /** partition, offset = first missing offset; a = next offset present; b = GAP reason seen by the reader. */
  gap: 15,
  /** partition, offset = log end (read_committed readers: last stable offset); a = log start. Asked after healing. */
  logEnd: 16,
  /** The consumer's own seek: partition, offset; a = 1 when by offset reset. */
  seek: 17,
  /** Input side of consume-transform-produce: partition, offset consumed; sequence = transaction number. */
  txnOffsets: 18,
} as const;

export type EventKind = (typeof EVENT)[keyof typeof EVENT];

/** Why a reader found offsets missing, as far as it can know. */
export const GAP = {
  control: 1,
  aborted: 2,
  compacted: 3,
  retention: 4,
  unknown: 5,
  /** The bytes that the broker handed out are no records: a bad checksum, a cut batch. */
  corrupt: 6,
} as const;

export type ActorRole =
  | { kind: 'producer'; acks: -1 | 0 | 1; idempotent: boolean; transactional: boolean }
  | { kind: 'consumer'; group: string | null; isolation: 'read_uncommitted' | 'read_committed' }
  /** Reads everything from log start to log end after healing; its reads decide P1, P2, P3, P5, P6. */
  | { kind: 'auditor'; isolation: 'read_uncommitted' | 'read_committed' };

export interface HistoryNames {
  readonly actors: readonly { readonly name: string; readonly role: ActorRole }[];
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

/** Where actors write; the recorder and the streaming verdict implement it. Rows arrive in time order per actor. */
export interface HistorySink {
  /** `rows.length` is a multiple of HISTORY_WIDTH; the receiver must not keep the array. */
  rows(rows: Float64Array, count: number): void;
}
