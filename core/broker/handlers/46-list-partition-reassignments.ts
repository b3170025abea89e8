import { ErrorCode, listPartitionReassignments } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** The moves under way, as the committed metadata has them. */
export function listPartitionReassignmentsHandler(
  services: Pick<BrokerServices, 'metadata'>,
): Handler<typeof listPartitionReassignments> {
  return {
    api: listPartitionReassignments,
    handle(request) {
      const { topicsByName } = services.metadata.image;
      const asked =
        request.topics === null
          ? Array.from(topicsByName.keys(), (name) => ({ name, partitionIndexes: null }))
          : request.topics;
      const topics = asked.flatMap(({ name, partitionIndexes }) => {
        const partitions = (topicsByName.get(name)?.partitions ?? [])
          .filter((one) => partitionIndexes === null || partitionIndexes.includes(one.partition))
          .filter((one) => one.addingReplicas.length > 0 || one.removingReplicas.length > 0)
          .map((one) => ({
            partitionIndex: one.partition,
            replicas: one.replicas,
            addingReplicas: one.addingReplicas,
            removingReplicas: one.removingReplicas,
          }));
        return partitions.length === 0 ? [] : [{ name, partitions }];
      });
      return { errorCode: ErrorCode.none, errorMessage: null, topics };
    },
  };
}
