/**
 * SHA-2 takes its constants from the first bits of the fractional parts of square and cube roots of the first primes
 * (FIPS 180-4, 4.2 and 5.3), "nothing up my sleeve". Computed, there is no table to get wrong.
 */
export function rootBits(count: number, degree: 2n | 3n): bigint[] {
  return firstPrimes(count).map((prime) => integerRoot(prime << (64n * degree), degree) & 0xffffffffffffffffn);
}

function firstPrimes(count: number): bigint[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes.map(BigInt);
}

/** The largest integer whose power is at most `value`, by Newton's method from above. */
function integerRoot(value: bigint, degree: bigint): bigint {
  // 2^73 is above every root asked for: primes below 2^9, scaled by 2^64.
  let root = 1n << 73n;
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}
