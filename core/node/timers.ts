import type { Clock, Timer, Timers } from '../runtime.ts';

/** The longest delay that setTimeout keeps: beyond it would fire at once. */
const LONGEST_TIMEOUT_MS = 2147483647;

/**
 * Timers on the event loop. A pending one keeps the process alive (a client that waits for its next retry has nothing
 * else that would); `close` forgets all that are pending, after which none fires and no new one is taken.
 *
 * `endOfTurn` runs in the loop's check phase: after every socket that was readable in this poll, before the next poll.
 * One immediate serves all callbacks of a turn; those added while they run wait for the next turn.
 */
export class NodeTimers implements Timers {
  readonly #clock: Clock;
  readonly #pending = new Set<NodeTimer>();
  #turn: (() => void)[] = [];
  #closed = false;
  readonly #runTurn = (): void => {
    const callbacks = this.#turn;
    this.#turn = [];
    for (const callback of callbacks) callback();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = new NodeTimer(this.#clock, this.#pending, delayMs, callback);
    if (!this.#closed) timer.arm();
    return timer;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  endOfTurn(callback: () => void): void {
    if (this.#turn.push(callback) === 1) setImmediate(this.#runTurn);
  }

  /** Cancels every timer; promises of `sleep` that are pending stay so. Callbacks of the current turn still run. */
  close(): void {
    this.#closed = true;
    for (const timer of [...this.#pending]) timer.cancel();
  }
}

class NodeTimer implements Timer {
  readonly #clock: Clock;
  readonly #pending: Set<NodeTimer>;
  readonly #dueNs: number;
  readonly #callback: () => void;
  #handle: NodeJS.Timeout | NodeJS.Immediate | null = null;

  constructor(clock: Clock, pending: Set<NodeTimer>, delayMs: number, callback: () => void) {
    this.#clock = clock;
    this.#pending = pending;
    this.#dueNs = delayMs > 0 ? clock.monotonicNs() + delayMs * 1e6 : 0;
    this.#callback = callback;
  }

  arm(): void {
    this.#pending.add(this);
    this.#wait();
  }

  cancel(): void {
    if (!this.#pending.delete(this) || this.#handle === null) return;
    if ('hasRef' in this.#handle && 'refresh' in this.#handle) clearTimeout(this.#handle);
    else clearImmediate(this.#handle as NodeJS.Immediate);
    this.#handle = null;
  }

  #wait(): void {
    if (this.#dueNs === 0) {
      this.#handle = setImmediate(this.#fire);
      return;
    }
    const restMs = (this.#dueNs - this.#clock.monotonicNs()) / 1e6;
    this.#handle = setTimeout(this.#fire, Math.min(Math.max(Math.ceil(restMs), 1), LONGEST_TIMEOUT_MS));
  }

  readonly #fire = (): void => {
    // The loop counts whole milliseconds and may be a fraction early; "no earlier than" is the contract.
    if (this.#dueNs > this.#clock.monotonicNs()) {
      this.#wait();
      return;
    }
    this.#pending.delete(this);
    this.#handle = null;
    this.#callback();
  };
}
