import { CodecError } from '../runtime.ts';
import { copyLiterals, copyMatch, fourBytes, hashOf, matchTable } from './match.ts';
import { xxhash32 } from './xxhash32.ts';

/*
 * LZ4 frames (lz4_Frame_format.md 1.6) of LZ4 blocks (lz4_Block_format.md), as Kafka's clients write and read them:
 * one frame, independent blocks of 64 KiB when writing; linked blocks, checksums and content size when reading.
 */

const MAGIC = 0x184d2204;
const FLAG_VERSION_MASK = 0xc0;
const FLAG_VERSION = 0x40;
const FLAG_INDEPENDENT = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_RESERVED = 0x02;
const FLAG_DICTIONARY = 0x01;
/** The high bit of a block's size: its bytes are stored as they are. */
const STORED = 0x80000000;
/** Written blocks hold up to 64 KiB (code 4), so that every offset fits and every reader has the memory. */
const BLOCK_BYTES = 65536;
const BLOCK_CODE = 4;

const MIN_MATCH = 4;
/** The last bytes of a block are literals, and the last match starts no later than this before its end. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;

export function lz4Compress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const target = new Uint8Array(7 + blocks * 4 + 4 + bytes.length);
  writeWord(target, 0, MAGIC);
  target[4] = FLAG_VERSION | FLAG_INDEPENDENT;
  target[5] = BLOCK_CODE << 4;
  target[6] = xxhash32(target, 4, 6) >>> 8;
  let at = 7;
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, bytes.length);
    const length = to - from;
    // A block that would not shrink is stored, so the target is always large enough.
    const end = compressBlock(bytes, from, to, target, at + 4, at + 4 + length - 1);
    if (end < 0) {
      writeWord(target, at, length | STORED);
      target.set(bytes.subarray(from, to), at + 4);
      at += 4 + length;
    } else {
      writeWord(target, at, end - at - 4);
      at = end;
    }
  }
  writeWord(target, at, 0);
  return target.subarray(0, at + 4);
}

/** CodecError for bytes that are no frame, and before allocating more than `maxBytes`. */
export function lz4Decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const frame = readFrameHeader(bytes);
  const target = new Uint8Array(measure(bytes, frame, maxBytes));
  let at = frame.blocksAt;
  let length = 0;
  for (;;) {
    const word = readWord(bytes, at);
    at += 4;
    if (word === 0) break;
    const end = at + (word & ~STORED);
    if (word < 0) {
      target.set(bytes.subarray(at, end), length);
      length += end - at;
    } else {
      length = decompressBlock(bytes, at, end, target, length, frame.independent ? length : 0);
    }
    at = end;
    if (frame.blockChecksum) {
      if (readWord(bytes, at) >>> 0 !== xxhash32(bytes, end - (word & ~STORED), end)) fail('block checksum');
      at += 4;
    }
  }
  if (frame.contentChecksum && readWord(bytes, at) >>> 0 !== xxhash32(target, 0, target.length))
    fail('content checksum');
  return target;
}

interface FrameHeader {
  blocksAt: number;
  independent: boolean;
  blockChecksum: boolean;
  contentChecksum: boolean;
  blockBytesMax: number;
  contentSize: number | null;
}

function readFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < 7) fail('header cut off');
  if (readWord(bytes, 0) !== MAGIC) fail('magic');
  const flags = bytes[4]!;
  if ((flags & FLAG_VERSION_MASK) !== FLAG_VERSION || (flags & FLAG_RESERVED) !== 0) fail('version');
  if ((flags & FLAG_DICTIONARY) !== 0) fail('dictionary not supported');
  const blockCode = (bytes[5]! >>> 4) & 7;
  if (blockCode < 4 || (bytes[5]! & 0x8f) !== 0) fail('block size');
  const hasContentSize = (flags & FLAG_CONTENT_SIZE) !== 0;
  const checksumAt = hasContentSize ? 14 : 6;
  if (bytes.length <= checksumAt) fail('header cut off');
  if (bytes[checksumAt] !== ((xxhash32(bytes, 4, checksumAt) >>> 8) & 0xff)) fail('header checksum');
  return {
    blocksAt: checksumAt + 1,
    independent: (flags & FLAG_INDEPENDENT) !== 0,
    blockChecksum: (flags & FLAG_BLOCK_CHECKSUM) !== 0,
    contentChecksum: (flags & FLAG_CONTENT_CHECKSUM) !== 0,
    blockBytesMax: 1 << (8 + 2 * blockCode),
    contentSize: hasContentSize ? (readWord(bytes, 6) >>> 0) + (readWord(bytes, 10) >>> 0) * 4294967296 : null,
  };
}

