import { COLUMN, HISTORY_WIDTH, type HistoryNames, type HistorySink } from '../../workloads/history.ts';
import type { RunConfigs } from '../verdict/contract.ts';
import type { ControlEvent, LoggedFault } from '../verdict/faults.ts';
import { checkedControl, checkedFault, checkedHeader } from './check.ts';
import { type Column, EVENT_FORMS, type EventForm, type Field, HistoryFileError, LINE_MAX_BYTES } from './form.ts';

const ROWS_PER_CHUNK = 1024;
const COLUMN_AT: Readonly<Record<Column, number>> = COLUMN;

export interface ReadHeader {
  readonly workload: string;
  readonly target: string;
  readonly seed: number;
  readonly names: HistoryNames;
  readonly configs: RunConfigs;
}

/** What came beside the rows. */
export interface ReadEnd {
  readonly drained: boolean;
  readonly reason?: string;
  readonly missing: readonly number[];
  readonly control?: readonly ControlEvent[];
}

/** The whole lines of a stream of bytes, without empty ones. Throws HistoryFileError for a line beyond all bounds. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<[line: string, number: number]> {
  const decoder = new TextDecoder('utf-8', { fatal: false });
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      number++;
      const line = text.slice(from, at).trim();
      from = at + 1;
      if (line !== '') yield [line, number];
    }
    rest = text.slice(from);
    if (rest.length > LINE_MAX_BYTES)
      throw new HistoryFileError(number + 1, `longer than ${LINE_MAX_BYTES} characters`);
  }
  const line = (rest + decoder.decode()).trim();
  if (line !== '') yield [line, number + 1];
}

/**
 * Reads a history line by line; nothing of it is kept but faults and leaders. `open` is called with the header and gives
 * the sink for all rows; faults are pushed to `faults` as they come. Throws HistoryFileError for whatever is malformed.
 */
export async function readHistory(
  lines: AsyncIterable<readonly [line: string, number: number]>,
  faults: LoggedFault[],
  open: (header: ReadHeader) => HistorySink,
): Promise<ReadEnd> {
  let reading: Rows | null = null;
  let control: ControlEvent[] | undefined;
  let end: ReadEnd | null = null;
  for await (const [line, number] of lines) {
    const value = parsed(line, number);
    if (reading === null) {
      const header = checkedHeader(value, number);
      reading = new Rows(header.names, open(header));
      continue;
    }
    if (end !== null) throw new HistoryFileError(number, 'a line after the end');
    switch (value.event) {
      case 'fault':
        faults.push(checkedFault(value, number));
        break;
      case 'watched':
        control ??= [];
        break;
      case 'leader':
        control ??= [];
        control.push(checkedControl(value, number, reading.partitions));
        break;
      case 'end':
        end = endOf(value, number);
        break;
      default:
        reading.row(value, number);
    }
  }
  if (reading === null) throw new HistoryFileError(1, 'the file is empty');
  reading.flush();
  const ended = end ?? { drained: false, reason: 'the history breaks off: it has no end line', missing: [] };
  return control === undefined ? ended : { ...ended, control };
}

