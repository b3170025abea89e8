import type { Hash, HashAlgorithm } from './hash.ts';
import { rootBits } from './root-bits.ts';

const BLOCK_BYTES = 128;
/** 64-bit words as pairs of 32-bit halves, the high one first: BigInt would be a hundred times slower. */
const pairs = (words: readonly bigint[]): Int32Array =>
  Int32Array.from(words.flatMap((word) => [Number(word >> 32n), Number(word & 0xffffffffn)]));
const ROUND_CONSTANTS: Int32Array = pairs(rootBits(80, 3n));
const INITIAL: Int32Array = pairs(rootBits(8, 2n));
/** One schedule for all: a block is compressed in one go. */
const schedule = new Int32Array(160);

/** FIPS 180-4. */
export const sha512: HashAlgorithm = {
  name: 'SHA-512',
  blockBytes: BLOCK_BYTES,
  digestBytes: 64,
  start: () => new Sha512(INITIAL.slice(), new Uint8Array(BLOCK_BYTES), 0),
};

class Sha512 implements Hash {
  readonly #state: Int32Array;
  readonly #block: Uint8Array;
  /** Bytes given so far; the last ones, up to a whole block, stand in `#block`. */
  #length: number;

  constructor(state: Int32Array, block: Uint8Array, length: number) {
    this.#state = state;
    this.#block = block;
    this.#length = length;
  }

  update(bytes: Uint8Array): this {
    let at = 0;
    while (at < bytes.length) {
      const filled = this.#length % BLOCK_BYTES;
      const taken = Math.min(BLOCK_BYTES - filled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + taken), filled);
      this.#length += taken;
      at += taken;
      if (filled + taken === BLOCK_BYTES) compress(this.#state, this.#block);
    }
    return this;
  }

  copy(): Hash {
    return new Sha512(this.#state.slice(), this.#block.slice(), this.#length);
  }

  digest(): Uint8Array {
    const length = this.#length;
    const block = this.#block;
    const filled = length % BLOCK_BYTES;
    block[filled] = 0x80;
    block.fill(0, filled + 1);
    if (filled >= BLOCK_BYTES - 16) {
      compress(this.#state, block);
      block.fill(0);
    }
    const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES);
    view.setUint32(BLOCK_BYTES - 8, Math.floor(length / 0x20000000));
    view.setUint32(BLOCK_BYTES - 4, length << 3);
    compress(this.#state, block);
    const digest = new Uint8Array(64);
    const out = new DataView(digest.buffer);
    for (let half = 0; half < 16; half++) out.setInt32(half * 4, this.#state[half]!);
    return digest;
  }
}

/** Names end in h and l for the halves of one word. A sum of low halves is below 2^53, and its carry goes up. */
function compress(state: Int32Array, block: Uint8Array): void {
  const w = schedule;
  for (let half = 0, at = 0; half < 32; half++, at += 4) {
    w[half] = (block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!;
  }
  for (let t = 32; t < 160; t += 2) {
    const xh = w[t - 30]!;
    const xl = w[t - 29]!;
    const yh = w[t - 4]!;
    const yl = w[t - 3]!;
    const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
    const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
    const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
    const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
    const low = (w[t - 31]! >>> 0) + (s0l >>> 0) + (w[t - 13]! >>> 0) + (s1l >>> 0);
    w[t] = w[t - 32]! + s0h + w[t - 14]! + s1h + carry(low);
    w[t + 1] = low;
  }
  let ah = state[0]!;
  let al = state[1]!;
  let bh = state[2]!;
  let bl = state[3]!;
  let ch = state[4]!;
  let cl = state[5]!;
  let dh = state[6]!;
  let dl = state[7]!;
  let eh = state[8]!;
  let el = state[9]!;
  let fh = state[10]!;
  let fl = state[11]!;
  let gh = state[12]!;
  let gl = state[13]!;
  let hh = state[14]!;
  let hl = state[15]!;
  for (let t = 0; t < 160; t += 2) {
    const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
    const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
    const chosenH = (eh & fh) ^ (~eh & gh);
    const chosenL = (el & fl) ^ (~el & gl);
    const t1 = (hl >>> 0) + (s1l >>> 0) + (chosenL >>> 0) + (ROUND_CONSTANTS[t + 1]! >>> 0) + (w[t + 1]! >>> 0);
    const t1h = (hh + s1h + chosenH + ROUND_CONSTANTS[t]! + w[t]! + carry(t1)) | 0;
    const t1l = t1 | 0;
    const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
    const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
    const majorityH = (ah & bh) ^ (ah & ch) ^ (bh & ch);
    const majorityL = (al & bl) ^ (al & cl) ^ (bl & cl);
    const t2 = (s0l >>> 0) + (majorityL >>> 0);
    const t2h = (s0h + majorityH + carry(t2)) | 0;
    const t2l = t2 | 0;
    hh = gh;
    hl = gl;
    gh = fh;
    gl = fl;
    fh = eh;
    fl = el;
    const e = (dl >>> 0) + (t1l >>> 0);
    eh = (dh + t1h + carry(e)) | 0;
    el = e | 0;
    dh = ch;
    dl = cl;
    ch = bh;
    cl = bl;
    bh = ah;
    bl = al;
    const a = (t1l >>> 0) + (t2l >>> 0);
    ah = (t1h + t2h + carry(a)) | 0;
    al = a | 0;
  }
  add(state, 0, ah, al);
  add(state, 2, bh, bl);
  add(state, 4, ch, cl);
  add(state, 6, dh, dl);
  add(state, 8, eh, el);
  add(state, 10, fh, fl);
  add(state, 12, gh, gl);
  add(state, 14, hh, hl);
}

function add(state: Int32Array, at: number, high: number, low: number): void {
  const sum = (state[at + 1]! >>> 0) + (low >>> 0);
  state[at] = state[at]! + high + carry(sum);
  state[at + 1] = sum;
}

/** Sums of a few halves: small enough for a division by a power of two to be exact. */
function carry(sumOfLowHalves: number): number {
  return (sumOfLowHalves / 0x100000000) | 0;
}
