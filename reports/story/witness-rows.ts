import { COLUMN, EVENT, GAP, HISTORY_WIDTH, type HistoryNames, type HistorySink } from '../../workloads/history.ts';
import type { Example } from '../verdict/result.ts';
import type { WitnessRow } from './story.ts';

/** Kept of one history; a record that is read by hundreds of readers is told by the first of them. */
const ROWS_MAX = 200;

/** The record that a story is about, in the numbers of a history; -1 where it is not known. */
export interface WitnessKey {
  readonly partition: number;
  readonly offset: number;
  readonly writer: number;
  readonly sequence: number;
}

/** Null when the example names no partition of this history. */
export function witnessKey(names: HistoryNames, example: Example): WitnessKey | null {
  const partition = names.partitions.findIndex((each) => `${each.topic}-${each.partition}` === example.partition);
  if (partition < 0) return null;
  const { record } = example;
  const writer = record == null ? -1 : names.actors.findIndex(({ name }) => name === record.writer);
  return { partition, offset: example.offset ?? -1, writer, sequence: record?.sequence ?? -1 };
}

/** Takes from a history, while it streams by, the rows that concern one record or its offset. */
export class WitnessRows implements HistorySink {
  readonly found: WitnessRow[] = [];
  readonly #names: HistoryNames;
  readonly #key: WitnessKey;

  constructor(names: HistoryNames, key: WitnessKey) {
    this.#names = names;
    this.#key = key;
  }

  rows(rows: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) this.#row(rows, index * HISTORY_WIDTH);
  }

  #row(rows: Float64Array, at: number): void {
    const { partition, offset, writer, sequence } = this.#key;
    if (rows[at + COLUMN.partition] !== partition || this.found.length >= ROWS_MAX) return;
    const kind = rows[at + COLUMN.kind]!;
    const actor = rows[at + COLUMN.actor]!;
    const isRead = kind === EVENT.read;
    const from = isRead ? rows[at + COLUMN.a]! : actor;
    const isWitness = writer >= 0 && from === writer && rows[at + COLUMN.sequence] === sequence;
    const isThere = offset >= 0 && rows[at + COLUMN.offset] === offset;
    const name = NAMES.get(kind);
    if (name === undefined) return;
    // What others sent concerns the story only where it stands at the same offset.
    const first = rows[at + COLUMN.offset]!;
    const spans = offset >= first && offset < rows[at + COLUMN.a]!;
    const concerns = name === 'gap' ? spans : name === 'logEnd' || isWitness || (isThere && name !== 'send');
    if (!concerns) return;
    const reason = REASONS.get(rows[at + COLUMN.b]!);
    this.found.push({
      kind: name,
      timeNs: rows[at + COLUMN.time]!,
      actor: this.#nameOf(actor),
      offset: rows[at + COLUMN.offset]!,
      isWitness,
      record: `${this.#nameOf(from)} seq ${rows[at + COLUMN.sequence]}`,
      epoch: isRead ? rows[at + COLUMN.b]! : -1,
      ...(name === 'gap' && reason !== undefined ? { reason } : {}),
    });
  }

  #nameOf(actor: number): string {
    return this.#names.actors[actor]?.name ?? `actor ${actor}`;
  }
}

const NAMES: ReadonlyMap<number, WitnessRow['kind']> = new Map([
  [EVENT.send, 'send'],
  [EVENT.ack, 'ack'],
  [EVENT.fail, 'fail'],
  [EVENT.read, 'read'],
  [EVENT.gap, 'gap'],
  [EVENT.logEnd, 'logEnd'],
]);

const REASONS: ReadonlyMap<number, string> = new Map([
  [GAP.control, 'markers'],
  [GAP.aborted, 'an aborted transaction'],
  [GAP.compacted, 'compacted away'],
  [GAP.retention, 'below the log start'],
  [GAP.corrupt, 'bytes that are no records'],
]);
