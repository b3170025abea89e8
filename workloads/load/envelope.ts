/**
 * What a record carries so that whoever reads it knows which send it was: writer, sequence and intended time, in the
 * first bytes of the value. A checksum over them and a number of the run tells our records from foreign ones, from those
 * of an earlier run on the same topic, and from damaged ones.
 *
 * Layout, big endian: magic u32, writer u32, sequence u64, intended time u64 (ns from time zero), checksum u32.
 */
export const ENVELOPE_BYTES = 28;

/** Values shorter than ENVELOPE_BYTES carry it whole in a header of this key, and the value keeps its size. */
export const ENVELOPE_HEADER = 'flt';

const MAGIC = 0x464c5431;

export interface Envelope {
  /** Index of the actor that sent it, an unsigned 32-bit integer. */
  writer: number;
  /** 0, 1, 2, … per writer, below 2^53. */
  sequence: number;
  /** Nanoseconds from time zero, an integer in [0, 2^53). */
  intendedNs: number;
}

/** Writes ENVELOPE_BYTES bytes at `at`. `run` is any 32-bit number that all parts of one run share. */
export function writeEnvelope(
  target: Uint8Array,
  at: number,
  run: number,
  writer: number,
  sequence: number,
  intendedNs: number,
): void {
  const sequenceHigh = (sequence / 4294967296) >>> 0;
  const timeHigh = (intendedNs / 4294967296) >>> 0;
  put(target, at, MAGIC);
  put(target, at + 4, writer);
  put(target, at + 8, sequenceHigh);
  put(target, at + 12, sequence >>> 0);
  put(target, at + 16, timeHigh);
  put(target, at + 20, intendedNs >>> 0);
  put(target, at + 24, checksum(run, writer, sequenceHigh, sequence, timeHigh, intendedNs));
}

/**
 * Fills `into` from the `length` bytes at `at` and returns true; false when they are too few, foreign, of another run or
 * damaged.
 */
export function readEnvelope(
  bytes: Uint8Array,
  run: number,
  into: Envelope,
  at = 0,
  length: number = bytes.length,
): boolean {
  if (length < ENVELOPE_BYTES || take(bytes, at) !== MAGIC) return false;
  const writer = take(bytes, at + 4);
  const sequenceHigh = take(bytes, at + 8);
  const sequenceLow = take(bytes, at + 12);
  const timeHigh = take(bytes, at + 16);
  const timeLow = take(bytes, at + 20);
  if (take(bytes, at + 24) !== checksum(run, writer, sequenceHigh, sequenceLow, timeHigh, timeLow)) return false;
  if (sequenceHigh >= 2097152 || timeHigh >= 2097152) return false;
  into.writer = writer;
  into.sequence = sequenceHigh * 4294967296 + sequenceLow;
  into.intendedNs = timeHigh * 4294967296 + timeLow;
  return true;
}

/** Whether a value of this size has room; otherwise the envelope goes into a header. */
export function fitsInValue(valueBytes: number): boolean {
  return valueBytes >= ENVELOPE_BYTES;
}

function put(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24;
  target[at + 1] = word >>> 16;
  target[at + 2] = word >>> 8;
  target[at + 3] = word;
}

function take(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Each word is mixed in with a multiplication and a shift, so that every bit of every word reaches the result. */
function checksum(run: number, a: number, b: number, c: number, d: number, e: number): number {
  let sum = Math.imul((run ^ 0x9e3779b9) | 0, 0x85ebca6b);
  sum = mix(sum, a);
  sum = mix(sum, b);
  sum = mix(sum, c);
  sum = mix(sum, d);
  sum = mix(sum, e);
  return (sum ^ (sum >>> 15)) >>> 0;
}

function mix(sum: number, word: number): number {
  const mixed = Math.imul(sum ^ (sum >>> 13) ^ word, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
