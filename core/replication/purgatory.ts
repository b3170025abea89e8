import type { Timer, Timers } from '../runtime.ts';

/**
 * A request that waits for something to happen to one of several partitions, for a bounded time. It is answered exactly
 * once: by `tryComplete`, by `expire` or by `abandon`.
 */
export abstract class DelayedOperation {
  #state: 'new' | 'waiting' | 'done' = 'new';
  #timer: Timer | null = null;
  #lists: WaitingList[] = [];

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Answers when it can: returns whether it did. Called at the start, and each time a watched partition moved. */
  protected abstract tryComplete(): boolean;
  /** Time is up: answers with what there is. */
  protected abstract expire(): void;

  /** Completes at once, or waits in `lists` for at most `timeoutMs`. */
  start(timers: Timers, timeoutMs: number, lists: readonly WaitingList[]): void {
    if (this.check()) return;
    this.#state = 'waiting';
    for (const list of lists) {
      list.operations.add(this);
      this.#lists.push(list);
    }
    this.#timer = timers.after(Math.max(timeoutMs, 0), () => {
      this.#timer = null;
      if (this.#state !== 'waiting') return;
      this.#finish();
      this.expire();
    });
  }

  check(): boolean {
    if (this.#state === 'done') return true;
    if (!this.tryComplete()) return false;
    this.#finish();
    return true;
  }

  /** Drops the operation unanswered: nobody waits for it any more. */
  abandon(): void {
    this.#finish();
  }

  #finish(): void {
    this.#state = 'done';
    this.#timer?.cancel();
    this.#timer = null;
    for (const list of this.#lists) list.operations.delete(this);
    this.#lists = [];
  }
}

/** The operations that wait on one partition, in the order in which they came. */
export class WaitingList {
  /** Changed by DelayedOperation alone. */
  readonly operations: Set<DelayedOperation> = new Set();

  get size(): number {
    return this.operations.size;
  }

  /** Looks at every operation once; those that start to wait while this runs are for the next time. */
  checkAll(): void {
    if (this.operations.size === 0) return;
    for (const operation of [...this.operations]) operation.check();
  }
}
