import type { Timer, Timers } from '../../core/runtime.ts';
import type { Scheduled } from '../event-queue.ts';
import type { Incarnation } from '../incarnation.ts';
import type { Work } from '../node.ts';
import { EventKind } from '../trace.ts';

/** Timers of one process over virtual time. When the process dies, none fires any more and none is taken. */
export class SimTimers implements Timers {
  readonly #incarnation: Incarnation;

  constructor(incarnation: Incarnation) {
    this.#incarnation = incarnation;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = new SimTimer(this.#incarnation, callback);
    timer.arm(delayMs);
    return timer;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  endOfTurn(callback: () => void): void {
    if (this.#incarnation.alive) this.#incarnation.node.endOfTurn(callback);
  }
}

/** Pending in the world's queue, then waiting for the processor, then done. */
class SimTimer implements Timer, Scheduled, Work {
  readonly #incarnation: Incarnation;
  readonly #callback: () => void;
  #pending = false;
  #slot = 0;
  #sequence = 0;

  constructor(incarnation: Incarnation, callback: () => void) {
    this.#incarnation = incarnation;
    this.#callback = callback;
  }

  arm(delayMs: number): void {
    const incarnation = this.#incarnation;
    if (!incarnation.alive) return;
    const node = incarnation.node;
    const dueNs = node.localNs() + (delayMs > 0 ? node.clock.trueDurationNs(delayMs * 1e6) : 0);
    this.#pending = true;
    incarnation.pendingTimers++;
    this.#slot = node.world.schedule(dueNs, EventKind.timer, node.index, 0, this);
    this.#sequence = node.world.lastSequence;
  }

  cancel(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#incarnation.pendingTimers--;
    this.#incarnation.node.world.cancel(this.#slot, this.#sequence);
  }

  fire(): boolean {
    const incarnation = this.#incarnation;
    if (!incarnation.alive) return false;
    return incarnation.node.submit(this, incarnation.node.profile.cpu.timerNs);
  }

  serve(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#incarnation.pendingTimers--;
    this.#callback();
  }
}
