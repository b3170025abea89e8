import { ErrorCode } from '../protocol/index.ts';
import type { GroupOffsets } from './group-offsets.ts';
import type { FetchedOffset, FetchOffsetsRequest, TopicPartition } from './requests.ts';

/** The offsets that are asked for, -1 where none is committed. */
export function fetchedOffsets(
  offsets: GroupOffsets | undefined,
  request: FetchOffsetsRequest,
): readonly FetchedOffset[] {
  const wanted: Iterable<TopicPartition> = request.partitions ?? offsets?.entries() ?? [];
  return Array.from(wanted, ({ topic, partition }): FetchedOffset => {
    const committed = offsets?.get(topic, partition);
    if (request.requireStable && offsets?.isUnstable(topic, partition) === true) {
      return {
        topic,
        partition,
        offset: -1,
        leaderEpoch: -1,
        metadata: '',
        errorCode: ErrorCode.unstableOffsetCommit,
      };
    }
    return {
      topic,
      partition,
      offset: committed?.offset ?? -1,
      leaderEpoch: committed?.leaderEpoch ?? -1,
      metadata: committed?.metadata ?? '',
      errorCode: ErrorCode.none,
    };
  });
}
