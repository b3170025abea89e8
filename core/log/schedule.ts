import type { Timer, Timers } from '../runtime.ts';

/** Work that comes again and again until it is stopped. */
export class Schedule {
  readonly #timers: Timers;
  readonly #pending = new Set<Timer>();
  #stopped = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Runs `act` after `firstMs`, then each time `nextMs()` after it has run. */
  readonly every = (firstMs: number, nextMs: () => number, act: () => void): void => {
    if (this.#stopped) return;
    const timer = this.#timers.after(firstMs, () => {
      this.#pending.delete(timer);
      act();
      this.every(nextMs(), nextMs, act);
    });
    this.#pending.add(timer);
  };

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending) timer.cancel();
    this.#pending.clear();
  }
}
