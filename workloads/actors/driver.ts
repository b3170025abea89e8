/**
 * What the actors need of a client library. Our own client is one implementation (own-driver.ts); others (kafkajs, …)
 * can stand beside it, so that a client can be compared as well as a broker. Nothing here makes an object per record.
 */
export interface ProducerDriver {
  /** Connects as far as needed to send; rejects when that fails within the client's own bound. */
  start(): Promise<void>;
  /**
   * Takes one record. `topic` indexes the topics given at creation; `value` and `key` may be reused by the caller after
   * the call. `token` comes back with the outcome. Returns the partition chosen, -1 when that is decided later, or -2
   * when no more is taken now: `writable` tells when to try again.
   */
  send(topic: number, key: Uint8Array | null, value: Uint8Array, token: number): number;
  /** Resolves when all that was taken has an outcome, or the bound is over. */
  flush(timeoutMs: number): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

export interface ProducerOutcomes {
  /** `offset` is -1 with acks=0. */
  acked(token: number, topic: number, partition: number, offset: number): void;
  /** `errorCode` is Kafka's, or -1 for a timeout or lost connection; `definite`: surely not written. */
  failed(token: number, topic: number, partition: number, errorCode: number, definite: boolean, message: string): void;
  /** Space is there again after `send` returned -2. */
  writable(): void;
}

/** Records of one partition as a poll returned them; valid until the next poll. */
export interface PolledBatch {
  readonly topic: string;
  readonly partition: number;
  /** Calls back for each record, in order. `value` is a view, null for a tombstone. */
  forEach(visit: (offset: number, value: Uint8Array | null) => void): void;
  /** The offset after the last one of this batch, control and aborted records included. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
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
  committed(partitions: readonly { topic: string; partition: number }[]): Promise<readonly number[] | null>;
  pause(): void;
  resume(): void;
  close(timeoutMs: number): Promise<void>;
}

export interface CommitOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface ConsumerEvents {
  /** Generation -1 for manual assignment. `position` is where reading starts. */
  assigned(topic: string, partition: number, position: number, generation: number): void;
  revoked(topic: string, partition: number, generation: number, lost: boolean): void;
}

export interface ConsumerSubscription {
  readonly group: string | null;
  readonly topics: readonly string[];
  /** Without a group: exactly these partitions. */
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
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
  /** null for a partition that has no answer within the bound. */
  logBounds(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    isolation: 'read_uncommitted' | 'read_committed',
    timeoutMs: number,
  ): Promise<readonly (LogBounds | null)[]>;
  /** Offsets committed by a group, -1 for none; null when nobody answered. */
  committed(
    group: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    timeoutMs: number,
  ): Promise<readonly number[] | null>;
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
