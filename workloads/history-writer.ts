import { COLUMN, type EventKind, HISTORY_WIDTH, type HistorySink } from './history.ts';

export const ROWS_PER_CHUNK = 4096;
/** A short run writes few rows, and campaigns have thousands of short runs. */
const FIRST_ROWS = 64;

/** Gathers rows and hands them on in chunks, in the order in which they were written. One per load thread. */
export class HistoryWriter {
  readonly #sink: HistorySink;
  readonly #room: (() => Float64Array) | null;
  #rows: Float64Array;
  #count = 0;
  /** Rows of a whole chunk. */
  readonly #full: number;

  /**
   * With `room` each chunk is written into an array of its own, as many rows as it holds, which the sink may then keep;
   * without, into the same one again, which grows up to ROWS_PER_CHUNK as it is needed.
   */
  constructor(sink: HistorySink, room: (() => Float64Array) | null = null) {
    this.#sink = sink;
    this.#room = room;
    this.#rows = room?.() ?? new Float64Array(FIRST_ROWS * HISTORY_WIDTH);
    this.#full = room === null ? ROWS_PER_CHUNK : this.#rows.length / HISTORY_WIDTH;
  }

  write(
    kind: EventKind,
    timeNs: number,
    actor: number,
    partition: number,
    offset: number,
    sequence: number,
    a: number,
    b: number,
  ): void {
    const at = this.#count * HISTORY_WIDTH;
    if (at === this.#rows.length) this.#grow();
    const rows = this.#rows;
    rows[at + COLUMN.kind] = kind;
    rows[at + COLUMN.time] = timeNs;
    rows[at + COLUMN.actor] = actor;
    rows[at + COLUMN.partition] = partition;
    rows[at + COLUMN.offset] = offset;
    rows[at + COLUMN.sequence] = sequence;
    rows[at + COLUMN.a] = a;
    rows[at + COLUMN.b] = b;
    this.#count++;
    if (this.#count === this.#full) this.flush();
  }

  #grow(): void {
    const grown = new Float64Array(this.#rows.length * 2);
    grown.set(this.#rows);
    this.#rows = grown;
  }

  flush(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#sink.rows(this.#rows, count);
    if (this.#room !== null) this.#rows = this.#room();
  }
}
