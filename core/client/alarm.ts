import type { Runtime, Timer } from '../runtime.ts';

/** A microsecond: so that a wait for what is nearly due makes progress on every clock. */
const LEAST_DELAY_MS = 0.001;

/**
 * One timer for many deadlines: it rings no later than the earliest time asked for. It is not taken back when that
 * deadline goes away, so work that ends long before its deadline costs no timer of its own; the owner looks at what is
 * due when it rings, and asks again for what is not.
 */
export class Alarm {
  readonly #runtime: Pick<Runtime, 'clock' | 'timers'>;
  readonly #ring: () => void;
  #timer: Timer | null = null;
  #dueNs: number = Number.POSITIVE_INFINITY;

  constructor(runtime: Pick<Runtime, 'clock' | 'timers'>, ring: () => void) {
    this.#runtime = runtime;
    this.#ring = ring;
  }

  /** Rings at `atNs` (monotonic) or earlier, when an earlier time was asked for. */
  noLaterThan(atNs: number): void {
    if (atNs >= this.#dueNs) return;
    this.#timer?.cancel();
    this.#dueNs = atNs;
    this.#wait(Math.max(0, (atNs - this.#runtime.clock.monotonicNs()) / 1e6));
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dueNs = Number.POSITIVE_INFINITY;
  }

  #wait(delayMs: number): void {
    this.#timer = this.#runtime.timers.after(delayMs, () => {
      this.#timer = null;
      // Fractions of a nanosecond get lost on the way: an owner that looks at its deadlines must find them passed.
      const earlyNs = this.#dueNs - this.#runtime.clock.monotonicNs();
      if (earlyNs > 0) {
        this.#wait(Math.max(LEAST_DELAY_MS, earlyNs / 1e6));
        return;
      }
      this.#dueNs = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }
}
