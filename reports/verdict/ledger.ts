import type { HistoryNames } from '../../workloads/history.ts';
import { NumberRows } from './numbers.ts';
import { FLAG, OffsetIndex, RecordTable } from './record-table.ts';

/** Columns of `Ledger.conflicts`: two records seen at one offset. */
export const CONFLICT = { partition: 0, offset: 1, before: 2, now: 3, time: 4 } as const;
/** Columns of `Ledger.moves`: a record seen at an offset that is not (or no longer) the one in the table. */
export const MOVE = { row: 0, offset: 1, time: 2, audited: 3 } as const;
/** Columns of `Ledger.strays`: a record in a partition that it was not sent to. */
export const STRAY = { row: 0, partition: 1, offset: 2, time: 3, reader: 4 } as const;
/** Columns of `Ledger.foreign`: what no writer of this run can have sent. */
export const FOREIGN = { partition: 0, offset: 1, time: 2, reader: 3, writer: 4, sequence: 5 } as const;
/** Columns of `Ledger.overtaken`: an audited record behind a later one of its writer. */
export const OVERTAKEN = { row: 0, partition: 1, offset: 2, time: 3, after: 4 } as const;

/** Columns of `Ledger.transactions`: those that have ended, or never will, and had records. `outcome` as in the history. */
export const TRANSACTION = { writer: 0, number: 1, first: 2, last: 3, outcome: 4 } as const;

interface Transaction {
  first: number;
  last: number;
}

/** What was sent, acknowledged and read: the state that the rules about records share, updated row by row. */
export class Ledger {
  readonly table: RecordTable;
  readonly offsets: OffsetIndex;
  readonly conflicts: NumberRows = new NumberRows(5);
  readonly moves: NumberRows = new NumberRows(4);
  readonly strays: NumberRows = new NumberRows(5);
  readonly foreign: NumberRows = new NumberRows(6);
  readonly overtaken: NumberRows = new NumberRows(5);
  /** Records handed to readers, by partition. */
  readonly reads: Float64Array;
  /** Records found by auditors for the first time, by partition. */
  readonly audited: Float64Array;
  readonly #isProducer: readonly boolean[];
  readonly #isCommitted: readonly boolean[];
  readonly #isAuditor: readonly boolean[];
  readonly #partitions: number;
  /** Highest audited sequence by partition and writer. */
  readonly #lastAudited = new Map<number, number>();
  readonly #open: Map<number, Transaction>[];
  readonly #current: (Transaction | undefined)[];
  readonly transactions: NumberRows = new NumberRows(5);

