import {
  assignReplicasToDirs,
  ErrorCode,
  type MetadataRecord,
  metadataRecord,
  partitionChangeRecord,
} from '../../protocol/index.ts';
import type { Operation } from '../operation.ts';

/** A broker with several log directories tells in which one a replica lies (KIP-858). */
export const assignDirectoriesOperation: Operation<typeof assignReplicasToDirs> = {
  api: assignReplicasToDirs,
  run(context, request) {
    const broker = context.image.brokers.get(request.brokerId);
    if (broker === undefined || broker.epoch !== request.brokerEpoch) {
      return { records: [], response: { errorCode: ErrorCode.staleBrokerEpoch } };
    }
    const records: MetadataRecord[] = [];
    const directories = request.directories.map((directory) => ({
      id: directory.id,
      topics: directory.topics.map((topic) => ({
        topicId: topic.topicId,
        partitions: topic.partitions.map(({ partitionIndex }) => {
          const found = context.image.topicsById.get(topic.topicId);
          if (found === undefined) return { partitionIndex, errorCode: ErrorCode.unknownTopicId };
          const partition = found.partitions[partitionIndex];
          if (partition === undefined) return { partitionIndex, errorCode: ErrorCode.unknownTopicOrPartition };
          const position = partition.replicas.indexOf(broker.id);
          if (position < 0) return { partitionIndex, errorCode: ErrorCode.notLeaderOrFollower };
          if (partition.directories[position] !== directory.id) {
            const assigned = [...partition.directories];
            assigned[position] = directory.id;
            const draft = { partitionId: partitionIndex, topicId: topic.topicId, directories: assigned };
            records.push(metadataRecord(partitionChangeRecord, 1, draft));
          }
          return { partitionIndex, errorCode: ErrorCode.none };
        }),
      })),
    }));
    return { records, response: { errorCode: ErrorCode.none, directories } };
  },
};
