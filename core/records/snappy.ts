import { CodecError } from '../runtime.ts';
import { readInt32, writeInt32 } from './integers.ts';
import { copyLiterals, copyMatch, fourBytes, hashOf, matchTable } from './match.ts';

/*
 * Snappy (google/snappy format_description.txt), written in the framing of xerial's snappy-java as Kafka's Java client
 * does: magic, version, oldest compatible version, then chunks of int32 length and one raw Snappy block each. Read with
 * that framing or without (librdkafka, Go clients).
 */

const XERIAL_MAGIC: readonly number[] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const XERIAL_HEADER_BYTES = 16;
/** Chunks that snappy-java writes by default; below 64 KiB, so that distances fit in two bytes. */
const CHUNK_BYTES = 32768;
/** The densest element turns three bytes into 64. */
const EXPANSION_MAX = 22;

export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  const target = new Uint8Array(XERIAL_HEADER_BYTES + chunks * 16 + bytes.length + Math.ceil(bytes.length / 6));
  target.set(XERIAL_MAGIC, 0);
  writeInt32(target, 8, 1);
  writeInt32(target, 12, 1);
  let at = XERIAL_HEADER_BYTES;
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    const end = compressBlock(bytes, from, Math.min(from + CHUNK_BYTES, bytes.length), target, at + 4);
    writeInt32(target, at, end - at - 4);
    at = end;
  }
  return target.subarray(0, at);
}

/** CodecError for bytes that are no Snappy, and before allocating more than `maxBytes`. */
export function snappyDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!hasXerialHeader(bytes, 0)) {
    const target = new Uint8Array(blockLength(bytes, 0, bytes.length, maxBytes));
    decompressBlock(bytes, 0, bytes.length, target, 0);
    return target;
  }
  let total = 0;
  for (let at = nextChunk(bytes, 0); at < bytes.length; at = nextChunk(bytes, chunkEnd(bytes, at))) {
    total += blockLength(bytes, at + 4, chunkEnd(bytes, at), maxBytes - total);
  }
  const target = new Uint8Array(total);
  let length = 0;
  for (let at = nextChunk(bytes, 0); at < bytes.length; at = nextChunk(bytes, chunkEnd(bytes, at))) {
    length = decompressBlock(bytes, at + 4, chunkEnd(bytes, at), target, length);
  }
  return target;
}

function hasXerialHeader(bytes: Uint8Array, at: number): boolean {
  return bytes.length - at >= XERIAL_HEADER_BYTES && XERIAL_MAGIC.every((byte, index) => bytes[at + index] === byte);
}

/** Headers also stand between streams that were simply put one after another. */
function nextChunk(bytes: Uint8Array, from: number): number {
  let at = from;
  while (hasXerialHeader(bytes, at)) at += XERIAL_HEADER_BYTES;
  return at;
}

function chunkEnd(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 4) fail('chunk cut off');
  const size = readInt32(bytes, at);
  if (size < 0 || size > bytes.length - at - 4) fail('chunk size');
  return at + 4 + size;
}

/** The length that a block's preamble claims, once it is possible and allowed. */
function blockLength(bytes: Uint8Array, from: number, to: number, maxBytes: number): number {
  const { length } = readPreamble(bytes, from, to);
  if (length > maxBytes) throw new CodecError(`snappy: content exceeds the bound by ${length - maxBytes} bytes`);
  if (length > (to - from) * EXPANSION_MAX) fail('length');
  return length;
}

function readPreamble(bytes: Uint8Array, from: number, to: number): { length: number; at: number } {
  let length = 0;
  let scale = 1;
  for (let at = from; at < to && at < from + 5; at++) {
    const byte = bytes[at]!;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return length > 4294967295 ? fail('length') : { length, at: at + 1 };
    scale *= 128;
  }
  return fail('length');
}

