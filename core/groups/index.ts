/** The group coordinator: membership under the classic protocol, and committed offsets. */
export { ClassicGroup } from './classic-group.ts';
export { GroupCoordinator, type GroupCoordinatorOptions } from './coordinator.ts';
export type { CoordinatorLog, CoordinatorPartitionListener } from './coordinator-log.ts';
export type { GroupFaults } from './faults.ts';
export type { ClassicGroupSettings, GroupState } from './group-core.ts';
export { type CommittedOffset, GroupOffsets } from './group-offsets.ts';
export { groupPartition, javaHash } from './group-partition.ts';
export type { Member, MemberProtocol } from './member.ts';
export * from './messages.ts';
export * from './requests.ts';
export { type GroupSettings, groupSettings } from './settings.ts';
export type { HostedGroup } from './shard.ts';
