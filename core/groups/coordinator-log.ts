/**
 * What a coordinator (groups, later transactions) needs of the partitions that hold its state. Replication provides it;
 * tests provide one in memory.
 */
export interface CoordinatorLog {
  /** Partitions of the internal topic, creating the topic first when it is missing; null while it cannot be made. */
  partitionCount(): Promise<number | null>;
  /** Partitions of the internal topic if it exists, without creating it. */
  existingPartitionCount(): number | null;
  /** Appends one batch (origin 'coordinator') as leader; resolves when it is committed (acks=all). Bounded in time. */
  append(partition: number, batch: Uint8Array): Promise<{ readonly errorCode: number; readonly baseOffset: number }>;
  /** All batches from the log start to the high watermark, in pieces of whole batches; rejects when reading fails. */
  replay(partition: number, visit: (batches: Uint8Array) => void): Promise<void>;
}

/** Told by replication when this broker starts or stops leading a partition of the internal topic. */
export interface CoordinatorPartitionListener {
  elected(partition: number, leaderEpoch: number): void;
  resigned(partition: number, leaderEpoch: number | null): void;
}
