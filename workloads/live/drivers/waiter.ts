import type { Timers } from '../../../core/runtime.ts';

/** One poll that waits for a library to have something. */
export class Waiter {
  readonly #timers: Timers;
  #wake: (() => void) | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wait(maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(maxWaitMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = null;
        timer.cancel();
        resolve();
      };
    });
  }

  wake(): void {
    this.#wake?.();
  }
}
