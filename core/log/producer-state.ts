import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  controlRecordType,
  endTransactionCoordinatorEpoch,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
} from '../records/index.ts';
import type { Codecs } from '../runtime.ts';
import { type AppendOptions, LogError, type Refusal, type VerificationGuard } from './outcomes.ts';
import { ProducerEntry, type RememberedBatch } from './producer-entry.ts';
import { checkSequence } from './sequence.ts';
import type { AbortedRange } from './transaction-index.ts';
import { Verifications } from './verifications.ts';

const cursor = new RecordCursor();

/** Marker type and coordinator epoch of a control batch; null when it is no transaction marker. */
function readMarker(
  bytes: Uint8Array,
  at: number,
  codecs: Codecs,
): { abort: boolean; coordinatorEpoch: number } | null {
  cursor.open(bytes, at, codecs);
  if (!cursor.next()) return null;
  const type = controlRecordType(cursor.key());
  const coordinatorEpoch = endTransactionCoordinatorEpoch(cursor.value());
  cursor.close();
  if ((type !== 'abort' && type !== 'commit') || coordinatorEpoch === null) return null;
  return { abort: type === 'abort', coordinatorEpoch };
}

/**
 * The idempotent and transactional producers of one log: which batches are repetitions or gaps, which transactions are
 * open. `check` looks, `apply` changes; replication and recovery apply without checking, since the leader has checked.
 */
