import { digestOf, type Hash, type HashAlgorithm } from './hash.ts';

/** RFC 2104, for many messages under one key. */
export class Hmac {
  readonly #inner: Hash;
  readonly #outer: Hash;

  constructor(algorithm: HashAlgorithm, key: Uint8Array) {
    const padded = new Uint8Array(algorithm.blockBytes);
    padded.set(key.length > algorithm.blockBytes ? digestOf(algorithm, key) : key);
    this.#inner = algorithm.start().update(padded.map((byte) => byte ^ 0x36));
    this.#outer = algorithm.start().update(padded.map((byte) => byte ^ 0x5c));
  }

  of(message: Uint8Array): Uint8Array {
    return this.#outer.copy().update(this.#inner.copy().update(message).digest()).digest();
  }
}

/** Takes as long whatever the bytes are: where they differ must not be measurable. */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let at = 0; at < left.length; at++) difference |= left[at]! ^ (right[at] ?? 0);
  return difference === 0;
}
