import { randomFillSync } from 'node:crypto';
import { RandomFromUint32 } from '../random.ts';
import type { Random } from '../runtime.ts';

const POOL_BYTES = 4096;

/**
 * Randomness of the operating system, drawn in pools: fit for nonces and tokens. It has no seed, so a fork is simply
 * another stream. Where runs must repeat, use createRandom of core/random.ts.
 */
export class SystemRandom extends RandomFromUint32 {
  readonly #pool = new Uint32Array(POOL_BYTES / 4);
  #next: number = POOL_BYTES / 4;

  uint32(): number {
    if (this.#next === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    const word = this.#pool[this.#next]!;
    // A drawn word is forgotten: what leaks later cannot tell what was drawn before.
    this.#pool[this.#next++] = 0;
    return word;
  }

  fork(_purpose: string): Random {
    return new SystemRandom();
  }
}
