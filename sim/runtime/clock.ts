import type { Clock } from '../../core/runtime.ts';
import type { SimNode } from '../node.ts';

/** A machine's oscillator and its idea of the date: both outlive the process. */
export class NodeClock implements Clock {
  readonly #node: SimNode;
  /** At this true time the monotonic clock showed `#anchorNs`; since then it drifts. */
  #anchorTrueNs = 0;
  #anchorNs = 0;
  #driftPpm = 0;
  /** Wall time at monotonic zero, in milliseconds. */
  #wallBaseMs: number;
  readonly #startWallMs: number;

  constructor(node: SimNode, startWallMs: number) {
    this.#node = node;
    this.#startWallMs = startWallMs;
    this.#wallBaseMs = startWallMs;
  }

  wallMs(): number {
    return Math.floor(this.#wallBaseMs + this.monotonicNs() / 1e6);
  }

  monotonicNs(): number {
    return this.#monotonicAt(this.#node.localNs());
  }

  /** Moves the wall clock by so much, either way; the monotonic one does not notice. */
  jump(deltaMs: number): void {
    this.#wallBaseMs += deltaMs;
  }

  /** Shows the right date again, and runs at the right pace. */
  setRight(): void {
    this.setDrift(0);
    const now = this.#node.localNs();
    this.#wallBaseMs = this.#startWallMs + (now - this.#monotonicAt(now)) / 1e6;
  }

  /** Parts per million by which both clocks run fast (or, below zero, slow) from now on. */
  setDrift(partsPerMillion: number): void {
    if (!(Math.abs(partsPerMillion) < 1e6)) throw new RangeError(`drift of ${partsPerMillion} ppm`);
    const now = this.#node.localNs();
    this.#anchorNs = this.#monotonicAt(now);
    this.#anchorTrueNs = now;
    this.#driftPpm = partsPerMillion;
  }

  /** How much true time passes while the node's clock counts `ns`; never less than it takes. */
  trueDurationNs(ns: number): number {
    // A drifting clock shows whole nanoseconds rounded down, so one more makes sure that the timer is not early.
    return this.#driftPpm === 0 ? Math.ceil(ns) : Math.ceil(ns / (1 + this.#driftPpm / 1e6)) + 1;
  }

  #monotonicAt(trueNs: number): number {
    const passedNs = trueNs - this.#anchorTrueNs;
    return this.#anchorNs + passedNs + Math.floor((passedNs * this.#driftPpm) / 1e6);
  }
}
