import type { Timers } from '../runtime.ts';

/**
 * The end of one turn of the loop, in order: first the appends that the turn's requests asked for (one write per log),
 * with everything they complete, then a look at what waits for them (a fetch of several partitions finds what each of them
 * took, not only the first), then the responses (one write per connection). Work that arrives outside of a turn (a timer, a
 * resolved promise) starts one.
 */
export class Turn {
  readonly #timers: Timers;
  #appends: (() => void)[] = [];
  #looks: (() => void)[] = [];
  #responses: (() => void)[] = [];
  #scheduled = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  append(work: () => void): void {
    this.#appends.push(work);
    this.#schedule();
  }

  look(work: () => void): void {
    this.#looks.push(work);
    this.#schedule();
  }

  respond(work: () => void): void {
    this.#responses.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.endOfTurn(this.#run);
  }

  readonly #run = (): void => {
    // A response may free a connection's next request, whose append then belongs to the next turn: a connection that
    // never runs dry cannot keep the others waiting.
    const appends = this.#appends;
    this.#appends = [];
    for (const work of appends) work();
    const looks = this.#looks;
    this.#looks = [];
    for (const work of looks) work();
    const responses = this.#responses;
    this.#responses = [];
    this.#scheduled = false;
    for (const work of responses) work();
    if (this.#appends.length > 0 || this.#looks.length > 0) this.#schedule();
  };
}
