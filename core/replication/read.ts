import type { AbortedTransaction } from '../log/index.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Partition } from './partition.ts';

/** How far a reader may see. */
export type ReadIsolation = 'logEnd' | 'highWatermark' | 'committed';

export interface PartitionReadRequest {
  readonly fetchOffset: number;
  readonly maxBytes: number;
  readonly minOneMessage: boolean;
  readonly isolation: ReadIsolation;
  /** -1: the reader does not know it. */
  readonly currentLeaderEpoch: number;
  /** Epoch of the last record that the reader has (KIP-595), -1 unknown. */
  readonly lastFetchedEpoch: number;
  /** Consumers that know of KIP-392 may read from a follower. */
  readonly leaderOnly: boolean;
  /** -1: a consumer. A follower must be one of the partition's. */
  readonly replicaId: number;
  /** Where what comes from the disk shall stand; see core/log's ReadRequest. */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined;
}

export type PartitionRead =
  | {
      readonly kind: 'read';
      readonly bytes: Uint8Array;
      readonly highWatermark: number;
      readonly lastStableOffset: number;
      readonly logStartOffset: number;
      /** Null for readers that see everything. */
      readonly abortedTransactions: readonly AbortedTransaction[] | null;
    }
  /** The reader's log has left this one: it must cut back to `endOffset` of `epoch`. */
  | {
      readonly kind: 'diverging';
      readonly epoch: number;
      readonly endOffset: number;
      readonly highWatermark: number;
      readonly lastStableOffset: number;
      readonly logStartOffset: number;
    }
  | { readonly kind: 'opening' }
  | { readonly kind: 'refused'; readonly errorCode: number };

const NO_BYTES = new Uint8Array(0);
const OPENING: PartitionRead = { kind: 'opening' };

/** What a Fetch of one partition gives now. */
export function readPartition(partition: Partition, request: PartitionReadRequest): PartitionRead {
  const { state, log } = partition;
  if (state.kind === 'opening') return OPENING;
  if (state.kind === 'offline') return refused(ErrorCode.kafkaStorageError);
  if (log === null) return refused(ErrorCode.notLeaderOrFollower);
  const epochError = partition.epochError(request.currentLeaderEpoch);
  if (epochError !== ErrorCode.none) return refused(epochError);
  if (request.leaderOnly && state.kind !== 'leader') return refused(ErrorCode.notLeaderOrFollower);

  if (request.replicaId >= 0 && state.kind === 'leader' && !state.followers.has(request.replicaId)) {
    return refused(ErrorCode.notLeaderOrFollower);
  }

  const highWatermark = log.highWatermark;
  const lastStableOffset = log.lastStableOffset;
  const logStartOffset = log.logStartOffset;
  if (request.lastFetchedEpoch >= 0) {
    const end = log.endOffsetForEpoch(request.lastFetchedEpoch);
    if (end.leaderEpoch === -1 || end.endOffset === -1) return refused(ErrorCode.offsetOutOfRange);
    if (end.leaderEpoch < request.lastFetchedEpoch || end.endOffset < request.fetchOffset) {
      const { leaderEpoch: epoch, endOffset } = end;
      return { kind: 'diverging', epoch, endOffset, highWatermark, lastStableOffset, logStartOffset };
    }
  }

  const { isolation, fetchOffset } = request;
  const seesAll = isolation === 'logEnd' || partition.host.faults.readUncommitted === true;
  const upTo = seesAll ? log.logEndOffset : isolation === 'committed' ? lastStableOffset : highWatermark;
  if (fetchOffset < logStartOffset || fetchOffset > log.logEndOffset) return refused(ErrorCode.offsetOutOfRange);
  const committed = isolation === 'committed';
  if (fetchOffset >= upTo) {
    const abortedTransactions = committed ? [] : null;
    return { kind: 'read', bytes: NO_BYTES, highWatermark, lastStableOffset, logStartOffset, abortedTransactions };
  }
  const result = log.read({
    offset: fetchOffset,
    maxBytes: Math.max(request.maxBytes, 0),
    minOneMessage: request.minOneMessage,
    upTo,
    abortedTransactions: committed,
    allocate: request.allocate,
  });
  if (result.kind === 'refused') return refused(result.errorCode);
  return {
    kind: 'read',
    bytes: result.bytes,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions: committed ? result.abortedTransactions : null,
  };
}

function refused(errorCode: number): PartitionRead {
  return { kind: 'refused', errorCode };
}
