/*
 * What the compressors of the LZ77 family (LZ4 and Snappy blocks) share: finding an earlier copy of four bytes through
 * a small hash table, and copying matches that may overlap themselves.
 */

/** Positions + 1 by hash of four bytes; 0 is empty. One table serves all calls: compression is synchronous. */
const LARGE_TABLE = new Int32Array(1 << 14);
const SMALL_TABLE = new Int32Array(1 << 10);

/** An emptied table for a block of `length` bytes, and the shift that its hash needs. */
export function matchTable(length: number): { table: Int32Array; shift: number } {
  const small = length <= 4096;
  const table = small ? SMALL_TABLE : LARGE_TABLE;
  table.fill(0);
  return { table, shift: small ? 22 : 18 };
}

/** The four bytes at `at`, as any fixed mapping to an integer. */
export function fourBytes(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

export function hashOf(four: number, shift: number): number {
  return Math.imul(four, 0x9e3779b1) >>> shift;
}

/** Copies `length` bytes from `distance` before `at`; bytes written by the copy itself may be its source. */
export function copyMatch(bytes: Uint8Array, at: number, distance: number, length: number): void {
  if (distance >= length && length > 32) {
    bytes.copyWithin(at, at - distance, at - distance + length);
  } else if (distance === 1 && length > 32) {
    bytes.fill(bytes[at - 1]!, at, at + length);
  } else {
    for (let index = 0; index < length; index++) bytes[at + index] = bytes[at + index - distance]!;
  }
}

/** Copies [from, to) of `source` to `target` at `at`; returns the position after it. */
export function copyLiterals(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): number {
  if (to - from > 32) target.set(source.subarray(from, to), at);
  else for (let index = from; index < to; index++) target[at + index - from] = source[index]!;
  return at + to - from;
}
