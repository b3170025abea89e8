import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { BatchBuilder, type BatchOptions, encodeEndTransactionMarker } from '../../records/index.ts';
import { ClientError } from '../client-error.ts';
import type { OffsetGap } from './consumed-batch.ts';
import { type AbortedTransaction, endOfFetched, FetchedRecords } from './fetched-records.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A batch with records at these offsets. */
function batch(
  offsets: readonly number[],
  options: BatchOptions = {},
  end = offsets[offsets.length - 1]! + 1,
): Uint8Array {
  const base = offsets[0]!;
  const builder = new BatchBuilder();
  for (const offset of offsets) builder.appendAt(offset - base, 5, null, encoder.encode(`${offset}`));
  return builder.finish(nodeCodecs, { baseOffset: base, lastOffsetDelta: end - 1 - base, ...options });
}

function marker(offset: number, outcome: 'commit' | 'abort', producerId: number): Uint8Array {
  const what = { outcome, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: 5 };
  return encodeEndTransactionMarker(what, nodeCodecs, { baseOffset: offset });
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Everything that is handed out from `position` on. */
function readAll(
  bytes: Uint8Array,
  position: number,
  options: { recordsMax?: number; readCommitted?: boolean; aborted?: readonly AbortedTransaction[] } = {},
): { values: number[]; gaps: OffsetGap[]; position: number; parts: number } {
  const rules = { readCommitted: options.readCommitted ?? false, checkCrcs: true };
  const fetched = new FetchedRecords('t', 0, bytes, options.aborted ?? [], nodeCodecs, rules);
  const values: number[] = [];
  const gaps: OffsetGap[] = [];
  let at = position;
  let parts = 0;
  for (;;) {
    const part = fetched.next(at, options.recordsMax ?? 1000);
    if (part === null) return { values, gaps, position: at, parts };
    parts++;
    expect(part.fromOffset).toBe(part.gaps.length > 0 ? part.gaps[part.gaps.length - 1]!.to : at);
    gaps.push(...part.gaps);
    for (const { offset, value } of part.records()) {
      expect(offset).toBeGreaterThanOrEqual(part.fromOffset);
      expect(offset).toBeLessThan(part.toOffset);
      expect(decoder.decode(value!)).toBe(`${offset}`);
      values.push(offset);
    }
    expect(part.failure).toBeNull();
    at = part.toOffset;
  }
}

describe('records of an answer', () => {
  it('start at the position although batches are served whole', () => {
    const bytes = concat(batch([0, 1, 2]), batch([3, 4, 5]));
    expect(readAll(bytes, 0).values).toEqual([0, 1, 2, 3, 4, 5]);
    expect(readAll(bytes, 4)).toMatchObject({ values: [4, 5], position: 6, gaps: [] });
  });

  it.each(['none', 'lz4'] as const)('come in parts of at most max.poll.records (%s)', (compression) => {
    const bytes = concat(batch([0, 1, 2, 3, 4, 5, 6], { compression }), batch([7, 8], { compression }));
    for (const recordsMax of [1, 2, 3, 7, 100]) {
      const read = readAll(bytes, 1, { recordsMax });
      expect(read.values).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(read.parts).toBeGreaterThanOrEqual(Math.ceil(8 / recordsMax));
    }
  });

  it('of a compacted batch lose and repeat nothing when they are divided', () => {
    const bytes = concat(batch([0, 3, 4, 9], {}, 12), batch([12, 20]));
    for (const recordsMax of [1, 2, 3, 5, 100]) {
      expect(readAll(bytes, 0, { recordsMax })).toMatchObject({ values: [0, 3, 4, 9, 12, 20], position: 21 });
    }
  });

  it('can be walked part by part in any order, also after later parts were handed out', () => {
    const rules = { readCommitted: false, checkCrcs: true };
    const bytes = batch([0, 1, 2, 3, 4, 5], { compression: 'gzip' });
    const fetched = new FetchedRecords('t', 0, bytes, [], nodeCodecs, rules);
    const parts = [0, 2, 4].map((position) => fetched.next(position, 2)!);
    const walk = (index: number): number[] => [...parts[index]!.records()].map((record) => record.offset);
    expect(walk(2)).toEqual([4, 5]);
    expect(walk(0)).toEqual([0, 1]);
    expect(walk(1)).toEqual([2, 3]);
  });

  it('tell of offsets that the log does not have', () => {
    const bytes = concat(batch([5, 6]), batch([10]));
    const gaps = [
      { from: 2, to: 5, reason: 'unknown' },
      { from: 7, to: 10, reason: 'unknown' },
    ];
    expect(readAll(bytes, 2)).toMatchObject({ values: [5, 6, 10], gaps, position: 11 });
  });

  it('leave out markers, and tell of them', () => {
    const transactional = { transactional: true, producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const bytes = concat(batch([0, 1], transactional), marker(2, 'abort', 7));
    expect(readAll(bytes, 0)).toMatchObject({
      values: [0, 1],
      gaps: [{ from: 2, to: 3, reason: 'control' }],
      position: 3,
    });
  });

  it('with read_committed leave out aborted transactions, and nobody else', () => {
    const of = (producerId: number) => ({ transactional: true, producerId, producerEpoch: 0, baseSequence: 0 });
    const bytes = concat(
      batch([0], of(7)),
      batch([1], of(8)),
      batch([2]),
      marker(3, 'abort', 7),
      batch([4], of(7)),
      marker(5, 'commit', 8),
      marker(6, 'commit', 7),
      batch([7], of(8)),
      marker(8, 'abort', 8),
      batch([9], of(7)),
    );
    const aborted = [
      { producerId: 8, firstOffset: 7 },
      { producerId: 7, firstOffset: 0 },
    ];
    const read = readAll(bytes, 0, { readCommitted: true, aborted });
    expect(read.values).toEqual([1, 2, 4, 9]);
    expect(read.gaps.filter((gap) => gap.reason === 'aborted')).toEqual([
      { from: 0, to: 1, reason: 'aborted' },
      { from: 7, to: 8, reason: 'aborted' },
    ]);
    expect(readAll(bytes, 0, { aborted }).values).toEqual([0, 1, 2, 4, 7, 9]);
  });

  it('end before a batch that was cut off', () => {
    const whole = concat(batch([0, 1]), batch([2, 3]));
    for (let cut = whole.length - 1; cut > batch([0, 1]).length; cut--) {
      expect(readAll(whole.subarray(0, cut), 0).values).toEqual([0, 1]);
      expect(endOfFetched(whole.subarray(0, cut))).toMatchObject({ nextOffset: 2 });
    }
    expect(endOfFetched(whole)).toMatchObject({ nextOffset: 4, bytes: whole.length });
    expect(endOfFetched(whole.subarray(0, 30))).toBeNull();
  });

  it('are refused when their checksum is wrong', () => {
    const bytes = batch([0, 1]);
    bytes[bytes.length - 1]! ^= 1;
    expect(() => readAll(bytes, 0)).toThrow(ClientError);
  });
});
