import type { Partition, PartitionRead } from '../replication/index.ts';

type Read = Extract<PartitionRead, { kind: 'read' }>;

/** A follower's look at a partition that found nothing, and when that stops to be so. */
export interface EmptyRead {
  readonly read: Read;
  readonly roleChanges: number;
}

/** What is worth keeping of a follower's look; undefined for whatever must be looked at again. */
export function emptyRead(partition: Partition, read: PartitionRead): EmptyRead | undefined {
  return read.kind === 'read' && read.bytes.length === 0 ? { read, roleChanges: partition.roleChanges } : undefined;
}

/**
 * The same look again: a follower at the log's end finds nothing as long as nothing has moved, and of the many partitions
 * in a follower's fetch most stand still. Null: look.
 */
export function stillEmpty(partition: Partition, fetchOffset: number, kept: EmptyRead | undefined): Read | null {
  if (kept === undefined || kept.roleChanges !== partition.roleChanges) return null;
  const { log } = partition;
  const { read } = kept;
  const stands =
    log !== null &&
    log.logEndOffset === fetchOffset &&
    log.highWatermark === read.highWatermark &&
    log.logStartOffset === read.logStartOffset;
  return stands ? read : null;
}
