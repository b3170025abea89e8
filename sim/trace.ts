/** Kinds of events, as they stand in traces and in reports. Numbers are part of the hash: only append. */
export const EventKind = {
  timer: 0,
  serve: 1,
  endOfTurn: 2,
  segment: 3,
  acknowledge: 4,
  connect: 5,
  connection: 6,
  disk: 7,
  fault: 8,
  driver: 9,
} as const;

const KIND_NAMES: readonly string[] = Object.keys(EventKind);

export interface TraceEvent {
  /** Position in the run, from 0. */
  index: number;
  timeNs: number;
  sequence: number;
  node: string;
  kind: string;
  digest: number;
}

const FIELDS = 5;

/**
 * The rolling hash over every event of a run, with checkpoints, and the events since the last checkpoint in full.
 * Memory is bounded by the window and by eight bytes per checkpoint.
 */
export class Trace {
  /** Events per checkpoint. */
  readonly window: number;
  readonly checkpoints: number[] = [];
  events = 0;
  /** Index of the first event that the window holds. */
  windowStart = 0;
  /** True when the run should end here: it left the expected path, or its window is the one wanted. */
  finished = false;
  readonly #expected: readonly number[] | null;
  readonly #lastWindow: number;
  readonly #recent: Float64Array;
  #names: (node: number) => string = String;
  #a = 0x243f6a88;
  #b = 0x85a308d3;

  /**
   * `expected`: checkpoints of an earlier run; the trace finishes at the first that differs. `lastWindow`: finishes
   * after that window. `window` 0 keeps the hash alone.
   */
  constructor(options: { window?: number; expected?: readonly number[]; lastWindow?: number } = {}) {
    this.window = options.window ?? 0;
    this.#expected = options.expected ?? null;
    this.#lastWindow = options.lastWindow ?? Infinity;
    this.#recent = new Float64Array(this.window * FIELDS);
  }

  /** The hash so far, 53 bits. */
  get hash(): number {
    return (this.#a >>> 0) * 2097152 + (this.#b >>> 11);
  }

  nameNodes(names: (node: number) => string): void {
    this.#names = names;
  }

  add(timeNs: number, sequence: number, node: number, kind: number, digest: number): void {
    let a = Math.imul(this.#a ^ timeNs, 0x9e3779b1) ^ (timeNs / 4294967296);
    let b = Math.imul(this.#b ^ sequence, 0x85ebca77) ^ digest;
    a = Math.imul(((a << 13) | (a >>> 19)) ^ ((node << 8) | kind), 0xc2b2ae3d);
    b = Math.imul(((b << 17) | (b >>> 15)) ^ a, 0x27d4eb2f);
    this.#a = a ^ (b >>> 15);
    this.#b = b ^ (a >>> 13);
    const index = this.events++;
    if (this.window > 0) this.#record(index, timeNs, sequence, node, kind, digest);
  }

  /** The event at `index`, when the window holds it. */
  event(index: number): TraceEvent | null {
    if (index < this.windowStart || index >= this.events || this.window === 0) return null;
    const at = (index % this.window) * FIELDS;
    const recent = this.#recent;
    return {
      index,
      timeNs: recent[at]!,
      sequence: recent[at + 1]!,
      node: this.#names(recent[at + 2]!),
      kind: KIND_NAMES[recent[at + 3]!] ?? 'unknown',
      digest: recent[at + 4]!,
    };
  }

  #record(index: number, timeNs: number, sequence: number, node: number, kind: number, digest: number): void {
    const within = index % this.window;
    if (within === 0) this.windowStart = index;
    const at = within * FIELDS;
    const recent = this.#recent;
    recent[at] = timeNs;
    recent[at + 1] = sequence;
    recent[at + 2] = node;
    recent[at + 3] = kind;
    recent[at + 4] = digest;
    if (within < this.window - 1) return;
    const checkpoint = this.checkpoints.push(this.hash) - 1;
    const expected = this.#expected;
    // Past the last checkpoint expected there is none to equal: the earlier run ended within this window.
    if (expected !== null && expected[checkpoint] !== this.hash) this.finished = true;
    if (checkpoint >= this.#lastWindow) this.finished = true;
  }
}

export type Determinism =
  | { kind: 'same'; events: number; hash: number }
  /** The first event that the two runs do not share; null where a run had ended already. */
  | { kind: 'different'; index: number; first: TraceEvent | null; second: TraceEvent | null };

/**
 * Runs the same thing twice and names the first event in which the runs differ. Neither run is stored: the second stops
 * at the first checkpoint that differs, and a third repeats the first up to there. `run` builds a world with the trace
 * given to it and runs that world to its end.
 */
export async function compareTraces(run: (trace: Trace) => Promise<void>, window = 65536): Promise<Determinism> {
  const first = new Trace({ window });
  await run(first);
  const second = new Trace({ window, expected: first.checkpoints });
  await run(second);
  if (first.events === second.events && first.hash === second.hash) {
    return { kind: 'same', events: first.events, hash: first.hash };
  }
  // The first run may have kept the very window already, when the runs part in the last one.
  const wanted = Math.floor(second.windowStart / window);
  let again = first;
  if (first.windowStart !== second.windowStart) {
    again = new Trace({ window, lastWindow: wanted });
    await run(again);
  }
  const start = second.windowStart;
  for (let index = start; index < start + window; index++) {
    const one = again.event(index);
    const other = second.event(index);
    if (one === null && other === null) break;
    if (one === null || other === null || !sameEvent(one, other)) {
      return { kind: 'different', index, first: one, second: other };
    }
  }
  // The repetition of the first run agrees with the second here: a run that does not even repeat itself.
  return { kind: 'different', index: start, first: again.event(start), second: second.event(start) };
}

function sameEvent(one: TraceEvent, other: TraceEvent): boolean {
  return (
    one.timeNs === other.timeNs &&
    one.sequence === other.sequence &&
    one.node === other.node &&
    one.kind === other.kind &&
    one.digest === other.digest
  );
}

/** A cheap digest of bytes: their length and at most 28 of them, spread over the whole. */
export function sampledDigest(bytes: Uint8Array, initial: number): number {
  const length = bytes.length;
  let digest = Math.imul(initial ^ length, 0x9e3779b1);
  if (length <= 28) {
    for (let at = 0; at < length; at++) digest = Math.imul(digest ^ bytes[at]!, 0x01000193);
    return digest;
  }
  for (let at = 0; at < 8; at++) {
    digest = Math.imul(digest ^ bytes[at]! ^ (bytes[length - 1 - at]! << 8), 0x01000193);
  }
  const stride = (length - 16) / 12;
  for (let step = 0; step < 12; step++) {
    digest = Math.imul(digest ^ bytes[8 + Math.floor(step * stride)]!, 0x01000193);
  }
  return digest;
}
