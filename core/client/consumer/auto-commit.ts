import type { Runtime } from '../../runtime.ts';
import type { ClientError } from '../client-error.ts';
import type { AssignedPartition } from './assigned-partition.ts';
import type { OffsetToCommit } from './group/commits.ts';
import type { Committer } from './group/committer.ts';

/**
 * Commits positions from time to time. A poll commits what the polls before it returned: by calling again, the
 * application says that it is done with those.
 */
export class AutoCommit {
  readonly #runtime: Runtime;
  readonly #intervalNs: number;
  readonly #committer: Committer;
  readonly #timeoutMs: number;
  #dueNs: number;
  #isInFlight = false;

  /** `timeoutMs`: of a commit that a poll begins. */
  constructor(runtime: Runtime, intervalMs: number, committer: Committer, timeoutMs: number) {
    this.#runtime = runtime;
    this.#intervalNs = intervalMs * 1e6;
    this.#committer = committer;
    this.#timeoutMs = timeoutMs;
    this.#dueNs = runtime.clock.monotonicNs() + this.#intervalNs;
  }

  /** When a poll begins. */
  maybeCommit(partitions: Iterable<AssignedPartition>): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    if (nowNs < this.#dueNs || this.#isInFlight) return;
    this.#dueNs = nowNs + this.#intervalNs;
    const offsets = positionsOf(partitions);
    if (offsets.length === 0) return;
    this.#isInFlight = true;
    void this.#committer.commit(offsets, this.#timeoutMs).then((failure) => {
      this.#isInFlight = false;
      this.#tell(failure);
    });
  }

  /** Before partitions are given up: what the polls so far have returned. Never rejects. */
  async commitNow(partitions: Iterable<AssignedPartition>, timeoutMs: number): Promise<void> {
    this.#tell(await this.#committer.commit(positionsOf(partitions), timeoutMs));
  }

  #tell(failure: ClientError | null): void {
    if (failure !== null) this.#runtime.log.debug('auto commit failed', { reason: failure.message });
  }
}

/** What a commit without offsets commits: where each partition stands. */
export function positionsOf(partitions: Iterable<AssignedPartition>): OffsetToCommit[] {
  const offsets: OffsetToCommit[] = [];
  for (const { topic, partition, position, positionEpoch } of partitions) {
    if (position >= 0) offsets.push({ topic, partition, offset: position, leaderEpoch: positionEpoch });
  }
  return offsets;
}
