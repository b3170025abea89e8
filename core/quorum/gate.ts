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

  /** The value, or null when the gate opens first. */
  race<T>(promise: Promise<T>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      const opened = (): void => resolve(null);
      const forget = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== opened);
      };
      this.#waiting.push(opened);
      promise.then(
        (value) => {
          forget();
          resolve(value);
        },
        (error: unknown) => {
          forget();
          reject(error);
        },
      );
    });
  }

  open(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
