import type { Timers } from '../runtime.ts';

/** Creations and deletions of logs: one after another for one name, so that a name is free before it is used again. */
export class DiskWork {
  readonly #timers: Timers;
  readonly #chains = new Map<string, Promise<void>>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isSettled(): boolean {
    return this.#chains.size === 0;
  }

  isBusy(name: string): boolean {
    return this.#chains.has(name);
  }

  /** `failed` is told when the work rejects; what comes after it for that name goes on all the same. */
  add(name: string, work: () => Promise<void>, failed: (error: unknown) => void): void {
    const before = this.#chains.get(name) ?? Promise.resolve();
    const chain: Promise<void> = before
      .then(work)
      .catch(failed)
      .then(() => {
        if (this.#chains.get(name) === chain) this.#chains.delete(name);
      });
    this.#chains.set(name, chain);
  }

  async settled(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains.values());
  }

  /** As `settled`, at most so long. */
  settledWithin(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(timeoutMs, resolve);
      void this.settled().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
