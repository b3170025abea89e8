import type {
  OffsetCommitRequest,
  OffsetCommitResponseDraft,
  OffsetFetchRequest,
  OffsetFetchResponseDraft,
} from '../../core/protocol/index.ts';

/** Committed offsets in a sink: none is ever found, and each commit succeeds. */

export function noOffsets(request: OffsetFetchRequest, version: number): OffsetFetchResponseDraft {
  const none = (partitionIndex: number) => ({ partitionIndex, committedOffset: -1, metadata: '', errorCode: 0 });
  if (version < 8) {
    return {
      topics: (request.topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(none),
      })),
    };
  }
  return {
    groups: request.groups.map(({ groupId, topics }) => ({
      groupId,
      topics: (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
        name,
        topicId,
        partitions: partitionIndexes.map(none),
      })),
      errorCode: 0,
    })),
  };
}

export function offsetsCommitted(request: OffsetCommitRequest): OffsetCommitResponseDraft {
  return {
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
    })),
  };
}