/** The size of the content, counted through the whole frame without writing a byte. */
function measure(bytes: Uint8Array, frame: FrameHeader, maxBytes: number): number {
  let at = frame.blocksAt;
  let total = 0;
  for (;;) {
    if (bytes.length - at < 4) fail('frame cut off');
    const word = readWord(bytes, at);
    at += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    if (size > bytes.length - at || size > frame.blockBytesMax) fail('block size');
    const length = word < 0 ? size : measureBlock(bytes, at, at + size);
    if (length > frame.blockBytesMax) fail('block larger than its maximum');
    total += length;
    if (total > maxBytes) throw new CodecError(`lz4: content exceeds ${maxBytes} bytes`);
    at += size;
    if (frame.blockChecksum) {
      if (bytes.length - at < 4) fail('frame cut off');
      at += 4;
    }
  }
  if (bytes.length - at !== (frame.contentChecksum ? 4 : 0)) fail('bytes after the frame');
  if (frame.contentSize !== null && frame.contentSize !== total) fail('content size');
  return total;
}

function measureBlock(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let length = 0;
  while (at < to) {
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= to) fail('block cut off');
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    at += literals;
    length += literals;
    if (at > to) fail('block cut off');
    if (at === to) return length;
    at += 2;
    let match = token & 15;
    if (match === 15) {
      let more: number;
      do {
        if (at >= to) fail('block cut off');
        more = bytes[at++]!;
        match += more;
      } while (more === 255);
    }
    length += match + MIN_MATCH;
    // Even a block that ends in a match ends with a token of its own.
    if (at >= to) fail('block cut off');
  }
  return fail('block cut off');
}

/** `measureBlock` has checked lengths; what remains are the distances. `floor`: the first position a match may reach. */
function decompressBlock(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  start: number,
  floor: number,
): number {
  let at = from;
  let length = start;
  for (;;) {
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    length = copyLiterals(target, length, bytes, at, at + literals);
    at += literals;
    if (at >= to) return length;
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let match = (token & 15) + MIN_MATCH;
    if (match === 15 + MIN_MATCH) {
      let more: number;
      do {
        more = bytes[at++]!;
        match += more;
      } while (more === 255);
    }
    if (distance === 0 || distance > length - floor) fail('match distance');
    copyMatch(target, length, distance, match);
    length += match;
  }
}

/** Writes [from, to) as one block to `target`; returns the position after it, or -1 if it would pass `limit`. */
function compressBlock(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  start: number,
  limit: number,
): number {
  let out = start;
  let anchor = from;
  if (to - from > MATCH_LIMIT) {
    const { table, shift } = matchTable(to - from);
    const matchEnd = to - LAST_LITERALS;
    const lastStart = to - MATCH_LIMIT;
    let at = from;
    let misses = 0;
    while (at <= lastStart) {
      const four = fourBytes(bytes, at);
      const slot = hashOf(four, shift);
      const candidate = from + table[slot]! - 1;
      table[slot] = at - from + 1;
      if (candidate < from || at - candidate > 65535 || fourBytes(bytes, candidate) !== four) {
        // Data that does not compress is passed in ever larger steps.
        at += 1 + (misses++ >>> 6);
        continue;
      }
      misses = 0;
      let length = MIN_MATCH;
      while (at + length < matchEnd && bytes[candidate + length] === bytes[at + length]) length++;
      const literals = at - anchor;
      if (out + literals + (literals >>> 7) + (length >>> 7) + 8 > limit) return -1;
      out = writeSequence(target, out, bytes, anchor, at, at - candidate, length - MIN_MATCH);
      at += length;
      anchor = at;
    }
  }
  const literals = to - anchor;
  if (out + literals + (literals >>> 7) + 2 > limit) return -1;
  return writeSequence(target, out, bytes, anchor, to, 0, 0);
}

/** One token with its literals; a distance of 0 ends the block without a match. */
function writeSequence(
  target: Uint8Array,
  start: number,
  bytes: Uint8Array,
  literalsFrom: number,
  literalsTo: number,
  distance: number,
  matchLength: number,
): number {
  const literals = literalsTo - literalsFrom;
  let at = start;
  target[at++] = (Math.min(literals, 15) << 4) | Math.min(matchLength, 15);
  if (literals >= 15) at = writeLength(target, at, literals - 15);
  at = copyLiterals(target, at, bytes, literalsFrom, literalsTo);
  if (distance === 0) return at;
  target[at++] = distance;
  target[at++] = distance >>> 8;
  return matchLength >= 15 ? writeLength(target, at, matchLength - 15) : at;
}

function writeLength(target: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length;
  for (; rest >= 255; rest -= 255) target[at++] = 255;
  target[at++] = rest;
  return at;
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

function fail(what: string): never {
  throw new CodecError(`lz4: bad ${what}`);
}
