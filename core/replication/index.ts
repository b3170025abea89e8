export * from './append.ts';
export type { ReplicationFaults } from './faults.ts';
export { type FollowerProgress, type IsrChange, LeaderState } from './leader-state.ts';
export { Partition, type PartitionHost, type PartitionState } from './partition.ts';
export { DelayedOperation, WaitingList } from './purgatory.ts';
export { type PartitionRead, type PartitionReadRequest, type ReadIsolation, readPartition } from './read.ts';
export { ReplicaManager, type ReplicaManagerOptions } from './replica-manager.ts';
export { type TopicSettings, topicSettings } from './topic-settings.ts';
export { Turn } from './turn.ts';