  constructor(names: HistoryNames) {
    const actors = names.actors.length;
    this.#partitions = names.partitions.length;
    this.table = new RecordTable(actors, this.#partitions);
    this.offsets = new OffsetIndex(this.#partitions);
    this.reads = new Float64Array(this.#partitions);
    this.audited = new Float64Array(this.#partitions);
    this.#isProducer = names.actors.map((actor) => actor.role.kind === 'producer');
    this.#isAuditor = names.actors.map((actor) => actor.role.kind === 'auditor');
    this.#isCommitted = names.actors.map(
      (actor) => actor.role.kind !== 'producer' && actor.role.isolation === 'read_committed',
    );
    this.#open = Array.from({ length: actors }, () => new Map());
    this.#current = Array.from({ length: actors });
  }

  send(time: number, writer: number, partition: number, sequence: number): void {
    const { table } = this;
    const row = table.row(writer, sequence, true);
    const flags = table.flags(row);
    if ((flags & FLAG.hasPartition) === 0) table.setPartition(row, partition);
    else if (table.partition(row) !== partition) {
      // A reader's row came first, and named another partition.
      this.strays.push(row, table.partition(row), (flags & FLAG.hasOffset) === 0 ? -1 : table.offset(row), time, -1);
    }
    table.addFlags(row, FLAG.sent);
    const transaction = this.#current[writer];
    if (transaction === undefined) return;
    if (transaction.first < 0) transaction.first = sequence;
    transaction.last = sequence;
  }

  ack(time: number, writer: number, partition: number, offset: number, sequence: number): void {
    const { table } = this;
    const row = table.row(writer, sequence, true);
    let flags = table.flags(row);
    if ((flags & FLAG.hasPartition) === 0) table.setPartition(row, partition);
    else if (table.partition(row) !== partition) {
      this.strays.push(row, partition, offset, time, writer);
      return;
    }
    if (offset >= 0) {
      if ((flags & FLAG.hasOffset) === 0) table.setOffset(row, offset);
      else if (table.offset(row) !== offset) {
        const audited = (flags & FLAG.auditedInPlace) !== 0 ? 1 : 0;
        this.moves.push(row, table.offset(row), table.time(row), audited);
        table.setOffset(row, offset);
        if (audited === 1) table.dropFlags(row, FLAG.auditedInPlace);
        flags &= ~FLAG.auditedInPlace;
      }
      this.#place(time, partition, offset, row);
    }
    table.setTime(row, time);
    table.addFlags(row, FLAG.acked);
  }

  fail(writer: number, sequence: number, definite: boolean): void {
    if (definite) this.table.addFlags(this.table.row(writer, sequence, true), FLAG.failed);
  }

  read(time: number, reader: number, partition: number, offset: number, sequence: number, writer: number): void {
    const { table } = this;
    this.reads[partition]! += 1;
    const known = this.#isProducer[writer] === true && sequence >= 0 && Number.isSafeInteger(sequence);
    const row = known ? table.row(writer, sequence, false) : -1;
    if (row < 0) {
      this.foreign.push(partition, offset, time, reader, writer, sequence);
      return;
    }
    const flags = table.flags(row);
    if ((flags & FLAG.hasPartition) === 0) table.setPartition(row, partition);
    else if (table.partition(row) !== partition) {
      this.strays.push(row, partition, offset, time, reader);
      return;
    }
    const isAuditor = this.#isAuditor[reader] === true;
    let seen: number = FLAG.read;
    if (this.#isCommitted[reader] === true) seen |= FLAG.readCommitted;
    if ((flags & (FLAG.acked | FLAG.read)) === 0) table.setTime(row, time);
    if ((flags & FLAG.hasOffset) === 0) {
      table.setOffset(row, offset);
      if (isAuditor) seen |= FLAG.audited | FLAG.auditedInPlace;
    } else if (table.offset(row) === offset) {
      if (isAuditor) seen |= FLAG.audited | FLAG.auditedInPlace;
    } else {
      this.moves.push(row, offset, time, isAuditor ? 1 : 0);
      if (isAuditor) seen |= FLAG.audited;
    }
    table.addFlags(row, seen);
    this.#place(time, partition, offset, row);
    if (isAuditor && (flags & FLAG.audited) === 0) {
      this.audited[partition]! += 1;
      this.#inOrder(time, partition, offset, sequence, writer, row);
    }
  }

  begin(writer: number, number: number): void {
    const transaction: Transaction = { first: -1, last: -1 };
    this.#open[writer]!.set(number, transaction);
    this.#current[writer] = transaction;
  }

  /** The end was asked for: sends that follow belong to no transaction, or to the next. */
  ending(writer: number): void {
    this.#current[writer] = undefined;
  }

  /** `outcome`: 1 committed, 0 aborted, -1 unknown. */
  end(writer: number, number: number, outcome: number): void {
    const transaction = this.#open[writer]!.get(number);
    if (transaction === undefined) return;
    this.#open[writer]!.delete(number);
    if (this.#current[writer] === transaction) this.#current[writer] = undefined;
    if (transaction.first >= 0) {
      this.transactions.push(writer, number, transaction.first, transaction.last, outcome);
    }
  }

  /** No more rows: marks the records of transactions that were not committed. */
  close(): void {
    for (let writer = 0; writer < this.#open.length; writer++) {
      for (const number of [...this.#open[writer]!.keys()]) this.end(writer, number, -1);
    }
    const { transactions } = this;
    for (let index = 0; index < transactions.length; index++) {
      const writer = transactions.at(index, TRANSACTION.writer);
      const outcome = transactions.at(index, TRANSACTION.outcome);
      if (outcome === 1) continue;
      const flag = outcome === 0 ? FLAG.aborted : FLAG.undecided;
      const last = transactions.at(index, TRANSACTION.last);
      for (let sequence = transactions.at(index, TRANSACTION.first); sequence <= last; sequence++) {
        const row = this.table.find(writer, sequence);
        if (row >= 0) this.table.addFlags(row, flag);
      }
    }
  }

  #place(time: number, partition: number, offset: number, row: number): void {
    const before = this.offsets.put(partition, offset, row);
    if (before >= 0 && before !== row) this.conflicts.push(partition, offset, before, row, time);
  }

  #inOrder(time: number, partition: number, offset: number, sequence: number, writer: number, row: number): void {
    const key = partition + writer * this.#partitions;
    const last = this.#lastAudited.get(key);
    if (last !== undefined && sequence < last) this.overtaken.push(row, partition, offset, time, last);
    else this.#lastAudited.set(key, sequence);
  }
}
