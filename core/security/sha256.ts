import type { Hash, HashAlgorithm } from './hash.ts';
import { rootBits } from './root-bits.ts';

const BLOCK_BYTES = 64;
const highWord = (bits: bigint): number => Number(bits >> 32n);
const ROUND_CONSTANTS: Uint32Array = Uint32Array.from(rootBits(64, 3n), highWord);
const INITIAL: Uint32Array = Uint32Array.from(rootBits(8, 2n), highWord);
/** One schedule for all: a block is compressed in one go. */
const schedule = new Uint32Array(64);

/** FIPS 180-4. */
export const sha256: HashAlgorithm = {
  name: 'SHA-256',
  blockBytes: BLOCK_BYTES,
  digestBytes: 32,
  start: () => new Sha256(INITIAL.slice(), new Uint8Array(BLOCK_BYTES), 0),
};

class Sha256 implements Hash {
  readonly #state: Uint32Array;
  readonly #block: Uint8Array;
  /** Bytes given so far; the last ones, up to a whole block, stand in `#block`. */
  #length: number;

  constructor(state: Uint32Array, block: Uint8Array, length: number) {
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
    return new Sha256(this.#state.slice(), this.#block.slice(), this.#length);
  }

  digest(): Uint8Array {
    const length = this.#length;
    const block = this.#block;
    const filled = length % BLOCK_BYTES;
    block[filled] = 0x80;
    block.fill(0, filled + 1);
    if (filled >= BLOCK_BYTES - 8) {
      compress(this.#state, block);
      block.fill(0);
    }
    const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES);
    view.setUint32(BLOCK_BYTES - 8, Math.floor(length / 0x20000000));
    view.setUint32(BLOCK_BYTES - 4, length << 3);
    compress(this.#state, block);
    const digest = new Uint8Array(32);
    const out = new DataView(digest.buffer);
    for (let word = 0; word < 8; word++) out.setUint32(word * 4, this.#state[word]!);
    return digest;
  }
}

function compress(state: Uint32Array, block: Uint8Array): void {
  const w = schedule;
  for (let t = 0, at = 0; t < 16; t++, at += 4) {
    w[t] = (block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!;
  }
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
  }
  let a = state[0]! | 0;
  let b = state[1]! | 0;
  let c = state[2]! | 0;
  let d = state[3]! | 0;
  let e = state[4]! | 0;
  let f = state[5]! | 0;
  let g = state[6]! | 0;
  let h = state[7]! | 0;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t]! + w[t]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}
