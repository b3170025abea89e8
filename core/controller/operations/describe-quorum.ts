import { describeQuorum, ErrorCode } from '../../protocol/index.ts';
import type { QuorumReplica } from '../../quorum/quorum.ts';
import { unknownTopicMessage } from '../messages.ts';
import type { Operation } from '../operation.ts';

/** The metadata quorum as its leader sees it (KIP-595). v1: fetch times (KIP-836); v2: directories, endpoints. */
export const describeQuorumOperation: Operation<typeof describeQuorum> = {
  api: describeQuorum,
  run(context, request, version) {
    const { leaderId, leaderEpoch, highWatermark, voters, observers } = context.quorum.describe();
    const stateOf = (replica: QuorumReplica) => replicaState(replica, version);
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => {
        if (topicName !== '__cluster_metadata' || partitionIndex !== 0) {
          const errorCode = ErrorCode.unknownTopicOrPartition;
          return { partitionIndex, errorCode, errorMessage: unknownTopicMessage };
        }
        return {
          partitionIndex,
          errorCode: ErrorCode.none,
          errorMessage: '',
          leaderId,
          leaderEpoch,
          highWatermark,
          currentVoters: voters.map(stateOf),
          observers: observers.map(stateOf),
        };
      }),
    }));
    const described = topics.some((topic) => topic.partitions.some((one) => one.errorCode === ErrorCode.none));
    // Where the log says who votes, it says where they are; else the controllers have registered.
    const inLog = voters.map(({ id, endpoints }) => ({ nodeId: id, listeners: endpoints }));
    const registered = [...context.image.controllers.values()]
      .sort((a, b) => a.controllerId - b.controllerId)
      .map(({ controllerId, endPoints }) => ({
        nodeId: controllerId,
        listeners: endPoints.map(({ name, host, port }) => ({ name, host, port })),
      }));
    const nodes = context.quorum.kraftVersion >= 1 ? inLog : registered;
    return {
      records: [],
      response: { errorCode: ErrorCode.none, errorMessage: '', topics, nodes: described && version >= 2 ? nodes : [] },
    };
  },
};

function replicaState(
  replica: QuorumReplica,
  version: number,
): {
  replicaId: number;
  replicaDirectoryId?: string;
  logEndOffset: number;
  lastFetchTimestamp: number;
  lastCaughtUpTimestamp: number;
} {
  return {
    replicaId: replica.id,
    ...(version >= 2 ? { replicaDirectoryId: replica.directoryId } : {}),
    logEndOffset: replica.logEndOffset,
    lastFetchTimestamp: replica.lastFetchMs,
    lastCaughtUpTimestamp: replica.lastCaughtUpMs,
  };
}
