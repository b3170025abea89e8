import type { Codecs } from '../runtime.ts';
import { MAX_DECOMPRESSED_BYTES, RecordCursor } from './cursor.ts';
import type { DecodedRecord } from './record.ts';

export type DecodedBatch = { kind: 'records'; records: DecodedRecord[] } | { kind: 'corrupt'; reason: string };

/** The remaining records of an opened cursor as objects. Ends early when they turn out bad: then see `failure`. */
export function* recordsOf(cursor: RecordCursor): Generator<DecodedRecord> {
  while (cursor.next()) yield cursor.record();
}

/** All records of the whole batch at `at` (wholeBatchSize > 0), or none. The CRC is not checked. */
export function decodeBatch(
  bytes: Uint8Array,
  at: number,
  codecs: Codecs,
  maxDecompressedBytes: number = MAX_DECOMPRESSED_BYTES,
): DecodedBatch {
  const cursor = new RecordCursor();
  const records: DecodedRecord[] = [];
  if (cursor.open(bytes, at, codecs, maxDecompressedBytes)) {
    while (cursor.next()) records.push(cursor.record());
  }
  return cursor.failure === null ? { kind: 'records', records } : { kind: 'corrupt', reason: cursor.failure };
}
