/**
 * What a coordinator (groups, later transactions) needs of the partitions that hold its state. Replication provides it;
 * tests provide one in memory.
 */
export interface CoordinatorLog {
  /** Partitions of the internal topic, creating the topic first when it is missing; null while it cannot be made. */
  partitionCount(): Promise<number | null>;
  /** Partitions of the internal topic if it exists, without creating it. */
  existingPartitionCount(): number | null;
  /**
   * Appends one batch (origin 'coordinator') as leader of that epoch; resolves when it is committed (acks=all) or refused.
   * While the in-sync replicas do not take it, that is open: whoever answers a client bounds the answer, not the append,
   * which may yet be committed and then counts.
   */
  append(
    partition: number,
    batch: Uint8Array,
    leaderEpoch: number,
  ): Promise<{ readonly errorCode: number; readonly baseOffset: number }>;
  /** All batches from the log start to the high watermark, in pieces of whole batches; rejects when reading fails. */
  replay(partition: number, visit: (batches: Uint8Array) => void): Promise<void>;
}

/** Told by replication when this broker starts or stops leading a partition of the internal topic. */
export interface CoordinatorPartitionListener {
  elected(partition: number, leaderEpoch: number): void;
  resigned(partition: number, leaderEpoch: number | null): void;
}