export class ProducerState {
  readonly #codecs: Codecs;
  #entries = new Map<number, ProducerEntry>();
  /** Open transactions: first offset → producer id, in rising order of first offset. */
  #open = new Map<number, number>();
  /** Ended transactions whose marker is not below the high watermark: first offset → marker offset. */
  #unreplicated = new Map<number, number>();
  readonly #verifications: Verifications = new Verifications();
  /** The state covers all batches below this offset. */
  mapEndOffset = 0;

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  get entries(): Iterable<ProducerEntry> {
    return this.#entries.values();
  }
  get size(): number {
    return this.#entries.size;
  }
  entry(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId);
  }

  clear(mapEndOffset: number): void {
    this.#entries = new Map();
    this.#open = new Map();
    this.#unreplicated = new Map();
    this.#verifications.clear();
    this.mapEndOffset = mapEndOffset;
  }

  load(entries: readonly ProducerEntry[], mapEndOffset: number): void {
    this.clear(mapEndOffset);
    for (const entry of entries) this.#entries.set(entry.producerId, entry);
    const open = entries.filter((entry) => entry.openTransactionOffset >= 0);
    open.sort((a, b) => a.openTransactionOffset - b.openTransactionOffset);
    for (const entry of open) this.#open.set(entry.openTransactionOffset, entry.producerId);
  }

  /** The smallest offset that belongs to a transaction not yet ended and replicated; Infinity when there is none. */
  get firstUnstableOffset(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const offset of this.#open.keys()) {
      first = offset;
      break;
    }
    for (const offset of this.#unreplicated.keys()) if (offset < first) first = offset;
    return first;
  }

  highWatermarkMoved(highWatermark: number): void {
    if (this.#unreplicated.size === 0) return;
    for (const [first, marker] of this.#unreplicated) {
      if (marker < highWatermark) this.#unreplicated.delete(first);
    }
  }

  logStartMoved(logStartOffset: number): void {
    for (const [first, marker] of this.#unreplicated) {
      if (marker < logStartOffset) this.#unreplicated.delete(first);
    }
    if (this.mapEndOffset < logStartOffset) this.mapEndOffset = logStartOffset;
  }

  findDuplicate(bytes: Uint8Array, at: number): RememberedBatch | null {
    const producerId = batchProducerId(bytes, at);
    if (producerId < 0) return null;
    const entry = this.#entries.get(producerId);
    if (entry === undefined) return null;
    return entry.findDuplicate(
      batchProducerEpoch(bytes, at),
      batchBaseSequence(bytes, at),
      batchLastSequence(bytes, at),
    );
  }

  /** KIP-890: null when the transaction is open here already. */
  beginVerification(
    producerId: number,
    sequence: number,
    epoch: number,
    supportsEpochBump: boolean,
    nowMs: number,
  ): VerificationGuard | null {
    const entry = this.#entries.get(producerId);
    if (entry !== undefined && entry.openTransactionOffset >= 0 && entry.epoch === epoch) return null;
    return this.#verifications.begin(producerId, sequence, epoch, supportsEpochBump, nowMs);
  }

  /** Whether a client's or coordinator's batch may be appended. `verify`: transactions need a guard (KIP-890). */
  check(bytes: Uint8Array, at: number, options: AppendOptions, verify: boolean): Refusal | null {
    const producerId = batchProducerId(bytes, at);
    if (producerId < 0) return null;
    const entry = this.#entries.get(producerId);
    const epoch = batchProducerEpoch(bytes, at);
    if (isControlBatch(bytes, at)) return this.#checkMarker(bytes, at, entry, epoch, options.transactionVersion ?? 0);
    const transactional = isTransactionalBatch(bytes, at);
    const open = entry !== undefined && entry.openTransactionOffset >= 0;
    const verification = this.#verifications.of(producerId);
    if (verify && options.origin === 'client' && transactional && !(open && entry.epoch === epoch)) {
      const guard = options.verificationGuard;
      if (guard === undefined || verification?.guard !== guard) {
        return { errorCode: LogError.invalidTxnState, message: 'the batch is not part of an ongoing transaction' };
      }
    }
    if (entry !== undefined && epoch < entry.epoch) {
      return {
        errorCode: LogError.invalidProducerEpoch,
        message: `producer ${producerId} has epoch ${entry.epoch}, the batch ${epoch}`,
      };
    }
    if (options.origin === 'client') {
      const refusal = checkSequence(entry, epoch, batchBaseSequence(bytes, at), verification);
      if (refusal !== null) return refusal;
    }
    if (open && !transactional) {
      return {
        errorCode: LogError.invalidTxnState,
        message: `a batch without transaction while producer ${producerId} has one open`,
      };
    }
    return null;
  }

  #checkMarker(
    bytes: Uint8Array,
    at: number,
    entry: ProducerEntry | undefined,
    epoch: number,
    transactionVersion: number,
  ): Refusal | null {
    if (entry === undefined) return null;
    // With transaction version 2 the marker brings the bumped epoch; only a repetition brings the present one.
    const open = entry.openTransactionOffset >= 0;
    if (epoch < entry.epoch || (transactionVersion >= 2 && open && epoch === entry.epoch)) {
      return {
        errorCode: LogError.invalidProducerEpoch,
        message: `producer ${entry.producerId} has epoch ${entry.epoch}, the marker ${epoch}`,
      };
    }
    const marker = readMarker(bytes, at, this.#codecs);
    if (marker !== null && marker.coordinatorEpoch < entry.coordinatorEpoch) {
      return {
        errorCode: LogError.transactionCoordinatorFenced,
        message: `coordinator epoch ${marker.coordinatorEpoch} is older than ${entry.coordinatorEpoch}`,
      };
    }
    return null;
  }

  /**
   * Takes a batch in, with the offsets that its header holds. Returns the aborted transaction that it ends, for the
   * transaction index.
   */
  apply(bytes: Uint8Array, at: number): AbortedRange | null {
    const lastOffset = batchLastOffset(bytes, at);
    this.mapEndOffset = lastOffset + 1;
    const producerId = batchProducerId(bytes, at);
    if (producerId < 0) return null;
    const epoch = batchProducerEpoch(bytes, at);
    const control = isControlBatch(bytes, at);
    const marker = control ? readMarker(bytes, at, this.#codecs) : null;
    if (control && marker === null) return null;
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      entry = new ProducerEntry(producerId);
      this.#entries.set(producerId, entry);
    }
    entry.enterEpoch(epoch);
    const timestampMs = batchMaxTimestamp(bytes, at);
    if (marker !== null) {
      entry.coordinatorEpoch = marker.coordinatorEpoch;
      entry.lastTimestampMs = timestampMs;
      return this.#endTransaction(entry, lastOffset, marker.abort);
    }
    entry.remember({
      lastSequence: batchLastSequence(bytes, at),
      lastOffset,
      offsetDelta: batchLastOffsetDelta(bytes, at),
      timestampMs,
    });
    if (entry.openTransactionOffset < 0 && isTransactionalBatch(bytes, at)) {
      entry.openTransactionOffset = batchBaseOffset(bytes, at);
      this.#open.set(entry.openTransactionOffset, producerId);
      this.#verifications.end(producerId);
    }
    return null;
  }

  /** A batch below the snapshot that this state was loaded from: its producer may send it again. In order of offsets. */
  recall(bytes: Uint8Array, at: number): void {
    const entry = this.#entries.get(batchProducerId(bytes, at));
    if (entry === undefined || isControlBatch(bytes, at) || batchProducerEpoch(bytes, at) !== entry.epoch) return;
    entry.recall({
      lastSequence: batchLastSequence(bytes, at),
      lastOffset: batchLastOffset(bytes, at),
      offsetDelta: batchLastOffsetDelta(bytes, at),
      timestampMs: batchMaxTimestamp(bytes, at),
    });
  }

  #endTransaction(entry: ProducerEntry, markerOffset: number, aborted: boolean): AbortedRange | null {
    this.#verifications.end(entry.producerId);
    const firstOffset = entry.openTransactionOffset;
    // A marker without data before it changes no one's view.
    if (firstOffset < 0) return null;
    entry.openTransactionOffset = -1;
    this.#open.delete(firstOffset);
    this.#unreplicated.set(firstOffset, markerOffset);
    if (!aborted) return null;
    let lastStableOffset = markerOffset + 1;
    for (const open of this.#open.keys()) {
      lastStableOffset = open;
      break;
    }
    return { producerId: entry.producerId, firstOffset, lastOffset: markerOffset, lastStableOffset };
  }

  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [producerId, entry] of this.#entries) {
      if (entry.openTransactionOffset < 0 && nowMs - entry.lastTimestampMs >= expirationMs) {
        this.#entries.delete(producerId);
      }
    }
    this.#verifications.removeExpired(nowMs, expirationMs);
  }
}
