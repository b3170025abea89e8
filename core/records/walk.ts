import { BATCH_OVERHEAD, batchSize, CURRENT_MAGIC, HEADER_SIZE_UP_TO_MAGIC } from './batch.ts';
import { readInt32 } from './integers.ts';

/** Smallest size that a batch of any magic can claim: a v0 message (14) after offset and length (12). */
const SMALLEST_SIZE_OF_ANY_MAGIC = 26;

/** What stands at a position of a byte range that should hold whole batches. */
export type BatchBoundary =
  /** A whole v2 batch of `size` bytes. Its CRC and its records have not been looked at. */
  | { kind: 'batch'; at: number; size: number }
  /** The range ends inside a batch: a torn tail of a log, or the cut that Fetch allows. */
  | { kind: 'truncated'; at: number }
  /** Bytes that cannot start a v2 batch. `magic` is 0 or 1 for the old formats (KIP-724: no longer supported). */
  | { kind: 'corrupt'; at: number; reason: string; magic: number | null };

/** Size of the whole batch at `at`, or one of these, without making an object. */
export const BATCH_TRUNCATED = 0;
export const BATCH_CORRUPT = -1;

/**
 * The size in bytes of the batch at `at` if it lies whole before `end` and its size and magic are those of v2;
 * otherwise BATCH_TRUNCATED or BATCH_CORRUPT. Constant time: neither CRC nor records are checked.
 */
export function wholeBatchSize(bytes: Uint8Array, at: number, end: number): number {
  const available = end - at;
  if (available < HEADER_SIZE_UP_TO_MAGIC) return BATCH_TRUNCATED;
  const size = batchSize(bytes, at);
  if (bytes[at + 16] !== CURRENT_MAGIC || size < BATCH_OVERHEAD) return BATCH_CORRUPT;
  return size > available ? BATCH_TRUNCATED : size;
}

/** What stands at `at`, with the reason when it is corrupt. */
export function batchBoundary(bytes: Uint8Array, at: number, end: number): BatchBoundary {
  const size = wholeBatchSize(bytes, at, end);
  if (size > 0) return { kind: 'batch', at, size };
  if (size === BATCH_TRUNCATED) return { kind: 'truncated', at };
  const magic = bytes[at + 16]!;
  const claimed = readInt32(bytes, at + 8) + 12;
  if (claimed < SMALLEST_SIZE_OF_ANY_MAGIC || magic === CURRENT_MAGIC) {
    return { kind: 'corrupt', at, reason: `batch size ${claimed} is below the minimum`, magic: null };
  }
  return { kind: 'corrupt', at, reason: `magic ${magic} is not 2`, magic: magic < CURRENT_MAGIC ? magic : null };
}

/** Every whole batch of [from, to) in order; the last item tells when the range does not end with one. */
export function* batches(bytes: Uint8Array, from = 0, to: number = bytes.length): Generator<BatchBoundary> {
  let at = from;
  while (at < to) {
    const boundary = batchBoundary(bytes, at, to);
    yield boundary;
    if (boundary.kind !== 'batch') return;
    at += boundary.size;
  }
}
