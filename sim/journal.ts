import type { Broker } from '../core/broker/index.ts';
import type { Log } from '../core/log/index.ts';
import type { HistoryEnd, HistoryRecorder } from '../reports/history/writer.ts';
import type { ReplicaChange } from '../reports/story/story.ts';
import { type WitnessKey, WitnessRows } from '../reports/story/witness-rows.ts';
import type { ControlEvent, LoggedFault } from '../reports/verdict/faults.ts';
import type { HistoryNames } from '../workloads/history.ts';
import { epochAt } from './invariants/lineage.ts';

/** A partition that is fought over for long changes without end; a story needs the beginning. */
const CHANGES_MAX = 5000;

/** What one broker's replica looked like at the last look, with regard to the witness' offset. */
interface Seen {
  readonly broker: Broker;
  readonly log: Log;
  readonly end: number;
  readonly epoch: number;
  readonly isCommitted: boolean;
}

/** What a run shows a journal. */
export interface Observed {
  /** Null while the process of that broker id is down or starting. */
  readonly broker: (id: number) => Broker | null;
  readonly brokers: number;
  /** Since time zero. */
  readonly nowNs: () => number;
}

/**
 * Keeps what befell one record of a run: in the brokers' logs, looked at after every event, and in the history. Only a
 * run that is to be told has one, so that campaigns pay nothing; like the invariants it reads and changes nothing, and a
 * run with and without it has one hash.
 */
export class Journal implements HistoryRecorder {
  readonly changes: ReplicaChange[] = [];
  readonly rowsFound: WitnessRows;
  control: readonly ControlEvent[] = [];
  faults: readonly LoggedFault[] = [];
  readonly #key: WitnessKey;
  readonly #topic: string;
  readonly #partition: number;
  readonly #seen = new Map<number, Seen>();
  #observed: Observed | null = null;

  constructor(names: HistoryNames, key: WitnessKey) {
    this.#key = key;
    this.rowsFound = new WitnessRows(names, key);
    const { topic, partition } = names.partitions[key.partition]!;
    this.#topic = topic;
    this.#partition = partition;
  }

  observe(observed: Observed): void {
    this.#observed = observed;
  }

  rows(rows: Float64Array, count: number): void {
    this.rowsFound.rows(rows, count);
  }

  end({ control = [], faults }: HistoryEnd): void {
    this.control = control.filter(({ partition }) => partition === this.#key.partition);
    this.faults = faults;
  }

  /** After an event: every broker is looked at, for a death is no event of the one that died. */
  look(): void {
    const observed = this.#observed;
    if (observed === null || this.#key.offset < 0) return;
    for (let id = 1; id <= observed.brokers; id++) this.#lookAt(id, observed.broker(id), observed.nowNs());
  }

  #lookAt(id: number, broker: Broker | null, timeNs: number): void {
    const before = this.#seen.get(id);
    const partition = broker?.assembly.replicas.partition(this.#topic, this.#partition);
    const log = partition?.log ?? null;
    if (broker === null || log === null) {
      if (before === undefined) return;
      this.#seen.delete(id);
      this.#push(id, timeNs, 'gone', before.epoch, before.end, false, 0);
      return;
    }
    const { offset } = this.#key;
    const end = log.logEndOffset;
    const isCommitted = log.highWatermark > offset;
    const leading = partition?.leader != null;
    const epoch = end > offset ? epochAt(log.epochStarts, offset) : -1;
    const unchanged =
      before !== undefined && before.log === log && before.epoch === epoch && before.isCommitted === isCommitted;
    if (unchanged && before.end === end) return;
    this.#seen.set(id, { broker, log, end, epoch, isCommitted });
    if (before === undefined || before.log !== log) {
      this.#push(id, timeNs, 'back', epoch, end, leading, log.recovery.truncatedBytes);
      if (epoch >= 0) this.#push(id, timeNs, 'holds', epoch, end, leading, 0);
    } else if (before.epoch !== epoch) {
      if (before.epoch >= 0) this.#push(id, timeNs, 'cut', before.epoch, end, leading, 0);
      if (epoch >= 0) this.#push(id, timeNs, 'holds', epoch, end, leading, 0);
    }
    const wasCommitted = before?.log === log && before.isCommitted;
    if (isCommitted && !wasCommitted) this.#push(id, timeNs, 'committed', epoch, end, leading, 0);
    else if (wasCommitted && !isCommitted) this.#push(id, timeNs, 'uncommitted', epoch, end, leading, 0);
  }

  #push(
    broker: number,
    timeNs: number,
    kind: ReplicaChange['kind'],
    epoch: number,
    logEnd: number,
    leading: boolean,
    tornBytes: number,
  ): void {
    if (this.changes.length >= CHANGES_MAX) return;
    this.changes.push({ timeNs, broker, kind, epoch, logEnd, leading, tornBytes });
  }
}
