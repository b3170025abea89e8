import type { HistoryNames } from '../../workloads/history.ts';
import { seconds } from './clause-texts.ts';
import type { Standing } from './clauses.ts';
import type { Ledger } from './ledger.ts';
import { FLAG } from './record-table.ts';
import type { Example, OffsetView, Witness } from './result.ts';

const EVENTS_MAX = 4;
const OFFSETS_AROUND = 3;

/** Turns row numbers into what a person reads. */
export class Evidence {
  readonly partitions: readonly string[];
  readonly #names: HistoryNames;
  readonly #ledger: Ledger;

  constructor(names: HistoryNames, ledger: Ledger) {
    this.#names = names;
    this.#ledger = ledger;
    this.partitions = names.partitions.map(({ topic, partition }) => `${topic}-${partition}`);
  }

  actor(index: number): string {
    return this.#names.actors[index]?.name ?? `actor ${index}`;
  }

  record(row: number): string {
    const { table } = this.#ledger;
    return `${this.actor(table.writerOf(row))} seq ${table.sequenceOf(row)}`;
  }

  acks(row: number): string {
    const role = this.#names.actors[this.#ledger.table.writerOf(row)]?.role;
    return role?.kind === 'producer' ? `acks=${role.acks === -1 ? 'all' : role.acks}` : '';
  }

  /** `row`: the record that it is about; default the one that stands at the offset. */
  example(
    partition: number,
    offset: number,
    sentence: string,
    events: readonly (Witness | null)[],
    standing?: Standing,
    row: number = -1,
  ): Example {
    const witnesses = events.filter((event) => event !== null);
    const fault = standing?.fault;
    if (fault !== null && fault !== undefined && witnesses.length < EVENTS_MAX) {
      witnesses.push({ timeNs: fault.atNs, text: `${fault.kind} of ${fault.target} (fault ${fault.id})` });
    }
    witnesses.sort((a, b) => (a.timeNs ?? Number.POSITIVE_INFINITY) - (b.timeNs ?? Number.POSITIVE_INFINITY));
    const { table, offsets } = this.#ledger;
    const about = row >= 0 || offset < 0 ? row : offsets.get(partition, offset);
    return {
      partition: this.partitions[partition] ?? null,
      sentence,
      events: witnesses.slice(0, EVENTS_MAX),
      around: offset < 0 ? [] : this.#around(partition, offset),
      ...(offset < 0 ? {} : { offset }),
      ...(about < 0
        ? {}
        : { record: { writer: this.actor(table.writerOf(about)), sequence: table.sequenceOf(about) } }),
    };
  }

  event(timeNs: number | null, text: string): Witness {
    return { timeNs, text: timeNs === null ? text : `${text} t=${seconds(timeNs)}` };
  }

  #around(partition: number, offset: number): OffsetView[] {
    const views: OffsetView[] = [];
    for (let at = Math.max(0, offset - OFFSETS_AROUND); at <= offset + OFFSETS_AROUND; at++) {
      const row = this.#ledger.offsets.get(partition, at);
      if (row < 0) {
        views.push({ offset: at, record: null, state: 'unknown' });
        continue;
      }
      const flags = this.#ledger.table.flags(row);
      const wasRead = (flags & FLAG.read) !== 0;
      const wasAcked = (flags & FLAG.acked) !== 0;
      const state = wasAcked ? (wasRead ? 'acked and read' : 'acked, not read') : wasRead ? 'read' : 'unknown';
      views.push({ offset: at, record: this.record(row), state });
    }
    return views;
  }
}
