import type { Codecs } from '../runtime.ts';
import type { AbortedTransaction, ReadRequest, TimestampAndOffset } from './outcomes.ts';
import { findMaxTimestamp, findTimestamp, readSegment } from './segment-read.ts';
import type { Segments } from './segments.ts';
import type { TailSlice } from './tail.ts';

/** Lookups across a log's segments. */

export const NO_ABORTED: readonly AbortedTransaction[] = [];

/** null when there is no batch at or after the offset. */
export function readSegments(segments: Segments, request: ReadRequest, upTo: number): TailSlice | null {
  const { offset, maxBytes, minOneMessage } = request;
  const list = segments.list;
  // Compaction may have emptied the rest of a segment: then the next one has the first batch after `offset`.
  for (let index = segments.floorIndex(offset); index < list.length; index++) {
    const slice = readSegment(list[index]!, offset, upTo, maxBytes, minOneMessage, request.allocate);
    if (slice !== null) return slice;
  }
  return null;
}

/** The aborted transactions with data or marker in [fromOffset, upTo). */
export function abortedTransactions(
  segments: Segments,
  fromOffset: number,
  upTo: number,
): readonly AbortedTransaction[] {
  const list = segments.list;
  let found: AbortedTransaction[] | null = null;
  for (let index = segments.floorIndex(fromOffset); index < list.length; index++) {
    for (const entry of list[index]!.transactions.entries) {
      if (entry.lastOffset >= fromOffset && entry.firstOffset < upTo) {
        found ??= [];
        found.push({ producerId: entry.producerId, firstOffset: entry.firstOffset });
      }
      // Every transaction that ends later began at or above this one's last stable offset.
      if (entry.lastStableOffset >= upTo) return found ?? NO_ABORTED;
    }
  }
  return found ?? NO_ABORTED;
}

export function offsetForTimestamp(
  segments: Segments,
  logStartOffset: number,
  timestampMs: number,
  codecs: Codecs,
): TimestampAndOffset | null {
  for (let index = segments.floorIndex(logStartOffset); index < segments.list.length; index++) {
    const found = findTimestamp(segments.list[index]!, timestampMs, logStartOffset, codecs);
    if (found !== null) return found;
  }
  return null;
}

export function offsetOfMaxTimestamp(segments: Segments, codecs: Codecs): TimestampAndOffset | null {
  let newest = segments.first;
  for (const segment of segments.list) if (segment.maxTimestamp > newest.maxTimestamp) newest = segment;
  return findMaxTimestamp(newest, codecs);
}
