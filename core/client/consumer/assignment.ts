import type { TopicPartition } from '../by-leader.ts';
import { ClientError } from '../client-error.ts';
import { AssignedPartition } from './assigned-partition.ts';
import type { ConsumedBatch } from './consumed-batch.ts';

/** The partitions that a consumer reads now, and what of their buffered records the next poll gets. */
export class Assignment {
  readonly #partitions = new Map<string, AssignedPartition>();
  /** Where the next poll starts looking for records, so that no partition starves the others. */
  #turn = 0;

  all(): IterableIterator<AssignedPartition> {
    return this.#partitions.values();
  }

  /** Exactly these from now on; those that stay keep their positions. */
  set(partitions: readonly TopicPartition[]): void {
    const kept = new Map<string, AssignedPartition>();
    for (const { topic, partition } of partitions) {
      const key = `${topic} ${partition}`;
      kept.set(key, this.#partitions.get(key) ?? new AssignedPartition(topic, partition));
    }
    // An answer that is still on its way to a partition that is gone must find it changed.
    for (const [key, assigned] of this.#partitions) if (!kept.has(key)) assigned.dropBuffered();
    this.#partitions.clear();
    for (const [key, assigned] of kept) this.#partitions.set(key, assigned);
  }

  /** @throws ClientError 'configuration' for a partition that is not assigned. */
  find({ topic, partition }: TopicPartition): AssignedPartition {
    const assigned = this.#partitions.get(`${topic} ${partition}`);
    if (assigned === undefined) {
      throw new ClientError('configuration', `${topic}-${partition} is not assigned to this consumer`, -1, true);
    }
    return assigned;
  }

  /** Takes up to `recordsMax` records, partition after partition, and moves the positions. @throws ClientError. */
  collect(recordsMax: number): ConsumedBatch[] {
    const partitions = [...this.#partitions.values()];
    const batches: ConsumedBatch[] = [];
    let left = recordsMax;
    for (let index = 0; index < partitions.length && left > 0; index++) {
      const assigned = partitions[(this.#turn + index) % partitions.length]!;
      if (batches.length === 0) throwError(assigned);
      if (assigned.isPaused || assigned.state.kind !== 'fetching') continue;
      left = take(assigned, left, batches);
    }
    if (batches.length > 0) this.#turn = (this.#turn + 1) % partitions.length;
    return batches;
  }
}

function take(assigned: AssignedPartition, recordsMax: number, batches: ConsumedBatch[]): number {
  let left = recordsMax;
  while (left > 0 && assigned.buffered.length > 0) {
    const fetched = assigned.buffered[0]!;
    let batch: ConsumedBatch | null;
    try {
      batch = fetched.next(assigned.position, left);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      assigned.dropBuffered();
      assigned.error = error;
      if (batches.length === 0) throwError(assigned);
      break;
    }
    if (batch === null) {
      assigned.buffered.shift();
      assigned.bufferedBytes -= fetched.bytes.length;
      continue;
    }
    assigned.position = batch.toOffset;
    if (batch.leaderEpoch >= 0) assigned.positionEpoch = batch.leaderEpoch;
    left -= batch.recordCountMax;
    batches.push(batch);
  }
  return left;
}

/** Once: the next poll tries again. */
export function throwError(assigned: AssignedPartition): void {
  const { error } = assigned;
  if (error === null) return;
  assigned.error = null;
  throw error;
}
