import type { HashAlgorithm } from './hash.ts';
import { Hmac } from './hmac.ts';

/** RFC 8018, 5.2. `iterations` × 2 compressions for each digest's length of output: bound them before calling. */
export function pbkdf2(
  algorithm: HashAlgorithm,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  bytes: number,
): Uint8Array {
  const hmac = new Hmac(algorithm, password);
  const output = new Uint8Array(bytes);
  const first = new Uint8Array(salt.length + 4);
  first.set(salt);
  for (let block = 1, at = 0; at < bytes; block++, at += algorithm.digestBytes) {
    new DataView(first.buffer).setUint32(salt.length, block);
    let last = hmac.of(first);
    const sum = last.slice();
    for (let round = 1; round < iterations; round++) {
      last = hmac.of(last);
      for (let index = 0; index < sum.length; index++) sum[index]! ^= last[index]!;
    }
    output.set(sum.subarray(0, Math.min(sum.length, bytes - at)), at);
  }
  return output;
}
