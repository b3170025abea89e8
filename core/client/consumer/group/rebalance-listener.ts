import type { TopicPartition } from '../../by-leader.ts';

/** Told of changes of the assignment, inside `poll`, `unsubscribe` and `close`; what it returns is waited for. */
export interface RebalanceListener {
  /** These are new. Positions may be sought now. */
  assigned?(partitions: readonly TopicPartition[], generation: number): void | Promise<void>;
  /** These are about to be given up: still owned, so that offsets can be committed. */
  revoked?(partitions: readonly TopicPartition[], generation: number): void | Promise<void>;
  /** These are gone already; another member may have them. Default: as `revoked`. */
  lost?(partitions: readonly TopicPartition[], generation: number): void | Promise<void>;
}
