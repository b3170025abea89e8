/** Kafka's error codes that a log answers with. */
export const LogError = {
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  messageTooLarge: 10,
  recordListTooLarge: 18,
  outOfOrderSequence: 45,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  transactionCoordinatorFenced: 52,
  storageError: 56,
  policyViolation: 44,
  invalidRecord: 87,
} as const;

/** Who appends: clients and coordinators get offsets assigned here, replication brings them along. */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

export interface AppendOptions {
  readonly origin: AppendOrigin;
  /** Stamped on every batch as partition leader epoch. Ignored for 'replication', whose batches carry theirs. */
  readonly leaderEpoch: number;
  /** The caller has checked the CRC of these very bytes. Without it `append` does. */
  readonly crcChecked?: boolean;
  /**
   * For `message.timestamp.type=LogAppendTime`: the wall-clock ms to stamp on every batch (rewrites attributes, max
   * timestamp and CRC, as Kafka's broker does).
   */
  readonly logAppendTimeMs?: number;
  /** From `beginVerification`, for the first batch of a transaction (KIP-890). */
  readonly verificationGuard?: VerificationGuard;
  /** `transaction.version` under which a coordinator writes a marker: from 2 on it brings a bumped epoch (KIP-890). */
  readonly transactionVersion?: number;
}

/** Proof that the transaction coordinator was asked about this producer's transaction. Compared by identity. */
export interface VerificationGuard {
  readonly producerId: number;
}

/** Why a batch may not be appended. */
export interface Refusal {
  readonly errorCode: number;
  readonly message: string;
}

export interface Appended {
  readonly kind: 'appended';
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** -1 with CreateTime. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  readonly bytes: number;
  /** `flush.messages` unflushed messages have gathered: the caller should call `flush`. */
  readonly flushDue: boolean;
}

export type AppendResult =
  | Appended
  /** One of the producer's last five batches again: where it stands already. Answered as a success. */
  | {
      readonly kind: 'duplicate';
      readonly baseOffset: number;
      readonly lastOffset: number;
      readonly timestampMs: number;
    }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

export interface ReadRequest {
  readonly offset: number;
  readonly maxBytes: number;
  /** Return the first batch even if it alone is larger than maxBytes. */
  readonly minOneMessage: boolean;
  /** Only batches that end below this offset: high watermark, last stable offset or log end. */
  readonly upTo: number;
  /** Also collect the aborted transactions that a read_committed reader needs for these batches. */
  readonly abortedTransactions?: boolean;
  /** Gives a buffer of at least so many bytes for what is read from the disk; the result is a view of it. Default: a new one. */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export type ReadResult =
  | {
      readonly kind: 'read';
      /** Whole batches, in order; shared with the log's cache: do not modify. Empty at the end. */
      readonly bytes: Uint8Array;
      /** Base offset of the first batch (may lie below the requested offset), -1 when empty. */
      readonly firstOffset: number;
      /** The offset to ask for next; the requested offset when empty. */
      readonly nextOffset: number;
      readonly abortedTransactions: readonly AbortedTransaction[];
    }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

export type LogHealth =
  | { readonly kind: 'healthy' }
  /** Durable bytes went bad: below `fromOffset` the log is readable; nothing is appended until it is truncated there. */
  | { readonly kind: 'corrupt'; readonly fromOffset: number; readonly reason: string }
  /** The log directory is offline. */
  | { readonly kind: 'offline'; readonly reason: string };

/** What opening a log found and did. */
export interface RecoveryReport {
  readonly clean: boolean;
  readonly segmentsRecovered: number;
  readonly batchesChecked: number;
  /** Bytes cut off as a torn tail, with the reason and the log end offset that remained. */
  readonly truncatedBytes: number;
  readonly truncationReason: string | null;
  /** Set when the log ends below its recovery point although its bytes are well-formed: durable data is missing. */
  readonly missingFromOffset: number | null;
}

export interface EpochEndOffset {
  /** -1 when nothing is known. */
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

export interface TimestampAndOffset {
  readonly timestampMs: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface LogFaults {
  /** Recovery believes every batch. */
  readonly skipRecoveryCrc?: boolean;
  /** The recovery point moves without waiting for the device (KAFKA-10101). */
  readonly recoveryPointWithoutSync?: boolean;
  /** What an unclean start finds above the recovery point is not written anew: pages that a failed sync left clean pass. */
  readonly trustPagesAtStart?: boolean;
  /** The epoch file is not written once the log is open (KAFKA-16541). */
  readonly forgetEpochs?: boolean;
  /** The clean-shutdown marker is deleted only with the first checkpoints, when the logs are in use (KAFKA-15375). */
  readonly lateMarkerDeletion?: boolean;
  /** A duplicate is appended again. */
  readonly ignoreDuplicates?: boolean;
  /** Batches are taken in any order of their sequences. */
  readonly skipSequenceCheck?: boolean;
  /** A duplicate is answered with the offset that comes next. */
  readonly misplaceDuplicates?: boolean;
  /** What producers have written is forgotten when the log is opened. */
  readonly forgetProducers?: boolean;
  /** Syncs return at once, and the device is never asked. */
  readonly skipSync?: boolean;
  /** One batch in many is acknowledged and not written. */
  readonly dropBatches?: boolean;
  /** A read at some offsets begins one record too late. */
  readonly readLate?: boolean;
}
