import type { Clock } from '../runtime.ts';
import type { ReplicationFaults } from './faults.ts';
import type { FetchPosition } from './fetch-session.ts';
import type { Partition } from './partition.ts';

export interface Followed {
  readonly partition: Partition;
  /** The leader epoch in which it follows. */
  readonly epoch: number;
  /** Not fetched before this time on the monotonic clock. */
  notBeforeNs: number;
  /** Refusals in a row. */
  refusals: number;
}

const FIRST_BACKOFF_MS = 10;
/** A log that is being cut is looked at again so soon. */
const TRUNCATION_CHECK_MS = 20;

/** The partitions that follow one leader: where each stands, and which of them may be fetched now. */
export class FollowedPartitions {
  readonly #clock: Clock;
  readonly #backoffMs: number;
  readonly #faults: ReplicationFaults;
  readonly #followed = new Map<Partition, Followed>();
  readonly #byId = new Map<string, Map<number, Followed>>();

  constructor(clock: Clock, backoffMs: number, faults: ReplicationFaults) {
    this.#clock = clock;
    this.#backoffMs = backoffMs;
    this.#faults = faults;
  }

  get size(): number {
    return this.#followed.size;
  }

  get(partition: Partition): Followed | undefined {
    return this.#followed.get(partition);
  }

  find(topicId: string, partition: number): Followed | undefined {
    return this.#byId.get(topicId)?.get(partition);
  }

  add(partition: Partition, epoch: number): void {
    const followed = { partition, epoch, notBeforeNs: 0, refusals: 0 };
    this.#followed.set(partition, followed);
    const topic = this.#byId.get(partition.topicId);
    if (topic === undefined) this.#byId.set(partition.topicId, new Map([[partition.partition, followed]]));
    else topic.set(partition.partition, followed);
  }

  remove(partition: Partition): void {
    this.#followed.delete(partition);
    const topic = this.#byId.get(partition.topicId);
    if (topic?.get(partition.partition)?.partition !== partition) return;
    topic.delete(partition.partition);
    if (topic.size === 0) this.#byId.delete(partition.topicId);
  }

  clear(): void {
    this.#followed.clear();
    this.#byId.clear();
  }

  isAnyDue(): boolean {
    const nowNs = this.#clock.monotonicNs();
    for (const each of this.#followed.values()) if (isDue(each, nowNs)) return true;
    return false;
  }

  /** When a partition that is not fetched now may be, as far as that is known; Infinity for none. */
  nextDueMs(): number {
    const nowNs = this.#clock.monotonicNs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { partition, notBeforeNs } of this.#followed.values()) {
      if (notBeforeNs > nowNs) nextMs = Math.min(nextMs, Math.ceil((notBeforeNs - nowNs) / 1e6));
      else if (partition.truncating !== null) nextMs = Math.min(nextMs, TRUNCATION_CHECK_MS);
    }
    return nextMs;
  }

  duePositions(): FetchPosition[] {
    const nowNs = this.#clock.monotonicNs();
    const positions: FetchPosition[] = [];
    for (const each of this.#followed.values()) {
      if (!isDue(each, nowNs)) continue;
      const { partition, epoch } = each;
      positions.push({
        partition,
        leaderEpoch: epoch,
        fetchOffset: partition.log?.logEndOffset ?? 0,
        lastFetchedEpoch: this.#lastFetchedEpoch(partition),
        logStartOffset: partition.log?.logStartOffset ?? 0,
      });
    }
    return positions;
  }

  /** A leader that has not heard yet that it leads refuses too: at first it is asked again soon. */
  backOff(each: Followed): void {
    const delayMs = Math.min(this.#backoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(each.refusals++, 20));
    each.notBeforeNs = this.#clock.monotonicNs() + delayMs * 1e6;
  }

  #lastFetchedEpoch({ log }: Partition): number {
    const { ignoreDivergence, truncateToHighWatermark } = this.#faults;
    if (log === null || ignoreDivergence === true || truncateToHighWatermark === true) return -1;
    return log.latestEpoch;
  }
}

function isDue({ partition, notBeforeNs }: Followed, nowNs: number): boolean {
  return partition.truncating === null && partition.log !== null && nowNs >= notBeforeNs;
}
