/** What a flush round works on. Its promises may reject, with DiskError, once and for good. */
export interface Flushable {
  /** Offsets below it are in the page cache. */
  readonly logEndOffset: number;
  /** Everything below is durable. */
  readonly durableOffset: number;
  /** Makes everything appended until now durable and moves `durableOffset`. */
  flushRound(): Promise<void>;
}

/**
 * One sync serves all who wait: while a round runs, everyone who needs more joins the one that follows it. Rounds and
 * truncations exclude each other.
 */
export class Flusher {
  readonly #target: Flushable;
  readonly #guard: (work: () => Promise<void>) => Promise<void>;
  /** Settles when nothing is under way; never rejects. */
  #idle: Promise<void> = Promise.resolve();
  #running: { readonly upTo: number; readonly done: Promise<void> } | null = null;
  #next: Promise<void> | null = null;

  /** Everything runs through `guard`, which refuses after a failure. */
  constructor(target: Flushable, guard: (work: () => Promise<void>) => Promise<void>) {
    this.#target = target;
    this.#guard = guard;
  }

  /** Resolves when everything below `upTo` is durable. */
  flush(upTo: number): Promise<void> {
    if (upTo <= this.#target.durableOffset) return Promise.resolve();
    if (this.#running !== null && upTo <= this.#running.upTo) return this.#running.done;
    this.#next ??= this.exclusive(() => this.#round());
    return this.#next;
  }

  #round(): Promise<void> {
    this.#next = null;
    const done = this.#target.flushRound();
    this.#running = { upTo: this.#target.logEndOffset, done };
    return done.finally(() => {
      this.#running = null;
    });
  }

  /** Runs `action` when no round and no other action runs. */
  exclusive(action: () => Promise<void>): Promise<void> {
    const done = this.#idle.then(() => this.#guard(action));
    this.#idle = done.catch(() => {});
    return done;
  }
}
