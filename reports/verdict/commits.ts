import type { HistoryNames } from '../../workloads/history.ts';
import { NumberRows } from './numbers.ts';
import type { Session } from './sessions.ts';

/** Columns of `Commits.made`. `end` is Infinity until an answer; `outcome` is one of OUTCOME. */
export const COMMIT = {
  actor: 0,
  partition: 1,
  offset: 2,
  start: 3,
  end: 4,
  generation: 5,
  outcome: 6,
  processed: 7,
  hold: 8,
} as const;
export const OUTCOME = { maybe: 0, acked: 1, refused: 2 } as const;
/** What the consumer had of the partition when it committed. */
export const HOLD = { owned: 0, notOwned: 1, stale: 2 } as const;
/** Columns of `Commits.fetched`: an answer to OffsetFetch. */
export const FETCHED = { actor: 0, partition: 1, offset: 2, asked: 3, answered: 4 } as const;

/** An answer whose question was not timed was asked at most so long before: Kafka's default.api.timeout.ms / 2. */
const ASKED_AT_MOST_NS = 30e9;

/** Every commit and every fetch of committed offsets, for the rules C1 to C4. */
export class Commits {
  readonly made: NumberRows = new NumberRows(9);
  readonly fetched: NumberRows = new NumberRows(5);
  readonly #partitions: number;
  /** Per actor: (commit number, partition) → index in `made`, while no answer has come. */
  readonly #pending: Map<number, number>[];

  constructor(names: HistoryNames) {
    this.#partitions = names.partitions.length;
    this.#pending = names.actors.map(() => new Map());
  }

  commit(
    time: number,
    actor: number,
    partition: number,
    offset: number,
    number: number,
    generation: number,
    session: Session | undefined,
  ): void {
    const processed = session?.processed ?? -1;
    let hold: number = HOLD.owned;
    if (session?.isOwned !== true) hold = HOLD.notOwned;
    else if (generation >= 0 && generation < session.generation) hold = HOLD.stale;
    this.#pending[actor]!.set(number * this.#partitions + partition, this.made.length);
    const end = Number.POSITIVE_INFINITY;
    this.made.push(actor, partition, offset, time, end, generation, OUTCOME.maybe, processed, hold);
  }

  answer(time: number, actor: number, partition: number, number: number, outcome: number): void {
    const key = number * this.#partitions + partition;
    const index = this.#pending[actor]!.get(key);
    if (index === undefined) return;
    this.#pending[actor]!.delete(key);
    if (outcome === OUTCOME.acked) this.made.set(index, COMMIT.end, time);
    this.made.set(index, COMMIT.outcome, outcome);
  }

  fetch(time: number, actor: number, partition: number, offset: number, asked: number): void {
    this.fetched.push(actor, partition, offset, asked >= 0 ? asked : time - ASKED_AT_MOST_NS, time);
  }
}

/** Consumers by group: what one member commits the next one takes up. */
export function groupsOf(names: HistoryNames): {
  readonly groupOf: readonly number[];
  readonly names: readonly string[];
} {
  const ids = new Map<string, number>();
  const groupOf = names.actors.map(({ role }) => {
    if (role.kind !== 'consumer' || role.group === null) return -1;
    const id = ids.get(role.group) ?? ids.size;
    ids.set(role.group, id);
    return id;
  });
  return { groupOf, names: [...ids.keys()] };
}
