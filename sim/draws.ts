import type { Random } from '../core/runtime.ts';

const LN2 = Math.LN2;

/**
 * An exponential draw with mean 1. Math.log may differ between engines; this uses only operations whose results IEEE
 * 754 fixes, so that a plan replays everywhere.
 */
export function exponential(random: Random): number {
  // A word w in [1, 2^32) as m·2^-k·2^31 with m in [1, 2): −ln(w / 2^32) = (k + 1)·ln 2 − ln m.
  const word = random.uint32() | 1;
  const zeros = Math.clz32(word);
  const mantissa = ((word << zeros) >>> 0) / 2147483648;
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  const logarithm = 2 * z * (1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square / 9))));
  return (zeros + 1) * LN2 - logarithm;
}

/** A delay: never below `minNs`, exponential beyond it, and rarely from a long tail. */
export interface DelayProfile {
  minNs: number;
  /** Mean of the exponential part. */
  meanExtraNs: number;
  /** Chance of a draw from the tail, in [0, 1]. */
  tailChance: number;
  /** Mean of the exponential that the tail adds. */
  tailMeanNs: number;
}

/** Whole nanoseconds. */
export function drawDelayNs(profile: DelayProfile, random: Random): number {
  let delay = profile.minNs + profile.meanExtraNs * exponential(random);
  if (profile.tailChance > 0 && random.uint32() < profile.tailChance * 4294967296) {
    delay += profile.tailMeanNs * exponential(random);
  }
  return Math.round(delay);
}
