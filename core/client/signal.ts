import type { Runtime, Timer } from '../runtime.ts';

/** Wakes whoever waits for "something changed". A notification with nobody waiting is remembered for the next wait. */
export class Signal {
  readonly #runtime: Pick<Runtime, 'timers'>;
  #raised = false;
  #wake: (() => void) | null = null;

  constructor(runtime: Pick<Runtime, 'timers'>) {
    this.#runtime = runtime;
  }

  raise(): void {
    const wake = this.#wake;
    if (wake === null) this.#raised = true;
    else wake();
  }

  /** Resolves at the next `raise`, or after `timeoutMs`. One waiter at a time. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#raised) {
      this.#raised = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      this.#wake = () => {
        timer?.cancel();
        this.#wake = null;
        resolve();
      };
      timer = this.#runtime.timers.after(Math.max(0, timeoutMs), this.#wake);
    });
  }
}
