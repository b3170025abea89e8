import type { MetadataImage } from '../../controller/image.ts';
import type { GroupCoordinator, OffsetToCommit } from '../../groups/index.ts';
import { ErrorCode, offsetCommit, ZERO_UUID } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** From here on topics are named by id (KIP-848). */
const BY_ID = 10;

/**
 * Commits offsets for a group. What is acknowledged is in the log of `__consumer_offsets`.
 *
 * v2–4 how long to keep them · v6 leader epochs (KIP-320) · v7 static members (KIP-345) · v8 flexible · v9 GROUP_ID_NOT_FOUND
 * and STALE_MEMBER_EPOCH for consumer groups · v10 topic ids.
 */
export function offsetCommitHandler(
  services: Pick<BrokerServices, 'metadata'>,
  groups: GroupCoordinator,
): Handler<typeof offsetCommit> {
  return {
    api: offsetCommit,
    async handle(request, { version }) {
      const { image } = services.metadata;
      const taken: OffsetToCommit[] = [];
      const places: { readonly topic: number; readonly partition: number }[] = [];
      const topics = request.topics.map((topic, at) => {
        const named = topicOf(image, version, topic);
        const partitions = topic.partitions.map((each, index) => {
          const exists =
            named !== null && image.topicsById.get(named.id)?.partitions[each.partitionIndex] !== undefined;
          if (exists) {
            taken.push({
              topic: named.name,
              partition: each.partitionIndex,
              topicId: named.id,
              offset: each.committedOffset,
              leaderEpoch: each.committedLeaderEpoch,
              metadata: each.committedMetadata ?? '',
            });
            places.push({ topic: at, partition: index });
          }
          const absent =
            version >= BY_ID && named === null ? ErrorCode.unknownTopicId : ErrorCode.unknownTopicOrPartition;
          return { partitionIndex: each.partitionIndex, errorCode: exists ? ErrorCode.none : (absent as number) };
        });
        return { name: topic.name, topicId: topic.topicId, partitions };
      });
      if (taken.length === 0) return { topics };
      const { retentionTimeMs } = request;
      const codes = await groups.commitOffsets({
        groupId: request.groupId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generationId: request.generationIdOrMemberEpoch,
        retentionMs: retentionTimeMs === -1 ? null : retentionTimeMs,
        offsets: taken,
        transaction: null,
      });
      for (const [index, { topic, partition }] of places.entries()) {
        topics[topic]!.partitions[partition]!.errorCode = codes[index] ?? ErrorCode.unknownServerError;
      }
      return { topics };
    },
  };
}

function topicOf(
  image: MetadataImage,
  version: number,
  topic: { readonly name: string; readonly topicId: string },
): { readonly name: string; readonly id: string } | null {
  if (version < BY_ID) return image.topicsByName.get(topic.name) ?? null;
  return topic.topicId === ZERO_UUID ? null : (image.topicsById.get(topic.topicId) ?? null);
}
