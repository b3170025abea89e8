import {
  BATCH_OVERHEAD,
  batchBaseOffset,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchSize,
  RecordCursor,
  wholeBatchSize,
} from '../records/index.ts';
import type { Codecs } from '../runtime.ts';
import { readFully, scanBatches } from './batch-scan.ts';
import type { TimestampAndOffset } from './outcomes.ts';
import type { Segment } from './segment.ts';
import type { TailSlice } from './tail.ts';

/** Reading of a segment's file: for what the tail cache no longer holds. All of it is synchronous and bounded. */

const NOTHING = new Uint8Array(0);
/** Holds the batches between two index entries in most logs. */
const scratch = new Uint8Array(8192);
const cursor = new RecordCursor();

interface Found {
  readonly position: number;
  readonly baseOffset: number;
  readonly size: number;
}

/** Fills both sparse indexes anew from the segment's headers, for when an entry turned out wrong. */
export function rebuildIndexes(segment: Segment): void {
  const { size, nextOffset } = segment;
  segment.startRebuild();
  scanBatches(segment.file, 0, size, (bytes, at, batchBytes) => {
    segment.take(bytes, at, batchBytes);
    return true;
  });
  segment.nextOffset = nextOffset;
}

/** The first batch whose last offset is ≥ `offset`; null when there is none in this segment. */
export function findBatch(segment: Segment, offset: number): Found | null {
  const from = segment.offsets.lookup(offset);
  if (from > 0 && !standsAt(segment, from, offset)) {
    rebuildIndexes(segment);
    return walkTo(segment, segment.offsets.lookup(offset), offset);
  }
  return walkTo(segment, from, offset);
}

/** Whether a batch that may precede `offset` begins at an indexed position. */
function standsAt(segment: Segment, position: number, offset: number): boolean {
  const header = scratch.subarray(0, BATCH_OVERHEAD);
  if (position + BATCH_OVERHEAD > segment.size || readFully(segment.file, position, header) < BATCH_OVERHEAD)
    return false;
  const base = batchBaseOffset(header, 0);
  return wholeBatchSize(header, 0, Number.MAX_SAFE_INTEGER) > 0 && base >= segment.baseOffset && base <= offset;
}

function walkTo(segment: Segment, from: number, offset: number): Found | null {
  let position = from;
  while (position < segment.size) {
    const filled = readFully(
      segment.file,
      position,
      scratch.subarray(0, Math.min(scratch.length, segment.size - position)),
    );
    let at = 0;
    while (filled - at >= BATCH_OVERHEAD) {
      // Only the header must be here; the batch may reach beyond the buffer.
      const size = wholeBatchSize(scratch, at, Number.MAX_SAFE_INTEGER);
      if (size <= 0) return null;
      if (batchLastOffset(scratch, at) >= offset) {
        return { position: position + at, baseOffset: batchBaseOffset(scratch, at), size };
      }
      at += size;
      if (at > filled) break;
    }
    if (at === 0) return null;
    position += at;
  }
  return null;
}

/** Whole batches from the one that holds `offset` (or the first after it). null when the segment has none there. */
export function readSegment(
  segment: Segment,
  offset: number,
  upTo: number,
  maxBytes: number,
  minOneMessage: boolean,
  allocate: (bytes: number) => Uint8Array = (size) => new Uint8Array(size),
): TailSlice | null {
  const found = findBatch(segment, offset);
  if (found === null) return null;
  const empty = { bytes: NOTHING, firstOffset: -1, nextOffset: offset };
  let length = Math.min(maxBytes, segment.size - found.position);
  if (length < found.size) {
    if (!minOneMessage) return empty;
    length = found.size;
  }
  const bytes = allocate(length).subarray(0, length);
  const filled = readFully(segment.file, found.position, bytes);
  let end = 0;
  let nextOffset = offset;
  while (end < filled) {
    const size = wholeBatchSize(bytes, end, filled);
    if (size <= 0) break;
    const lastOffset = batchLastOffset(bytes, end);
    if (lastOffset >= upTo) break;
    nextOffset = lastOffset + 1;
    end += size;
  }
  if (end === 0) return empty;
  return { bytes: bytes.subarray(0, end), firstOffset: found.baseOffset, nextOffset };
}

/** The first record at or after `startOffset` with a timestamp ≥ `timestampMs`. */
export function findTimestamp(
  segment: Segment,
  timestampMs: number,
  startOffset: number,
  codecs: Codecs,
): TimestampAndOffset | null {
  if (segment.maxTimestamp < timestampMs) return null;
  const from = findBatch(segment, Math.max(startOffset, segment.times.lookup(timestampMs)));
  if (from === null) return null;
  let found: TimestampAndOffset | null = null;
  scanBatches(segment.file, from.position, segment.size, (bytes, at) => {
    if (batchMaxTimestamp(bytes, at) < timestampMs || batchLastOffset(bytes, at) < startOffset) return true;
    found = recordFrom(bytes, at, timestampMs, startOffset, codecs);
    return found === null;
  });
  return found;
}

function recordFrom(
  bytes: Uint8Array,
  at: number,
  timestampMs: number,
  startOffset: number,
  codecs: Codecs,
): TimestampAndOffset | null {
  let found: TimestampAndOffset | null = null;
  cursor.open(bytes, at, codecs);
  while (found === null && cursor.next()) {
    if (cursor.timestamp >= timestampMs && cursor.offset >= startOffset) {
      found = { timestampMs: cursor.timestamp, offset: cursor.offset, leaderEpoch: batchLeaderEpoch(bytes, at) };
    }
  }
  cursor.close();
  return found;
}

/** The first record with the segment's largest timestamp. */
export function findMaxTimestamp(segment: Segment, codecs: Codecs): TimestampAndOffset | null {
  if (segment.maxTimestamp < 0) return null;
  const found = findBatch(segment, segment.maxTimestampOffset);
  if (found === null) return null;
  const bytes = new Uint8Array(found.size);
  if (readFully(segment.file, found.position, bytes) < found.size || batchSize(bytes, 0) !== found.size) return null;
  return recordFrom(bytes, 0, segment.maxTimestamp, segment.baseOffset, codecs);
}
