import { Fetcher, type FetcherOptions } from './fetcher.ts';
import type { Partition } from './partition.ts';

/** The fetchers of one broker, one for each leader that it follows. */
export class Fetchers {
  readonly #options: FetcherOptions;
  readonly #byLeader = new Map<number, Fetcher>();
  readonly #leaderOf = new Map<Partition, number>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Looks at a partition's role again. */
  roleChanged(partition: Partition): void {
    const { state } = partition;
    const leaderId = state.kind === 'follower' ? state.leaderId : -1;
    const before = this.#leaderOf.get(partition) ?? -1;
    if (before !== -1 && before !== leaderId) this.#byLeader.get(before)?.unfollow(partition);
    if (leaderId === -1 || state.kind !== 'follower') {
      this.#leaderOf.delete(partition);
      return;
    }
    this.#leaderOf.set(partition, leaderId);
    let fetcher = this.#byLeader.get(leaderId);
    if (fetcher === undefined) {
      fetcher = new Fetcher(leaderId, this.#options);
      this.#byLeader.set(leaderId, fetcher);
    }
    fetcher.follow(partition, state.epoch);
  }

  /** The metadata says that this broker is fenced, or lives anew. */
  brokerChanged(brokerId: number): void {
    this.#byLeader.get(brokerId)?.reconnect();
  }

  close(): void {
    for (const fetcher of this.#byLeader.values()) fetcher.close();
    this.#byLeader.clear();
    this.#leaderOf.clear();
  }
}
