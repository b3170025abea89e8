import type { VerificationGuard } from '../log/index.ts';
import { ErrorCode } from '../protocol/errors.ts';

/** One batch on its way into a partition's log, and who wants to know what became of it. */
export interface PendingAppend {
  readonly bytes: Uint8Array;
  readonly origin: 'client' | 'coordinator';
  /** 0, 1, or -1 for all in-sync replicas. */
  readonly acks: number;
  /** The CRC of these bytes was checked. */
  readonly crcChecked: boolean;
  /** Set under message.timestamp.type=LogAppendTime: the time to stamp. */
  readonly logAppendTimeMs?: number;
  readonly verificationGuard?: VerificationGuard;
  /** Appends only in this leader epoch; absent: in whatever epoch this replica leads. */
  readonly leaderEpoch?: number;
  /** Nobody waits any more: if the batch is not written yet, it need not be. */
  readonly abandoned: boolean;
  /** Called exactly once unless the append was abandoned: from the end of a turn, never inside `append`. */
  settled(outcome: AppendOutcome): void;
}

export interface AppendOutcome {
  readonly errorCode: number;
  readonly message: string | null;
  /** -1 with an error. */
  readonly baseOffset: number;
  /** -1 under CreateTime. */
  readonly logAppendTimeMs: number;
  /** -1 where it is not known. */
  readonly logStartOffset: number;
}

export function refusedAppend(errorCode: number, message: string | null = null): AppendOutcome {
  return { errorCode, message, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
}

/** An append that is written and waits for its offset to be committed (acks=all) or flushed. */
export interface WaitingAppend {
  readonly append: PendingAppend;
  /** The offset that must be reached. */
  readonly required: number;
  readonly outcome: AppendOutcome;
}

export const NOT_LEADER: AppendOutcome = refusedAppend(ErrorCode.notLeaderOrFollower);
export const STORAGE_ERROR: AppendOutcome = refusedAppend(ErrorCode.kafkaStorageError);
