import type { GroupCoordinator, TopicPartition } from '../../groups/index.ts';
import { ErrorCode, offsetDelete } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** Forgets committed offsets of topics that a group does not subscribe to (KIP-496). */
export function offsetDeleteHandler(
  services: Pick<BrokerServices, 'metadata'>,
  groups: GroupCoordinator,
): Handler<typeof offsetDelete> {
  return {
    api: offsetDelete,
    async handle({ groupId, topics }) {
      const { image } = services.metadata;
      const exists = (name: string, partition: number): boolean =>
        image.topicsByName.get(name)?.partitions[partition] !== undefined;
      const known: TopicPartition[] = topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ partitionIndex }) => exists(name, partitionIndex))
          .map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
      );
      const { errorCode, partitions: codes } = await groups.deleteOffsets(groupId, known);
      if (errorCode !== ErrorCode.none) return { errorCode };
      let at = 0;
      return {
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode: exists(name, partitionIndex)
              ? (codes[at++] ?? ErrorCode.unknownServerError)
              : ErrorCode.unknownTopicOrPartition,
          })),
        })),
      };
    },
  };
}
