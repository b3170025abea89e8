import { COLUMN, type EventKind, HISTORY_WIDTH, type HistorySink } from './history.ts';

const ROWS_PER_CHUNK = 4096;

/** Gathers rows and hands them on in chunks, in the order in which they were written. One per load thread. */
export class HistoryWriter {
  readonly #sink: HistorySink;
  readonly #rows = new Float64Array(ROWS_PER_CHUNK * HISTORY_WIDTH);
  #count = 0;

  constructor(sink: HistorySink) {
    this.#sink = sink;
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
    const rows = this.#rows;
    const at = this.#count * HISTORY_WIDTH;
    rows[at + COLUMN.kind] = kind;
    rows[at + COLUMN.time] = timeNs;
    rows[at + COLUMN.actor] = actor;
    rows[at + COLUMN.partition] = partition;
    rows[at + COLUMN.offset] = offset;
    rows[at + COLUMN.sequence] = sequence;
    rows[at + COLUMN.a] = a;
    rows[at + COLUMN.b] = b;
    this.#count++;
    if (this.#count === ROWS_PER_CHUNK) this.flush();
  }

  flush(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#sink.rows(this.#rows, count);
  }
}
