import type { Clock, Timer, Timers } from '../../runtime.ts';

interface Scheduled {
  readonly atNs: number;
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Time that passes only when a test says so, one event after the other, with every promise settled in between. */
export class VirtualTime implements Clock, Timers {
  /** Resolves when all microtasks, and what they start in turn, have run. */
  readonly #settle: () => Promise<void>;
  #nowNs = 0;
  #sequence = 0;
  #queue: Scheduled[] = [];

  constructor(settle: () => Promise<void>) {
    this.#settle = settle;
  }

  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowNs / 1e6);
  }
  monotonicNs(): number {
    return this.#nowNs;
  }
  get nowMs(): number {
    return this.#nowNs / 1e6;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Scheduled = {
      atNs: this.#nowNs + Math.round(delayMs * 1e6),
      sequence: this.#sequence++,
      run: callback,
      cancelled: false,
    };
    this.#queue.push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
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

  /** Runs what is due in the next `ms`; `eachEvent` is called after each, with all its promises settled. */
  async run(ms: number, eachEvent: () => void = () => {}): Promise<void> {
    const endNs = this.#nowNs + ms * 1e6;
    await this.#settle();
    for (;;) {
      const next = this.#next(endNs);
      if (next === null) break;
      this.#nowNs = Math.max(this.#nowNs, next.atNs);
      next.run();
      await this.#settle();
      eachEvent();
    }
    this.#nowNs = endNs;
  }

  /** Runs until `done`, at most `ms`. */
  async runUntil(done: () => boolean, ms: number, eachEvent: () => void = () => {}): Promise<boolean> {
    for (let passed = 0; passed < ms && !done(); passed += 5) await this.run(5, eachEvent);
    return done();
  }

  #next(endNs: number): Scheduled | null {
    this.#queue = this.#queue.filter((entry) => !entry.cancelled);
    let best: Scheduled | null = null;
    for (const entry of this.#queue) {
      if (entry.atNs > endNs) continue;
      if (best === null || entry.atNs < best.atNs || (entry.atNs === best.atNs && entry.sequence < best.sequence)) {
        best = entry;
      }
    }
    if (best !== null) this.#queue.splice(this.#queue.indexOf(best), 1);
    return best;
  }
}
