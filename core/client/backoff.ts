import type { Random } from '../runtime.ts';

/** Each wait is drawn from this share around its nominal length, so that clients do not retry in step (KIP-580). */
const JITTER = 0.2;

/** Milliseconds to wait before attempt `attempt` (0 for the first retry): `baseMs` doubled each time, at most `maxMs`. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number, random: Random): number {
  const nominal = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return nominal * (1 - JITTER + 2 * JITTER * random.float());
}
