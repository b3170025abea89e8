import { closeSync, openSync, writeSync } from 'node:fs';
import { COLUMN, HISTORY_WIDTH, type HistoryNames, type HistorySink } from '../../workloads/history.ts';
import type { RunConfigs } from '../verdict/contract.ts';
import type { ControlEvent, LoggedFault } from '../verdict/faults.ts';
import { type Column, EVENT_FORMS, type EventForm, type Field, HISTORY_SCHEMA } from './form.ts';

const CHUNK_CHARACTERS = 256 * 1024;
const COLUMN_AT: Readonly<Record<Column, number>> = COLUMN;

/** What stands in the first line: who acts, on which partitions, and what was promised. */
export interface HistoryHeader {
  readonly workload: string;
  readonly target: string;
  readonly seed: number;
  readonly names: HistoryNames;
  readonly configs: RunConfigs;
}

export interface HistoryEnd {
  readonly drained: boolean;
  readonly reason?: string;
  readonly missing?: readonly number[];
  readonly control?: readonly ControlEvent[];
  readonly faults: readonly LoggedFault[];
}

/** Whoever keeps a history: all rows, then the end, once. */
export interface HistoryRecorder extends HistorySink {
  end(end: HistoryEnd): void;
}

/** Writes a history while it happens, in the form of `form.ts`; at most one chunk is in memory. */
export class HistoryFile implements HistoryRecorder {
  readonly #file: number;
  #chunk: string[] = [];
  #characters = 0;

  /** Truncates the file. Throws what opening it throws. */
  constructor(path: string, header: HistoryHeader) {
    this.#file = openSync(path, 'w');
    const { workload, target, seed, names, configs } = header;
    const run = { workload, target, seed };
    const { actors, partitions } = names;
    this.#line(JSON.stringify({ faultline: 'history', schema: HISTORY_SCHEMA, run, actors, partitions, configs }));
  }

  rows(rows: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) this.#line(lineOf(rows, index * HISTORY_WIDTH));
  }

  /** The last lines: faults, leaders, and how the run ended. Call once. */
  end(end: HistoryEnd): void {
    const { faults, control, ...rest } = end;
    for (const fault of faults) this.#line(JSON.stringify({ event: 'fault', ...fault }));
    if (control !== undefined) {
      // Says that somebody watched, even where nothing ever changed.
      this.#line(JSON.stringify({ event: 'watched' }));
      for (const change of control) this.#line(JSON.stringify({ event: 'leader', ...change }));
    }
    this.#line(JSON.stringify({ event: 'end', ...rest }));
    this.close();
  }

  /** Without `end`: the file then says that it has none. */
  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #line(line: string): void {
    this.#chunk.push(line);
    this.#characters += line.length;
    if (this.#characters >= CHUNK_CHARACTERS) this.#flush();
  }

  #flush(): void {
    if (this.#chunk.length === 0) return;
    const bytes = Buffer.from(`${this.#chunk.join('\n')}\n`);
    this.#chunk = [];
    this.#characters = 0;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }
}

/** Hands every row to several sinks, in their order. */
export function tee(...sinks: readonly HistorySink[]): HistorySink {
  return {
    rows(rows, count) {
      for (const sink of sinks) sink.rows(rows, count);
    },
  };
}

const FORM_OF: ReadonlyMap<number, readonly [name: string, form: EventForm]> = new Map(
  Object.entries(EVENT_FORMS).map(([name, form]) => [form.kind, [name, form]]),
);

function lineOf(rows: Float64Array, at: number): string {
  const known = FORM_OF.get(rows[at + COLUMN.kind]!);
  if (known === undefined) throw new RangeError(`a row of unknown kind ${rows[at + COLUMN.kind]}`);
  const [name, form] = known;
  let line = `{"event":"${name}","t":${rows[at + COLUMN.time]},"actor":${rows[at + COLUMN.actor]}`;
  for (const field of form.fields) {
    const value = rows[at + COLUMN_AT[field.column]]!;
    if (field.optional && value === -1) continue;
    line += `,"${field.name}":${written(field, value)}`;
  }
  return `${line}}`;
}

function written({ form }: Field, value: number): string {
  if (form.kind === 'number') return String(value);
  if (form.kind === 'flag') return value === 1 ? 'true' : 'false';
  const word = Object.entries(form.words).find(([, number]) => number === value);
  return word === undefined ? String(value) : `"${word[0]}"`;
}
