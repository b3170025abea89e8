/** An offset that a group has committed for one partition. */
export interface CommittedOffset {
  readonly offset: number;
  /** -1: unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitWallMs: number;
  /** Set by clients of before v5 of OffsetCommit, which say how long it is to be kept. */
  readonly expireWallMs: number | null;
  /** The zero uuid from records that carry none. */
  readonly topicId: string;
  /** The place of its record in the log relative to others of the partition: the later one counts. */
  readonly order: number;
}

type ByPartition<T> = Map<string, Map<number, T>>;

/**
 * What one group has committed, and what transactions still under way would commit. Only what the log has committed is
 * in here.
 */
export class GroupOffsets {
  readonly #committed: ByPartition<CommittedOffset> = new Map();
  /** By producer id; what is here makes a partition's offset unstable (KIP-447). */
  readonly #pending = new Map<number, ByPartition<CommittedOffset>>();

  get isEmpty(): boolean {
    return this.#committed.size === 0 && this.#pending.size === 0;
  }
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(topic)?.get(partition);
  }

  /** In the order in which partitions were first committed, topic by topic. */
  *entries(): Generator<{ readonly topic: string; readonly partition: number; readonly committed: CommittedOffset }> {
    for (const [topic, partitions] of this.#committed) {
      for (const [partition, committed] of partitions) yield { topic, partition, committed };
    }
  }

  /** Every partition of which anything is known, also what transactions under way would commit; each once. */
  partitions(): { readonly topic: string; readonly partition: number }[] {
    const found: ByPartition<true> = new Map();
    for (const offsets of [this.#committed, ...this.#pending.values()]) {
      for (const [topic, partitions] of offsets)
        for (const partition of partitions.keys()) put(found, topic, partition, true);
    }
    return Array.from(found, ([topic, partitions]) =>
      Array.from(partitions.keys(), (partition) => ({ topic, partition })),
    ).flat();
  }

  /** Whether a transaction under way would change it. */
  isUnstable(topic: string, partition: number): boolean {
    for (const offsets of this.#pending.values()) if (offsets.get(topic)?.has(partition) === true) return true;
    return false;
  }

  commit(topic: string, partition: number, committed: CommittedOffset): void {
    put(this.#committed, topic, partition, committed);
  }

  /** A tombstone: also what transactions under way would put there is gone. */
  remove(topic: string, partition: number): void {
    drop(this.#committed, topic, partition);
    for (const [producerId, offsets] of this.#pending) {
      drop(offsets, topic, partition);
      if (offsets.size === 0) this.#pending.delete(producerId);
    }
  }

  /** Waits for the marker of `producerId`'s transaction. */
  hold(producerId: number, topic: string, partition: number, committed: CommittedOffset): void {
    let offsets = this.#pending.get(producerId);
    if (offsets === undefined) {
      offsets = new Map();
      this.#pending.set(producerId, offsets);
    }
    put(offsets, topic, partition, committed);
  }

  /** A transaction's marker. What was committed outside of it after it stays (KAFKA-14505). */
  endTransaction(producerId: number, outcome: 'commit' | 'abort', arrivalOrder = false): void {
    const offsets = this.#pending.get(producerId);
    if (offsets === undefined) return;
    this.#pending.delete(producerId);
    if (outcome === 'abort') return;
    for (const [topic, partitions] of offsets) {
      for (const [partition, committed] of partitions) {
        const present = this.get(topic, partition);
        if (present === undefined || arrivalOrder || present.order < committed.order) {
          this.commit(topic, partition, committed);
        }
      }
    }
  }
}

function put<T>(map: ByPartition<T>, topic: string, partition: number, value: T): void {
  const partitions = map.get(topic);
  if (partitions === undefined) map.set(topic, new Map([[partition, value]]));
  else partitions.set(partition, value);
}

function drop<T>(map: ByPartition<T>, topic: string, partition: number): void {
  const partitions = map.get(topic);
  if (partitions?.delete(partition) === true && partitions.size === 0) map.delete(topic);
}
