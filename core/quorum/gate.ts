import type { Timers } from '../runtime.ts';

/** A wait that ends when its time is over or someone opens the gate, whichever is first. */
export class Gate {
  readonly #timers: Timers;
  #waiting: (() => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(timeoutMs, () => {
        this.#waiting = this.#waiting.filter((one) => one !== done);
        resolve();
      });
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      this.#waiting.push(done);
    });
  }

  open(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
