import { BatchBuilder, RecordCursor, type ValidBatch } from '../records/index.ts';
import type { Codecs, CompressionType } from '../runtime.ts';

/**
 * The same batch under another codec, for topics whose `compression.type` is not the producer's business. `bytes` holds one
 * batch that validation has passed; offsets, timestamps, producer and sequence stay.
 */
export function recompressBatch(
  bytes: Uint8Array,
  batch: ValidBatch,
  compression: CompressionType,
  level: number | undefined,
  codecs: Codecs,
): Uint8Array {
  const cursor = new RecordCursor();
  if (!cursor.open(bytes, 0, codecs)) throw new Error(`a valid batch cannot be read: ${cursor.failure}`);
  const builder = new BatchBuilder({ initialBytes: bytes.length * (batch.compression === 'none' ? 1 : 4) });
  while (cursor.next()) {
    const { timestamp, key, value, headers } = cursor.record();
    builder.append(timestamp, key, value, headers);
  }
  if (cursor.failure !== null) throw new Error(`a valid batch cannot be read: ${cursor.failure}`);
  cursor.close();
  return builder.finish(codecs, {
    compression,
    ...(level === undefined ? undefined : { compressionLevel: level }),
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.transactional,
    ...(batch.timestampType === 'CreateTime' ? { maxTimestamp: batch.maxTimestamp } : undefined),
  });
}
