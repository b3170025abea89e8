import type { MetadataImage } from '../../controller/image.ts';
import type { FetchedOffset, GroupCoordinator, TopicPartition } from '../../groups/index.ts';
import {
  type ElementOf,
  ErrorCode,
  type OffsetFetchRequest,
  type OffsetFetchResponseDraft,
  offsetFetch,
} from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

type GroupRequest = ElementOf<OffsetFetchRequest['groups']>;
type GroupDraft = ElementOf<OffsetFetchResponseDraft['groups'] & object>;
type TopicDraft = ElementOf<GroupDraft['topics'] & object>;

/** From here on several groups may be asked for in one request (KIP-709). */
const BATCHED = 8;
/** From here on topics are named by id (KIP-848). */
const BY_ID = 10;
/** The first version with an error for the whole answer. */
const TOP_LEVEL_ERROR = 2;

/**
 * Committed offsets of groups. A partition without one, or a group that nobody knows, is no error: the offset is -1.
 *
 * v2 all partitions of a group (null) · v5 leader epochs · v6 flexible · v7 requireStable (KIP-447) · v8 several groups ·
 * v9 member and epoch, for consumer groups · v10 topic ids.
 */
export function offsetFetchHandler(
  services: Pick<BrokerServices, 'metadata'>,
  groups: GroupCoordinator,
): Handler<typeof offsetFetch> {
  return {
    api: offsetFetch,
    handle(request, { version }) {
      const { image } = services.metadata;
      const { requireStable } = request;
      if (version >= BATCHED) {
        return { groups: request.groups.map((group) => answer(groups, image, version, group, requireStable)) };
      }
      const asked = (request.topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        topicId: '',
        partitionIndexes,
      }));
      const group: GroupRequest = {
        groupId: request.groupId,
        memberId: null,
        memberEpoch: -1,
        topics: request.topics === null ? null : asked,
      };
      const answered = answer(groups, image, version, group, requireStable);
      if (answered.errorCode === ErrorCode.none || version >= TOP_LEVEL_ERROR) {
        return { errorCode: answered.errorCode, topics: answered.topics };
      }
      const topics = asked.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => absent(partitionIndex, answered.errorCode ?? 0)),
      }));
      return { topics };
    },
  };
}

function answer(
  groups: GroupCoordinator,
  image: MetadataImage,
  version: number,
  request: GroupRequest,
  requireStable: boolean,
): GroupDraft {
  const { groupId } = request;
  const asked = request.topics?.map((topic) => ({ topic, name: nameOf(image, version, topic) })) ?? null;
  const partitions: TopicPartition[] | null =
    asked?.flatMap(({ topic, name }) =>
      name === null ? [] : topic.partitionIndexes.map((partition) => ({ topic: name, partition })),
    ) ?? null;
  const { errorCode, offsets } = groups.fetchOffsets({ groupId, partitions, requireStable });
  if (errorCode !== ErrorCode.none) return { groupId, errorCode, topics: [] };
  if (asked === null) return { groupId, errorCode, topics: allTopics(image, version, offsets) };
  let at = 0;
  const topics = asked.map(
    ({ topic, name }): TopicDraft => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitionIndexes.map((partitionIndex) =>
        name === null ? absent(partitionIndex, ErrorCode.unknownTopicId) : present(offsets[at++]!),
      ),
    }),
  );
  return { groupId, errorCode, topics };
}

/** Of a topic that no longer exists nothing can be said by id. */
function allTopics(image: MetadataImage, version: number, offsets: readonly FetchedOffset[]): TopicDraft[] {
  const byTopic = new Map<string, FetchedOffset[]>();
  for (const each of offsets) {
    const same = byTopic.get(each.topic);
    if (same === undefined) byTopic.set(each.topic, [each]);
    else same.push(each);
  }
  const topics: TopicDraft[] = [];
  for (const [name, partitions] of byTopic) {
    const topicId = image.topicsByName.get(name)?.id;
    if (version >= BY_ID && topicId === undefined) continue;
    topics.push({ name, topicId, partitions: partitions.map(present) });
  }
  return topics;
}

function nameOf(
  image: MetadataImage,
  version: number,
  topic: { readonly name: string; readonly topicId: string },
): string | null {
  return version < BY_ID ? topic.name : (image.topicsById.get(topic.topicId)?.name ?? null);
}

type PartitionDraft = ElementOf<TopicDraft['partitions'] & object>;

function present(fetched: FetchedOffset): PartitionDraft {
  return {
    partitionIndex: fetched.partition,
    committedOffset: fetched.offset,
    committedLeaderEpoch: fetched.leaderEpoch,
    metadata: fetched.metadata,
    errorCode: fetched.errorCode,
  };
}

function absent(partitionIndex: number, errorCode: number): PartitionDraft {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
}
