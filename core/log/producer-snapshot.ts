import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../records/integers.ts';
import type { Codecs } from '../runtime.ts';
import { ProducerEntry } from './producer-entry.ts';

/*
 * `.snapshot`: version int16 = 1, CRC-32C uint32 of all that follows it, count int32, and per producer: id int64,
 * epoch int16, last sequence int32, last offset int64, offset delta int32, timestamp int64, coordinator epoch int32,
 * first offset of the open transaction int64.
 */
const headerBytes = 10;
const entryBytes = 46;

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>, codecs: Codecs): Uint8Array {
  const all = [...entries];
  const bytes = new Uint8Array(headerBytes + all.length * entryBytes);
  writeInt16(bytes, 0, 1);
  writeInt32(bytes, 6, all.length);
  let at = headerBytes;
  for (const entry of all) {
    const last = entry.lastBatch;
    writeInt64(bytes, at, entry.producerId);
    writeInt16(bytes, at + 8, entry.epoch);
    writeInt32(bytes, at + 10, last?.lastSequence ?? -1);
    writeInt64(bytes, at + 14, last?.lastOffset ?? -1);
    writeInt32(bytes, at + 22, last?.offsetDelta ?? 0);
    writeInt64(bytes, at + 26, entry.lastTimestampMs);
    writeInt32(bytes, at + 34, entry.coordinatorEpoch);
    writeInt64(bytes, at + 38, entry.openTransactionOffset);
    at += entryBytes;
  }
  writeInt32(bytes, 2, codecs.crc32c(bytes.subarray(6)));
  return bytes;
}

/** null when the bytes are not a whole snapshot. */
export function decodeProducerSnapshot(bytes: Uint8Array, codecs: Codecs): ProducerEntry[] | null {
  if (bytes.length < headerBytes || readInt16(bytes, 0) !== 1) return null;
  const count = readInt32(bytes, 6);
  if (count < 0 || bytes.length !== headerBytes + count * entryBytes) return null;
  if (codecs.crc32c(bytes.subarray(6)) !== readInt32(bytes, 2) >>> 0) return null;
  const entries: ProducerEntry[] = [];
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    const entry = new ProducerEntry(readInt64(bytes, at));
    entry.epoch = readInt16(bytes, at + 8);
    const timestampMs = readInt64(bytes, at + 26);
    const lastOffset = readInt64(bytes, at + 14);
    if (lastOffset >= 0) {
      entry.remember({
        lastSequence: readInt32(bytes, at + 10),
        lastOffset,
        offsetDelta: readInt32(bytes, at + 22),
        timestampMs,
      });
    }
    entry.lastTimestampMs = timestampMs;
    entry.coordinatorEpoch = readInt32(bytes, at + 34);
    entry.openTransactionOffset = readInt64(bytes, at + 38);
    entries.push(entry);
  }
  return entries;
}