function parsed(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new HistoryFileError(number, error instanceof Error ? error.message : String(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HistoryFileError(number, 'expected an object');
  }
  return value as Record<string, unknown>;
}

function endOf(value: Record<string, unknown>, number: number): ReadEnd {
  const { drained, reason, missing = [] } = value;
  if (typeof drained !== 'boolean') throw new HistoryFileError(number, 'end: drained is true or false');
  if (reason !== undefined && typeof reason !== 'string') throw new HistoryFileError(number, 'end: reason is a text');
  if (!Array.isArray(missing) || !missing.every((actor) => Number.isSafeInteger(actor))) {
    throw new HistoryFileError(number, 'end: missing is a list of actors');
  }
  return { drained, ...(reason === undefined ? {} : { reason }), missing: missing as number[] };
}

/** Turns lines into rows, after checking that every index means something and that time does not go back. */
class Rows {
  readonly partitions: number;
  readonly #actors: number;
  readonly #sink: HistorySink;
  readonly #rows = new Float64Array(ROWS_PER_CHUNK * HISTORY_WIDTH);
  readonly #last: Float64Array;
  #count = 0;

  constructor(names: HistoryNames, sink: HistorySink) {
    this.partitions = names.partitions.length;
    this.#actors = names.actors.length;
    this.#sink = sink;
    this.#last = new Float64Array(this.#actors).fill(Number.NEGATIVE_INFINITY);
  }

  row(value: Record<string, unknown>, number: number): void {
    const { event, t, actor } = value;
    const form = typeof event === 'string' && Object.hasOwn(EVENT_FORMS, event) ? formOf(event) : undefined;
    if (form === undefined) throw new HistoryFileError(number, `event ${JSON.stringify(event)} is none that is known`);
    if (typeof t !== 'number' || !Number.isFinite(t)) throw new HistoryFileError(number, `${event}: t is nanoseconds`);
    if (typeof actor !== 'number' || !Number.isSafeInteger(actor) || actor < 0 || actor >= this.#actors) {
      throw new HistoryFileError(number, `${event}: actor ${JSON.stringify(actor)} of ${this.#actors}`);
    }
    // What a group has committed may be asked by somebody else than its member, whose own rows come later.
    if (event !== 'committed') {
      if (t < this.#last[actor]!) throw new HistoryFileError(number, `${event}: time goes back for actor ${actor}`);
      this.#last[actor] = t;
    }
    const at = this.#count * HISTORY_WIDTH;
    this.#rows.fill(-1, at, at + HISTORY_WIDTH);
    this.#rows[at + COLUMN.kind] = form.kind;
    this.#rows[at + COLUMN.time] = t;
    this.#rows[at + COLUMN.actor] = actor;
    for (const field of form.fields) this.#rows[at + COLUMN_AT[field.column]] = this.#value(value, field, number);
    this.#count++;
    if (this.#count === ROWS_PER_CHUNK) this.flush();
  }

  flush(): void {
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#sink.rows(this.#rows, count);
  }

  #value(value: Record<string, unknown>, field: Field, number: number): number {
    const found = value[field.name];
    const { form } = field;
    if (found === undefined && field.optional) return -1;
    if (form.kind === 'flag' && typeof found === 'boolean') return found ? 1 : 0;
    if (form.kind === 'word' && typeof found === 'string' && Object.hasOwn(form.words, found))
      return form.words[found]!;
    if (form.kind === 'number' && typeof found === 'number' && Number.isFinite(found)) {
      if (field.name === 'writer' && !(found >= 0 && found < this.#actors)) {
        throw new HistoryFileError(number, `writer ${found} of ${this.#actors} actors`);
      }
      const isTime = field.name === 'intended' || field.name === 'asked';
      if (!isTime && !Number.isSafeInteger(found)) throw new HistoryFileError(number, `${field.name}: ${found}`);
      // -1 is a known value of offsets and the like; sequences and partitions count from 0.
      const lowest = field.name === 'partition' || field.name === 'sequence' ? 0 : -1;
      const highest = field.name === 'partition' ? this.partitions - 1 : Number.MAX_SAFE_INTEGER;
      if (!isTime && (found < lowest || found > highest)) {
        throw new HistoryFileError(number, `${field.name} ${found} is not between ${lowest} and ${highest}`);
      }
      return found;
    }
    throw new HistoryFileError(number, `${String(value.event)}: ${field.name} is missing or no ${wanted(form)}`);
  }
}

function formOf(event: string): EventForm {
  return EVENT_FORMS[event as keyof typeof EVENT_FORMS];
}

function wanted(form: Field['form']): string {
  if (form.kind === 'number') return 'number';
  return form.kind === 'flag' ? 'true or false' : `one of ${Object.keys(form.words).join(', ')}`;
}
