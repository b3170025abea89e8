import { bounded } from '../bounded.ts';
import { ErrorCode } from '../protocol/index.ts';
import type { Runtime } from '../runtime.ts';
import type { GroupFaults } from './faults.ts';
import { offsetRecord } from './group-records.ts';
import type { CommitRequest } from './requests.ts';
import type { GroupSettings } from './settings.ts';
import type { HostedGroup, Shard } from './shard.ts';
import type { WriteOutcome } from './shard-writer.ts';

type Timers = Runtime['timers'];

export interface CommitContext {
  readonly timers: Timers;
  readonly settings: GroupSettings;
  readonly faults: GroupFaults;
}

/** A fault that acknowledges before it writes leaves this long for a crash between the two. */
const EARLY_ACK_GAP_MS = 5;

/** One error code per offset of the request, in its order. A group without members may be called '', as with Kafka. */
export async function commitOffsets(
  shard: Shard,
  request: CommitRequest,
  context: CommitContext,
): Promise<readonly number[]> {
  const { groupId, offsets } = request;
  const all = (errorCode: number): readonly number[] => offsets.map(() => errorCode);
  const existing = shard.groups.get(groupId);
  if (existing === undefined && request.generationId >= 0) return all(ErrorCode.illegalGeneration);
  const errorCode =
    existing?.group.commitError(
      request.memberId,
      request.instanceId,
      request.generationId,
      request.transaction === null ? 'plain' : 'transactional',
    ) ?? 0;
  if (errorCode !== ErrorCode.none) return all(errorCode);
  existing?.group.committed(request.memberId, shard.now());

  const { offsetMetadataBytesMax, commitTimeoutMs } = context.settings;
  const codes = offsets.map(({ metadata }) =>
    metadata.length > offsetMetadataBytesMax ? ErrorCode.offsetMetadataTooLarge : ErrorCode.none,
  );
  const taken = offsets.filter((_, index) => codes[index] === ErrorCode.none);
  if (taken.length === 0) return codes;
  const hosted = existing ?? shard.create(groupId);
  // A commit that takes too long may yet come to pass.
  const written = await bounded(
    context.timers,
    writeOffsets(shard, hosted, { ...request, offsets: taken }, context),
    commitTimeoutMs,
    ErrorCode.coordinatorNotAvailable,
  );
  return codes.map((code) => (code === ErrorCode.none ? written : code));
}

function writeOffsets(
  shard: Shard,
  hosted: HostedGroup,
  request: CommitRequest,
  context: CommitContext,
): Promise<number> {
  const { wallMs } = shard.now();
  const committed = request.offsets.map((each) => ({
    topic: each.topic,
    partition: each.partition,
    committed: {
      offset: each.offset,
      leaderEpoch: each.leaderEpoch,
      metadata: each.metadata,
      commitWallMs: wallMs,
      expireWallMs: request.retentionMs === null ? null : wallMs + request.retentionMs,
      topicId: each.topicId,
      order: shard.nextOrder(),
    },
  }));
  const records = committed.map((each) => offsetRecord(hosted.id, each.topic, each.partition, each.committed));
  const { transaction } = request;
  const apply = (): void => {
    for (const each of committed) {
      if (transaction === null) hosted.offsets.commit(each.topic, each.partition, each.committed);
      else hosted.offsets.hold(transaction.producerId, each.topic, each.partition, each.committed);
    }
  };
  if (context.faults.commitBeforeAppend === true) {
    apply();
    hosted.writes++;
    context.timers.after(EARLY_ACK_GAP_MS, () => {
      hosted.writes--;
      if (shard.state === 'active') shard.write(hosted, records, () => {}, transaction);
    });
    return Promise.resolve(ErrorCode.none);
  }
  return new Promise((resolve) => {
    const done = ({ errorCode, written }: WriteOutcome): void => {
      if (written) apply();
      else shard.dropIfBlank(hosted);
      resolve(errorCode);
    };
    shard.write(hosted, records, done, transaction);
  });
}
