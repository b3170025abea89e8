import type { Clock, Timer, Timers } from '../../runtime.ts';

interface Due {
  readonly atNs: number;
  readonly order: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Time that moves from one due callback to the next, and only in `run`. `drain` lets all promise jobs run. */
export class VirtualTime implements Clock, Timers {
  readonly #drain: () => Promise<void>;
  readonly #due: Due[] = [];
  #nowNs = 0;
  #order = 0;

  constructor(drain: () => Promise<void>) {
    this.#drain = drain;
  }

  get nowMs(): number {
    return this.#nowNs / 1e6;
  }

  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.nowMs);
  }

  monotonicNs(): number {
    return this.#nowNs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const due: Due = {
      atNs: this.#nowNs + Math.max(0, Math.ceil(delayMs * 1e6)),
      order: this.#order++,
      callback,
      isCancelled: false,
    };
    this.#due.push(due);
    return {
      cancel: () => {
        due.isCancelled = true;
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  endOfTurn(callback: () => void): void {
    this.after(0, callback);
  }

  /** Callbacks that are due, those of the far future too. */
  get pending(): number {
    return this.#due.filter((due) => !due.isCancelled).length;
  }

  /** Lets `durationMs` pass. */
  async run(durationMs: number): Promise<void> {
    const endNs = this.#nowNs + durationMs * 1e6;
    await this.#runUntil(endNs, () => false);
    this.#nowNs = endNs;
  }

  /** Runs until the promise is settled; throws when that takes more than `limitMs` of this time. */
  async until<T>(promise: Promise<T>, limitMs = 600_000): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    watched.catch(() => undefined);
    await this.#drain();
    await this.#runUntil(this.#nowNs + limitMs * 1e6, () => isSettled);
    if (!isSettled) throw new Error(`not settled within ${limitMs} ms of virtual time`);
    return watched;
  }

  async #runUntil(endNs: number, isDone: () => boolean): Promise<void> {
    await this.#drain();
    while (!isDone()) {
      let next = -1;
      for (let index = 0; index < this.#due.length; index++) {
        const due = this.#due[index]!;
        const best = this.#due[next];
        if (best === undefined || due.atNs < best.atNs || (due.atNs === best.atNs && due.order < best.order))
          next = index;
      }
      const due = this.#due[next];
      if (due === undefined || due.atNs > endNs) return;
      this.#due.splice(next, 1);
      if (due.isCancelled) continue;
      this.#nowNs = Math.max(this.#nowNs, due.atNs);
      due.callback();
      await this.#drain();
    }
  }
}
