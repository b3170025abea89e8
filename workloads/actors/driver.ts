/**
 * What the actors need of a client library. Our own client is one implementation (own-driver.ts); others (kafkajs, …)
 * can stand beside it, so that a client can be compared as well as a broker. Nothing here makes an object per record.
 */
export interface ProducerDriver {
  /** Connects as far as needed to send; rejects when that fails within the client's own bound. */
  start(): Promise<void>;
  /**
   * Takes one record. `topic` indexes the topics given at creation; `value` and `key` may be reused by the caller after
   * the call. `header` is the value of the envelope's header for values too short to carry it. `token` comes back with
   * the outcome. Returns the partition chosen, -1 when that is decided later, or FULL when no more is taken now:
   * `writable` tells when to try again.
   */
  send(
    topic: number,
    key: Uint8Array | null,
    value: Uint8Array,
    header: Uint8Array | null,
    timestampMs: number,
    token: number,
  ): number;
  /** Of a producer with a transactional.id; null, or absent, for any other. */
  readonly transactions?: TransactionDriver | null;
  /** Resolves when all that was taken has an outcome, or the bound is over. */
  flush(timeoutMs: number): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

/** A transaction's records are those taken between `begin` and `end`. */
export interface TransactionDriver {
  begin(): void;
  /**
   * Commits or aborts once what was taken has its outcome. Resolves when the end is known and the next transaction may
   * begin, however long that takes, or once the producer is closed. Rejects only for a fault of the client's.
   */
  end(commits: boolean): Promise<TransactionEnd>;
}

export interface TransactionEnd {
  readonly outcome: 'committed' | 'aborted' | 'unknown';
  /** Kafka's, or -1; 0 when it ended as it was asked to. */
  readonly errorCode: number;
  /** Why it was not committed although it was asked to be. */
  readonly message: string | null;
}

/** What `send` answers when the client's buffer is full. */
export const FULL = -2;

export interface ProducerOutcomes {
  /** `offset` is -1 when the broker did not tell (acks=0). `atNs`: `now()` as it was when the broker's answer was read. */
  acked(token: number, topic: number, partition: number, offset: number, atNs: number): void;
  now(): number;
  /** `errorCode` is Kafka's, or -1 for a timeout or lost connection; `definite`: surely not written. */
  failed(token: number, topic: number, partition: number, errorCode: number, definite: boolean, message: string): void;
  /** Space is there again after `send` returned FULL. */
  writable(): void;
}

/** Offsets [from, to) at which a reader gets no record, and why as far as it can tell. */
export interface PolledGap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'control' | 'aborted' | 'unknown';
}

/** Consecutive records of one partition as a poll returned them; walk them before the next poll. */
export interface PolledBatch {
  readonly topic: string;
  readonly partition: number;
  /** The position before the records, after `gaps`. */
  readonly fromOffset: number;
  /** The position after them. */
  readonly toOffset: number;
  readonly leaderEpoch: number;
  readonly gaps: readonly PolledGap[];
  /** Moves to the next record; false at the end. */
  next(): boolean;
  readonly offset: number;
  /** Where the value stands, of which no view is made: `valueLength` bytes of `bytes`, -1 for a tombstone. */
  readonly bytes: Uint8Array;
  readonly valueAt: number;
  readonly valueLength: number;
  /** The value of the first header of that name, null without one. */
  header(name: string): Uint8Array | null;
}

export interface ConsumerDriver {
  start(): Promise<void>;
  /** Waits at most `maxWaitMs`; an empty list when nothing came. Rejects only when the consumer cannot go on. */
  poll(maxWaitMs: number): Promise<readonly PolledBatch[]>;
  /** Commits the offsets (next to read) per partition; resolves per partition with an error code, 0 for success, -1 for no answer. */
  commit(
    offsets: readonly CommitOffset[],
  ): Promise<readonly { readonly errorCode: number; readonly definite: boolean }[]>;
  /** What the group has committed, -1 for nothing; null when the broker did not answer. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly number[] | null>;
  pause(): void;
  resume(): void;
  close(timeoutMs: number): Promise<void>;
}

export interface CommitOffset extends TopicPartition {
  readonly offset: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Generation -1 stands for manual assignment. */
export interface ConsumerEvents {
  assigned(partitions: readonly TopicPartition[], generation: number): void;
  /** The partitions are given back when the promise resolves: time to commit what was processed. Never rejects. */
  revoked(partitions: readonly TopicPartition[], generation: number): Promise<void>;
  /** The partitions may belong to another member already: nothing can be committed. */
  lost(partitions: readonly TopicPartition[], generation: number): void;
}

export interface ConsumerSubscription {
  readonly group: string | null;
  readonly topics: readonly string[];
  /** Without a group: exactly these partitions. */
  readonly partitions: readonly TopicPartition[];
}

/** Where a partition's log begins and ends for a reader. */
export interface LogBounds {
  readonly start: number;
  readonly end: number;
}

export interface AdminDriver {
  createTopics(
    topics: readonly {
      readonly name: string;
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly config: { readonly [name: string]: string };
    }[],
    timeoutMs: number,
  ): Promise<readonly { readonly topic: string; readonly errorCode: number; readonly message: string }[]>;
  deleteTopics(names: readonly string[], timeoutMs: number): Promise<void>;
  /** Partitions of each topic, null for one that is not there. Rejects when nobody answered. */
  partitionCounts(names: readonly string[], timeoutMs: number): Promise<readonly (number | null)[]>;
  /** Null when nobody answered. */
  brokerCount(timeoutMs: number): Promise<number | null>;
  /** null for a partition that has no answer within the bound. */
  logBounds(
    partitions: readonly TopicPartition[],
    isolation: 'read_uncommitted' | 'read_committed',
    timeoutMs: number,
  ): Promise<readonly (LogBounds | null)[]>;
  /** Offsets committed by a group, -1 for none; null when nobody answered. */
  committed(group: string, partitions: readonly TopicPartition[], timeoutMs: number): Promise<readonly number[] | null>;
  close(): Promise<void>;
}

/** Makes clients for actors. `config` holds Kafka's client settings as the workload file has them. */
export interface Driver {
  readonly name: string;
  producer(
    clientId: string,
    topics: readonly string[],
    config: { readonly [name: string]: string },
    outcomes: ProducerOutcomes,
  ): ProducerDriver;
  consumer(
    clientId: string,
    subscription: ConsumerSubscription,
    config: { readonly [name: string]: string },
    events: ConsumerEvents,
  ): ConsumerDriver;
  admin(clientId: string): AdminDriver;
}
