/**
 * Steps of the election, one after another: while something is being made durable, or the log is half changed, the next
 * ones wait.
 */
export class Steps {
  readonly #isOpen: () => boolean;
  readonly #failed: (error: unknown) => void;
  /** Steps that came while something was held. */
  #waiting: (() => void)[] = [];
  #holding: Promise<void> | null = null;

  constructor(isOpen: () => boolean, failed: (error: unknown) => void) {
    this.#isOpen = isOpen;
    this.#failed = failed;
  }

  /** What is being made durable now, if anything. */
  get holding(): Promise<void> | null {
    return this.#holding;
  }

  /** Runs a step now, or after what is being made durable. `otherwise`: what waits on a node that has failed or closed. */
  run(step: () => void, otherwise?: () => void): void {
    if (!this.#isOpen()) otherwise?.();
    else if (this.#holding !== null) this.#waiting.push(() => this.run(step, otherwise));
    else step();
  }

  /** Every step waits until `release`, which `work` calls when it has ended. */
  hold(work: Promise<void>): void {
    this.#holding = work;
  }

  release(): void {
    this.#holding = null;
  }

  /** Runs what has waited, until something is held again. */
  drain(): void {
    while (this.#holding === null && this.#waiting.length > 0) this.#waiting.shift()!();
  }

  async settled(): Promise<void> {
    while (this.#holding !== null) await this.#holding;
  }

  /** Runs `work` with every step held back. */
  async exclusively(work: () => Promise<void>): Promise<void> {
    while (this.#holding !== null) await this.#holding;
    if (!this.#isOpen()) return;
    let failure: unknown = null;
    this.#holding = work().catch((error: unknown) => {
      failure = error;
    });
    await this.#holding;
    this.#holding = null;
    if (failure !== null) this.#failed(failure);
    this.drain();
  }
}
