import type { Random } from '../../core/runtime.ts';
import type { KeySpec } from '../workload.ts';

export interface Keys {
  /** The next record's key as a number in [0, cardinality); -1: no key. */
  next(): number;
  /** The bytes of a key; the same array each time for keys in the cache, so it must not be changed. */
  bytes(key: number): Uint8Array;
}

/** Key bytes kept for reuse: the hot ones of a skewed load and all of a small one. */
const CACHED_KEYS = 65_536;

export function createKeys(spec: KeySpec, random: Random): Keys {
  if (spec.kind === 'none') return { next: () => -1, bytes: () => new Uint8Array(0) };
  const cache: (Uint8Array | undefined)[] = [];
  return {
    next: picker(spec, random),
    bytes(key) {
      if (key >= CACHED_KEYS) return encodeKey(key, spec.bytes);
      let bytes = cache[key];
      if (bytes === undefined) {
        bytes = encodeKey(key, spec.bytes);
        cache[key] = bytes;
      }
      return bytes;
    },
  };
}

function picker(spec: Exclude<KeySpec, { kind: 'none' }>, random: Random): () => number {
  const { cardinality } = spec;
  switch (spec.kind) {
    case 'uniform':
      return () => random.below(cardinality);
    case 'zipf': {
      const rank = zipfRanks(spec.exponent, cardinality, random);
      return () => rank() - 1;
    }
    case 'sequential': {
      let next = 0;
      return () => {
        const key = next;
        next = next + 1 === cardinality ? 0 : next + 1;
        return key;
      };
    }
    case 'hot': {
      const { hotKeys, hotShare } = spec;
      return () => (random.float() < hotShare ? random.below(hotKeys) : hotKeys + random.below(cardinality - hotKeys));
    }
  }
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The number in base 36, filled up with zeros to the wanted length: readable, distinct, of one size. */
export function encodeKey(key: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(48);
  let rest = key;
  for (let at = length - 1; at >= 0 && rest > 0; at--) {
    bytes[at] = DIGITS.charCodeAt(rest % 36);
    rest = Math.floor(rest / 36);
  }
  return bytes;
}

/** How many bytes encodeKey needs to keep that many keys apart. */
export function keyBytesNeeded(cardinality: number): number {
  let length = 1;
  for (let reach = 36; reach < cardinality; reach *= 36) length++;
  return length;
}

/**
 * Ranks 1 … n with probability ∝ rank^-exponent, in constant time and memory for any n and any exponent ≥ 0: rejection-
 * inversion after Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions"
 * (1996).
 */
function zipfRanks(exponent: number, n: number, random: Random): () => number {
  /** Integral of x^-exponent, written so that it stays exact near exponent 1. */
  const integral = (x: number): number => {
    const log = Math.log(x);
    return expm1Over((1 - exponent) * log) * log;
  };
  const inverse = (area: number): number => {
    const t = Math.max(-1, area * (1 - exponent));
    return Math.exp(log1pOver(t) * area);
  };
  const weight = (x: number): number => Math.exp(-exponent * Math.log(x));

  const first = integral(1.5) - 1;
  const last = integral(n + 0.5);
  const shortcut = 2 - inverse(integral(2.5) - weight(2));
  return () => {
    for (;;) {
      const area = last + random.float() * (first - last);
      const x = inverse(area);
      const rank = Math.min(n, Math.max(1, Math.round(x)));
      if (rank - x <= shortcut || area >= integral(rank + 0.5) - weight(rank)) return rank;
    }
  };
}

/** (e^x − 1) / x. */
function expm1Over(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x * 0.5 * (1 + (x * (1 + x * 0.25)) / 3);
}

/** ln(1 + x) / x. */
function log1pOver(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x * (0.5 - x * (1 / 3 - x * 0.25));
}
