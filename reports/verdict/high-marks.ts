import { FLAG, type RecordTable, TIME_STEP_NS } from './record-table.ts';

/** For each fault and partition, the highest offset acknowledged before it, of all records and of those still there. */
export class HighMarks {
  readonly #times: readonly number[];
  readonly #partitions: number;
  readonly #acked: Float64Array;
  readonly #surviving: Float64Array;

  constructor(table: RecordTable, times: readonly number[], partitions: number) {
    this.#times = [...new Set(times)].sort((a, b) => a - b);
    this.#partitions = partitions;
    this.#acked = new Float64Array(this.#times.length * partitions).fill(-1);
    this.#surviving = new Float64Array(this.#times.length * partitions).fill(-1);
    const wanted = FLAG.acked | FLAG.hasOffset;
    for (let row = 0; row < table.rows; row++) {
      const flags = table.flags(row);
      if ((flags & wanted) !== wanted) continue;
      // Times are rounded down to the table's step, so a record is counted before a fault only if it surely was.
      const first = this.#firstAfter(table.time(row) + TIME_STEP_NS);
      if (first === this.#times.length) continue;
      const at = first * partitions + table.partition(row);
      const offset = table.offset(row);
      if (offset > this.#acked[at]!) this.#acked[at] = offset;
      if ((flags & FLAG.auditedInPlace) !== 0 && offset > this.#surviving[at]!) this.#surviving[at] = offset;
    }
    // What came before one fault came before all later ones.
    for (let at = partitions; at < this.#acked.length; at++) {
      this.#acked[at] = Math.max(this.#acked[at]!, this.#acked[at - partitions]!);
      this.#surviving[at] = Math.max(this.#surviving[at]!, this.#surviving[at - partitions]!);
    }
  }

  before(atNs: number, partition: number, which: 'acked' | 'surviving'): number {
    const at = this.#times.indexOf(atNs) * this.#partitions + partition;
    return (which === 'acked' ? this.#acked : this.#surviving)[at] ?? -1;
  }

  #firstAfter(timeNs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
