/** What the coordinator is asked about offsets and groups, without the wire. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface OffsetToCommit extends TopicPartition {
  readonly topicId: string;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface CommitRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  /** -1: of nobody who is a member. */
  readonly generationId: number;
  /** How long to keep it; null: as long as the broker says. */
  readonly retentionMs: number | null;
  readonly offsets: readonly OffsetToCommit[];
  /** Null: at once. Otherwise held until the producer's transaction ends (TxnOffsetCommit). */
  readonly transaction: TransactionalProducer | null;
}

/** Whose transaction a commit is part of. */
export interface TransactionalProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface FetchOffsetsRequest {
  readonly groupId: string;
  /** Null: all that are committed. */
  readonly partitions: readonly TopicPartition[] | null;
  /** KIP-447: what a transaction under way would change is an error. */
  readonly requireStable: boolean;
}

export interface FetchedOffset extends TopicPartition {
  /** -1: none. */
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: number;
}

export interface DescribedGroup {
  readonly state: string;
  readonly protocolType: string;
  readonly protocolName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly metadata: Uint8Array;
    readonly assignment: Uint8Array;
  }[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string;
}
