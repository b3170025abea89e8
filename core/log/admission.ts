import {
  batchBaseOffset,
  batchCrcIsValid,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchProducerId,
  wholeBatchSize,
} from '../records/index.ts';
import type { Codecs } from '../runtime.ts';
import type { LogConfig } from './config.ts';
import { type AppendOptions, LogError, type Refusal } from './outcomes.ts';
import type { ProducerState } from './producer-state.ts';

/** What an entry offers: whole, well-formed batches in its first `bytes` bytes. */
export interface Admitted {
  readonly kind: 'admitted';
  readonly bytes: number;
}

export type Admission = Admitted | ({ readonly kind: 'refused' } & Refusal);

function refused(errorCode: number, message: string): Admission {
  return { kind: 'refused', errorCode, message };
}

/**
 * Looks at the bytes of one append without changing anything: boundaries, sizes, CRC, rising offsets, producers.
 * Records inside the batches are not looked at: the broker has validated what came from a client. Without `producers`
 * their sequences are not looked at either.
 */
export function admit(
  bytes: Uint8Array,
  options: AppendOptions,
  logEndOffset: number,
  config: LogConfig,
  producers: ProducerState | null,
  codecs: Codecs,
): Admission {
  const replicated = options.origin === 'replication';
  let at = 0;
  let nextOffset = logEndOffset;
  while (at < bytes.length) {
    const size = wholeBatchSize(bytes, at, bytes.length);
    if (size <= 0) {
      // A leader may cut a Fetch response inside its last batch.
      if (size === 0 && replicated && at > 0) break;
      return refused(LogError.corruptMessage, `no whole record batch at byte ${at} of ${bytes.length}`);
    }
    if (at > 0 && options.origin === 'client') {
      return refused(LogError.invalidRecord, 'a client appends one record batch at a time');
    }
    if (!replicated && size > config.maxMessageBytes) {
      return refused(
        LogError.messageTooLarge,
        `a batch of ${size} bytes; max.message.bytes is ${config.maxMessageBytes}`,
      );
    }
    if (batchLastOffsetDelta(bytes, at) < 0)
      return refused(LogError.corruptMessage, 'the last offset delta is negative');
    if (options.crcChecked !== true && !batchCrcIsValid(bytes, at, codecs)) {
      return refused(LogError.corruptMessage, 'the CRC of a batch is wrong');
    }
    if (replicated) {
      // No CRC covers the epoch: one above that of the leader itself is of a later leader, or damaged (KAFKA-18723).
      const epoch = batchLeaderEpoch(bytes, at);
      if (epoch > options.leaderEpoch) {
        if (at > 0) break;
        return refused(LogError.corruptMessage, `a batch of epoch ${epoch}; the leader is of ${options.leaderEpoch}`);
      }
      const baseOffset = batchBaseOffset(bytes, at);
      if (baseOffset < nextOffset || !Number.isSafeInteger(baseOffset)) {
        return refused(LogError.offsetOutOfRange, `a batch begins at ${baseOffset}, the log ends at ${nextOffset}`);
      }
      nextOffset = baseOffset + batchLastOffsetDelta(bytes, at) + 1;
    } else if (producers !== null && batchProducerId(bytes, at) >= 0) {
      const refusal = producers.check(bytes, at, options, config.transactionVerification);
      if (refusal !== null) return { kind: 'refused', ...refusal };
    }
    at += size;
  }
  if (at === 0) return refused(LogError.invalidRecord, 'no record batch');
  if (!replicated && at > config.segmentBytes) {
    return refused(LogError.recordListTooLarge, `${at} bytes; segment.bytes is ${config.segmentBytes}`);
  }
  return { kind: 'admitted', bytes: at };
}
