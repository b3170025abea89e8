import type { PolledBatch, PolledGap } from '../../actors/driver.ts';

/** A record of some library, as far as the actors look at it. */
export interface ReadRecord {
  readonly offset: number;
  readonly value: Uint8Array | null;
  /** The value of the first header of that name, null without one. */
  header(name: string): Uint8Array | null;
}

/** Follows the positions of a reader whose library hands out records one by one, without a word about what lies between. */
export class Reading {
  readonly #next = new Map<string, number>();
  readonly #ready: RecordRun[] = [];
  readonly #restarted: (topic: string, partition: number) => void;

  /** `restarted`: records come again from an earlier position, as after a rebalance in which the partition stayed. */
  constructor(restarted: (topic: string, partition: number) => void) {
    this.#restarted = restarted;
  }

  /** Partitions are assigned anew: all positions are over, and so is what was not polled. */
  forget(): void {
    this.#next.clear();
    this.#ready.length = 0;
  }

  /** Takes records of one partition in the order of the library; `end`: the position after them, where it is further on. */
  add(topic: string, partition: number, records: readonly ReadRecord[], end = 0): void {
    const key = `${topic}-${partition}`;
    let run: ReadRecord[] = [];
    let next = this.#next.get(key) ?? records[0]!.offset;
    let from = next;
    let restart = false;
    const close = (to: number): void => {
      const first = run[0];
      if (first === undefined) return;
      const gaps: PolledGap[] = first.offset > from ? [{ from, to: first.offset, reason: 'unknown' }] : [];
      this.#ready.push(new RecordRun(topic, partition, run, to, gaps, restart));
      run = [];
    };
    for (const record of records) {
      if (record.offset !== next) {
        close(next);
        restart = record.offset < next;
        from = restart ? record.offset : next;
      }
      run.push(record);
      next = record.offset + 1;
    }
    next = Math.max(next, end);
    close(next);
    this.#next.set(key, next);
  }

  /** What has come, up to where a partition starts again: that is for the next poll. */
  poll(): PolledBatch[] {
    const taken: PolledBatch[] = [];
    for (let run = this.#ready[0]; run !== undefined; run = this.#ready[0]) {
      if (run.restart && taken.length > 0) break;
      if (run.restart) this.#restarted(run.topic, run.partition);
      taken.push(this.#ready.shift()!);
    }
    return taken;
  }

  get isEmpty(): boolean {
    return this.#ready.length === 0;
  }
}

const NO_VALUE = new Uint8Array(0);

class RecordRun implements PolledBatch {
  readonly topic: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly gaps: readonly PolledGap[];
  readonly restart: boolean;
  /** These libraries do not tell it. */
  readonly leaderEpoch = -1;
  readonly #records: readonly ReadRecord[];
  #at = -1;

  constructor(
    topic: string,
    partition: number,
    records: readonly ReadRecord[],
    toOffset: number,
    gaps: readonly PolledGap[],
    restart: boolean,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.toOffset = toOffset;
    this.gaps = gaps;
    this.restart = restart;
    this.#records = records;
  }

  get fromOffset(): number {
    return this.#records[0]!.offset;
  }
  next(): boolean {
    return ++this.#at < this.#records.length;
  }
  get offset(): number {
    return this.#records[this.#at]!.offset;
  }
  get bytes(): Uint8Array {
    return this.#records[this.#at]!.value ?? NO_VALUE;
  }
  readonly valueAt = 0;
  get valueLength(): number {
    return this.#records[this.#at]!.value?.length ?? -1;
  }
  header(name: string): Uint8Array | null {
    return this.#records[this.#at]!.header(name);
  }
}
