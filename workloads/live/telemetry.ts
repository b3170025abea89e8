import type { BrokerPoint, ThreadPoint } from '../../core/node/index.ts';

/** One part of a run (a broker, a load thread, the main thread) and what it told, second by second. */
export interface TelemetryPart {
  readonly part: string;
  readonly points: readonly TelemetryPoint[];
}

/** `t`: seconds since time zero, at the end of the interval. */
export type TelemetryPoint = { readonly t: number } & ThreadPoint & Partial<BrokerPoint>;

/** Gathers what explains a slow figure: event loops, garbage collection, queues and batches on both sides. */
export class TelemetryLog {
  readonly #parts = new Map<string, TelemetryPoint[]>();
  readonly #now: () => number;

  /** `now`: nanoseconds since time zero. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Before time zero nothing is kept. */
  add(part: string, point: ThreadPoint & Partial<BrokerPoint>): void {
    const t = Number((this.#now() / 1e9).toFixed(2));
    if (!(t > 0)) return;
    const points = this.#parts.get(part) ?? [];
    this.#parts.set(part, points);
    points.push({ t, ...point });
  }

  get parts(): TelemetryPart[] {
    return [...this.#parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([part, points]) => ({ part, points }));
  }
}
