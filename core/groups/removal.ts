import { ErrorCode } from '../protocol/index.ts';
import { type GroupLogRecord, groupTombstone, offsetTombstone } from './group-records.ts';
import type { TopicPartition } from './requests.ts';
import type { HostedGroup, Shard } from './shard.ts';

/** Tombstones for these offsets of a group; the error code. */
export function removeOffsets(
  shard: Shard,
  hosted: HostedGroup,
  partitions: readonly TopicPartition[],
): Promise<number> {
  const records = partitions.map(({ topic, partition }) => offsetTombstone(hosted.id, topic, partition));
  return new Promise((resolve) => {
    shard.write(hosted, records, ({ errorCode, written }) => {
      if (written) for (const { topic, partition } of partitions) hosted.offsets.remove(topic, partition);
      resolve(errorCode);
    });
  });
}

/** Tombstones for a group and all of its offsets; the error code. */
export function deleteGroup(shard: Shard, hosted: HostedGroup): Promise<number> {
  hosted.deleting = true;
  return new Promise((resolve) => {
    // Commits on their way would come to light again behind the tombstones.
    shard.idle(hosted, () => {
      const partitions = hosted.offsets.partitions();
      const records: GroupLogRecord[] = partitions.map((each) =>
        offsetTombstone(hosted.id, each.topic, each.partition),
      );
      records.push(groupTombstone(hosted.id));
      shard.write(hosted, records, ({ errorCode, written }) => {
        hosted.deleting = false;
        if (written) {
          for (const { topic, partition } of partitions) hosted.offsets.remove(topic, partition);
          shard.perform(hosted, hosted.group.end(ErrorCode.unknownMemberId));
          shard.forget(hosted);
        }
        resolve(errorCode);
      });
    });
  });
}
