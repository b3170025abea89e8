import { bounded } from '../bounded.ts';
import type { Timers } from '../runtime.ts';

/**
 * So many at a time, in the order in which they came: enough for their syncs to share the device, and few enough that
 * whatever else this broker does (a vote, a heartbeat) gets its turn between them.
 */
const UNDER_WAY_MAX = 32;

/** Creations and deletions of logs: one after another for one name, so that a name is free before it is used again. */
export class DiskWork {
  readonly #timers: Timers;
  readonly #chains = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

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
      .then(() => this.#turn())
      .then(work)
      .catch(failed)
      .then(() => {
        this.#next();
        if (this.#chains.get(name) === chain) this.#chains.delete(name);
      });
    this.#chains.set(name, chain);
  }

  async settled(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains.values());
  }

  /** As `settled`, at most so long. */
  settledWithin(timeoutMs: number): Promise<void> {
    return bounded(this.#timers, this.settled(), timeoutMs, undefined);
  }

  #turn(): Promise<void> {
    if (this.#underWay < UNDER_WAY_MAX) {
      this.#underWay++;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whose turn has ended hands it on. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay--;
    else next();
  }
}
