import { ErrorCode } from '../../protocol/index.ts';

/** What became of one record. */
export type SendResult =
  /** `offset` -1: not told (acks=0, or a duplicate that the broker no longer remembers). `timestamp` in ms. */
  | { kind: 'acked'; partition: number; offset: number; timestamp: number; leaderEpoch: number }
  | {
      kind: 'failed';
      /** Kafka's error code; -1 when no broker said one. */
      errorCode: number;
      /** True: surely not written. False: it may stand in the log, or may still get there. */
      definite: boolean;
      message: string;
    };

export type SendCallback = (result: SendResult) => void;

/** What became of all records of one batch: the form for load generators. */
export interface BatchOutcome {
  readonly topic: string;
  readonly partition: number;
  /** One per record, in order of `append`; valid only during the call. */
  readonly tokens: readonly number[];
  readonly result:
    | {
        readonly kind: 'acked';
        /** Offset of the first record; -1 when it was not told. */
        readonly baseOffset: number;
        /** -1: the records keep the timestamps that they were sent with. */
        readonly logAppendTimeMs: number;
        readonly leaderEpoch: number;
      }
    | { readonly kind: 'failed'; readonly errorCode: number; readonly definite: boolean; readonly message: string };
}

/**
 * Errors of Produce that are given before anything is appended. All others are not in this list because the append may
 * have happened: a timeout or NOT_LEADER_OR_FOLLOWER may end the wait for followers, and a storage error may follow a
 * write that survives.
 */
const REFUSED_BEFORE_APPEND: ReadonlySet<number> = new Set<number>([
  ErrorCode.corruptMessage,
  ErrorCode.unknownTopicOrPartition,
  ErrorCode.messageTooLarge,
  ErrorCode.invalidTopicException,
  ErrorCode.recordListTooLarge,
  ErrorCode.notEnoughReplicas,
  ErrorCode.invalidRequiredAcks,
  ErrorCode.topicAuthorizationFailed,
  ErrorCode.clusterAuthorizationFailed,
  ErrorCode.invalidTimestamp,
  ErrorCode.unsupportedVersion,
  ErrorCode.invalidRequest,
  ErrorCode.unsupportedForMessageFormat,
  ErrorCode.policyViolation,
  ErrorCode.outOfOrderSequenceNumber,
  ErrorCode.invalidProducerEpoch,
  ErrorCode.invalidTxnState,
  ErrorCode.invalidProducerIdMapping,
  ErrorCode.transactionalIdAuthorizationFailed,
  ErrorCode.unknownProducerId,
  ErrorCode.unsupportedCompressionType,
  ErrorCode.invalidRecord,
  ErrorCode.producerFenced,
  ErrorCode.unknownTopicId,
  ErrorCode.inconsistentTopicId,
  ErrorCode.throttlingQuotaExceeded,
]);

export function isRefusedBeforeAppend(code: number): boolean {
  return REFUSED_BEFORE_APPEND.has(code);
}