/** Writes the block's content at `start` of `target`; returns the position after it. */
function decompressBlock(bytes: Uint8Array, from: number, to: number, target: Uint8Array, start: number): number {
  const preamble = readPreamble(bytes, from, to);
  const end = start + preamble.length;
  let at = preamble.at;
  let length = start;
  while (at < to) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      let literals = (tag >>> 2) + 1;
      if (literals > 60) {
        const lengthBytes = literals - 60;
        if (to - at < lengthBytes) fail('literal');
        literals = 1;
        for (let index = 0, scale = 1; index < lengthBytes; index++, scale *= 256) literals += bytes[at++]! * scale;
      }
      if (literals > to - at || literals > end - length) fail('literal');
      length = copyLiterals(target, length, bytes, at, at + literals);
      at += literals;
      continue;
    }
    let copied: number;
    let distance: number;
    if ((tag & 3) === 1) {
      if (at >= to) fail('copy');
      copied = ((tag >>> 2) & 7) + 4;
      distance = ((tag >>> 5) << 8) | bytes[at++]!;
    } else {
      const distanceBytes = (tag & 3) === 2 ? 2 : 4;
      if (to - at < distanceBytes) fail('copy');
      copied = (tag >>> 2) + 1;
      distance = bytes[at]! | (bytes[at + 1]! << 8);
      if (distanceBytes === 4) distance += bytes[at + 2]! * 65536 + bytes[at + 3]! * 16777216;
      at += distanceBytes;
    }
    if (distance === 0 || distance > length - start || copied > end - length) fail('copy');
    copyMatch(target, length, distance, copied);
    length += copied;
  }
  return length === end ? end : fail('length');
}

function compressBlock(bytes: Uint8Array, from: number, to: number, target: Uint8Array, start: number): number {
  let out = start;
  let rest = to - from;
  for (; rest >= 0x80; rest >>>= 7) target[out++] = (rest & 0x7f) | 0x80;
  target[out++] = rest;
  const { table, shift } = matchTable(to - from);
  let anchor = from;
  let at = from;
  let misses = 0;
  while (at + 4 <= to) {
    const four = fourBytes(bytes, at);
    const slot = hashOf(four, shift);
    const candidate = from + table[slot]! - 1;
    table[slot] = at - from + 1;
    if (candidate < from || fourBytes(bytes, candidate) !== four) {
      at += 1 + (misses++ >>> 5);
      continue;
    }
    misses = 0;
    let length = 4;
    while (at + length < to && bytes[candidate + length] === bytes[at + length]) length++;
    if (at > anchor) out = writeLiterals(target, out, bytes, anchor, at);
    out = writeCopies(target, out, at - candidate, length);
    at += length;
    anchor = at;
  }
  return anchor < to ? writeLiterals(target, out, bytes, anchor, to) : out;
}

function writeLiterals(target: Uint8Array, start: number, bytes: Uint8Array, from: number, to: number): number {
  const last = to - from - 1;
  let at = start;
  if (last < 60) {
    target[at++] = last << 2;
  } else if (last < 256) {
    target[at++] = 60 << 2;
    target[at++] = last;
  } else {
    target[at++] = 61 << 2;
    target[at++] = last;
    target[at++] = last >>> 8;
  }
  return copyLiterals(target, at, bytes, from, to);
}

function writeCopies(target: Uint8Array, start: number, distance: number, length: number): number {
  let at = start;
  let rest = length;
  while (rest > 0) {
    // A rest of 1–3 would not fit the short form, which is no harm: the long one takes lengths from 1.
    const copied = Math.min(rest, 64);
    if (copied >= 4 && copied <= 11 && distance < 2048) {
      target[at++] = 1 | ((copied - 4) << 2) | ((distance >>> 8) << 5);
      target[at++] = distance;
    } else {
      target[at++] = 2 | ((copied - 1) << 2);
      target[at++] = distance;
      target[at++] = distance >>> 8;
    }
    rest -= copied;
  }
  return at;
}

function fail(what: string): never {
  throw new CodecError(`snappy: bad ${what}`);
}
