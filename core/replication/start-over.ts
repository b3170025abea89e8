import type { Channel } from '../client/channel.ts';
import { listOffsets } from '../protocol/apis/02-list-offsets.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Partition } from './partition.ts';

export interface StartOver {
  readonly channel: Channel;
  readonly nodeId: number;
  readonly requestTimeoutMs: number;
  readonly partition: Partition;
  /** The leader epoch in which it follows. */
  readonly epoch: number;
  /** The role may change while the leader is asked. */
  readonly stillFollows: () => boolean;
}

const LIST_OFFSETS_VERSION = 9;
const EARLIEST = -2;
const LATEST = -1;

/**
 * The leader does not have the offset that comes next here: either it ends before (after an unclean election), or it
 * starts behind. Resolves false when it refused to tell which.
 */
export async function startOver(request: StartOver): Promise<boolean> {
  const { partition, stillFollows } = request;
  const latest = await offsetOf(request, LATEST);
  if (latest === null) return false;
  const log = partition.log;
  if (log === null || !stillFollows()) return true;
  if (latest < log.logEndOffset) {
    await partition.truncate((cut) => cut.truncateTo(latest));
    return true;
  }
  const earliest = await offsetOf(request, EARLIEST);
  if (earliest === null) return false;
  if (stillFollows() && earliest > log.logEndOffset) {
    await partition.truncate((cut) => cut.truncateFullyAndStartAt(earliest));
  }
  return true;
}

async function offsetOf(
  { channel, nodeId, requestTimeoutMs, partition, epoch }: StartOver,
  timestamp: number,
): Promise<number | null> {
  const response = await channel.request(
    listOffsets,
    LIST_OFFSETS_VERSION,
    {
      replicaId: nodeId,
      topics: [
        {
          name: partition.topic,
          partitions: [{ partitionIndex: partition.partition, currentLeaderEpoch: epoch, timestamp }],
        },
      ],
    },
    requestTimeoutMs,
  );
  const answer = response.topics[0]?.partitions[0];
  return answer === undefined || answer.errorCode !== ErrorCode.none ? null : answer.offset;
}
