/** A hash function as HMAC and PBKDF2 need it. */
export interface HashAlgorithm {
  readonly name: 'SHA-256' | 'SHA-512';
  readonly blockBytes: number;
  readonly digestBytes: number;
  start(): Hash;
}

/** The hash of what was given so far. */
export interface Hash {
  update(bytes: Uint8Array): this;
  /** Continues on its own from here: what many messages begin with is hashed once. */
  copy(): Hash;
  /** Ends it; the object is of no use afterwards. */
  digest(): Uint8Array;
}

export function digestOf(algorithm: HashAlgorithm, bytes: Uint8Array): Uint8Array {
  return algorithm.start().update(bytes).digest();
}
