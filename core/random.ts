import type { Random } from './runtime.ts';

/**
 * A keyed pseudo-random stream (sfc32 over a 128-bit key). The same seed gives the same stream on every machine, and
 * `fork` makes streams that depend on (seed, path of purposes) alone. Not for secrets: outputs reveal the state.
 */
export function createRandom(seed: string | number | Uint8Array): Random {
  const bytes =
    typeof seed === 'string'
      ? new TextEncoder().encode(seed)
      : typeof seed === 'number'
        ? new TextEncoder().encode(`number:${seed}`)
        : seed;
  return new KeyedRandom(hash128(0, 0, 0, 0, bytes));
}

/** The methods of Random that follow from a source of 32-bit integers. */
export abstract class RandomFromUint32 implements Random {
  abstract uint32(): number;
  abstract fork(purpose: string): Random;

  float(): number {
    // 53 bits: 27 high and 26 low ones.
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  below(bound: number): number {
    if (!(bound >= 1 && bound <= 9007199254740992 && Number.isInteger(bound))) {
      throw new RangeError(`bound ${bound} is not an integer in [1, 2^53]`);
    }
    if (bound <= 4294967296) {
      // Rejection keeps it uniform: draws at or above the largest multiple of `bound` are thrown away.
      // 2^32 % bound, in the arithmetic of 32 bits: that of doubles takes ten times as long.
      const limit = 4294967296 - ((-bound >>> 0) % bound);
      let drawn = this.uint32();
      while (drawn >= limit) drawn = this.uint32();
      return drawn % bound;
    }
    const limit = 9007199254740992 - (9007199254740992 % bound);
    let drawn = this.#bits53();
    while (drawn >= limit) drawn = this.#bits53();
    return drawn % bound;
  }

  uuidBytes(): Uint8Array {
    const bytes = new Uint8Array(16);
    for (let at = 0; at < 16; at += 4) {
      const word = this.uint32();
      bytes[at] = word >>> 24;
      bytes[at + 1] = word >>> 16;
      bytes[at + 2] = word >>> 8;
      bytes[at + 3] = word;
    }
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes;
  }

  #bits53(): number {
    return (this.uint32() >>> 11) * 4294967296 + this.uint32();
  }
}

type Key = readonly [number, number, number, number];

class KeyedRandom extends RandomFromUint32 {
  readonly #key: Key;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(key: Key) {
    super();
    this.#key = key;
    this.#a = key[0];
    this.#b = key[1];
    this.#c = key[2];
    this.#counter = key[3];
    // sfc32 needs a few rounds until every bit of the key has reached every word.
    for (let round = 0; round < 12; round++) this.uint32();
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  fork(purpose: string): Random {
    const key = this.#key;
    return new KeyedRandom(hash128(key[0], key[1], key[2], key[3], new TextEncoder().encode(purpose)));
  }
}

/** Four multiply-rotate lanes that each see every byte, then mixed together; a hash of quality, not of secrecy. */
function hash128(key0: number, key1: number, key2: number, key3: number, bytes: Uint8Array): Key {
  let a = key0 ^ 0x243f6a88;
  let b = key1 ^ 0x85a308d3;
  let c = key2 ^ 0x13198a2e;
  let d = key3 ^ 0x03707344;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    a = (Math.imul(rotate(a ^ byte, 13), 0x9e3779b1) + b) | 0;
    b = (Math.imul(rotate(b ^ byte, 17), 0x85ebca77) + c) | 0;
    c = (Math.imul(rotate(c ^ byte, 7), 0xc2b2ae3d) + d) | 0;
    d = (Math.imul(rotate(d ^ byte, 19), 0x27d4eb2f) + a) | 0;
  }
  // The length, so that a zero byte more is another input; rounds enough for the last byte to reach all lanes.
  a ^= bytes.length;
  for (let round = 0; round < 6; round++) {
    a = finalize(a + d);
    b = finalize(b ^ a);
    c = finalize(c + b);
    d = finalize(d ^ c);
  }
  return [a | 0, b | 0, c | 0, d | 0];
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function finalize(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
