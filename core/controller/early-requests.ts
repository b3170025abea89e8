import { bounded } from '../bounded.ts';
import type { Timers } from '../runtime.ts';

/** How long a request waits for a node that leads the quorum to begin as controller. */
const CLAIM_WAIT_MS = 500;

/**
 * Requests that came when this node led already, and the first record of its epoch was not committed yet: the voters hear of
 * a leader before it knows all that was committed before it, and what they ask meanwhile would only come again a little later.
 */
export class EarlyRequests<Active> {
  readonly #timers: Timers;
  #waiting: ((active: Active | null) => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** What `answer` is given next; null when nothing comes of it in time. */
  next(): Promise<Active | null> {
    const begun = new Promise<Active | null>((resolve) => this.#waiting.push(resolve));
    return bounded(this.#timers, begun, CLAIM_WAIT_MS, null);
  }

  /** `active`: null when this node does not lead any more. */
  answer(active: Active | null): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(active);
  }
}
