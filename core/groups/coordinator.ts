import type { MetadataDelta, MetadataListener } from '../controller/image.ts';
import { ErrorCode } from '../protocol/index.ts';
import type { Random, Runtime, Timer } from '../runtime.ts';
import { commitOffsets } from './commit.ts';
import type { CoordinatorLog, CoordinatorPartitionListener } from './coordinator-log.ts';
import { describedGroup } from './described-group.ts';
import { expiredOffsets } from './expiration.ts';
import type { GroupFaults } from './faults.ts';
import { fetchedOffsets } from './fetched-offsets.ts';
import { groupPartition } from './group-partition.ts';
import { memberIdFor } from './member-id.ts';
import {
  type JoinReply,
  type JoinRequest,
  joinRefused,
  type LeavingMember,
  type LeftMember,
  type SyncReply,
  type SyncRequest,
  syncRefused,
} from './messages.ts';
import { deleteGroup, removeOffsets } from './removal.ts';
import type {
  CommitRequest,
  DescribedGroup,
  FetchedOffset,
  FetchOffsetsRequest,
  ListedGroup,
  TopicPartition,
} from './requests.ts';
import type { GroupSettings } from './settings.ts';
import { type HostedGroup, Shard } from './shard.ts';

export interface GroupCoordinatorOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'codecs' | 'log'>;
  readonly log: CoordinatorLog;
  readonly settings: GroupSettings;
  readonly faults?: GroupFaults;
}

type Found =
  | { readonly kind: 'shard'; readonly shard: Shard }
  | { readonly kind: 'refused'; readonly errorCode: number };

/**
 * All groups of which this broker is the coordinator: those whose partition of `__consumer_offsets` it leads. What it
 * answers about offsets is what the log has committed; what it acknowledges is in the log.
 */
export class GroupCoordinator implements CoordinatorPartitionListener, MetadataListener {
  readonly #options: GroupCoordinatorOptions;
  readonly #faults: GroupFaults;
  readonly #random: Random;
  readonly #shards = new Map<number, Shard>();
  #retentionTimer: Timer | null = null;
  #closed = false;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    this.#faults = options.faults ?? {};
    this.#random = options.runtime.random.fork('member ids');
    this.#scheduleRetention();
  }

  // ---- partitions

  elected(partition: number, leaderEpoch: number): void {
    this.#shards.get(partition)?.close();
    if (this.#closed) return;
    const { runtime, log, settings } = this.#options;
    const shard = new Shard({ partition, leaderEpoch, runtime, log, settings, faults: this.#faults });
    this.#shards.set(partition, shard);
    void shard.load();
  }

  resigned(partition: number, _leaderEpoch: number | null): void {
    this.#shards.get(partition)?.close();
    this.#shards.delete(partition);
  }

  metadataChanged(delta: MetadataDelta): void {
    for (const { name } of delta.topicsDeleted.values()) this.#topicDeleted(name);
  }

  /** Answers everything that waits; nothing is taken any more. */
  close(): void {
    this.#closed = true;
    this.#retentionTimer?.cancel();
    for (const shard of this.#shards.values()) shard.close();
    this.#shards.clear();
  }

  /** The partition that holds a group, creating the topic when it is missing; null while it cannot be made. */
  async partitionFor(groupId: string): Promise<number | null> {
    const count = await this.#options.log.partitionCount();
    return count === null ? null : groupPartition(groupId, count);
  }

  /** Loaded groups, for checkers: what the coordinator believes of them. */
  *groups(): Generator<HostedGroup> {
    for (const shard of this.#shards.values()) if (shard.state === 'active') yield* shard.groups.values();
  }

  #find(groupId: string): Found {
    const count = this.#options.log.existingPartitionCount();
    const shard = count === null ? undefined : this.#shards.get(groupPartition(groupId, count));
    if (shard === undefined) return { kind: 'refused', errorCode: ErrorCode.notCoordinator };
    if (shard.errorCode !== ErrorCode.none) return { kind: 'refused', errorCode: shard.errorCode };
    if (shard.groups.get(groupId)?.deleting === true) {
      return { kind: 'refused', errorCode: ErrorCode.coordinatorLoadInProgress };
    }
    return { kind: 'shard', shard };
  }

  // ---- membership

  async joinGroup(groupId: string, request: Omit<JoinRequest, 'newMemberId'>): Promise<JoinReply> {
    const { memberId, sessionTimeoutMs } = request;
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options.settings;
    if (groupId === '') return joinRefused(ErrorCode.invalidGroupId, memberId);
    const found = this.#find(groupId);
    if (found.kind === 'refused') return joinRefused(found.errorCode, memberId);
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return joinRefused(ErrorCode.invalidSessionTimeout, memberId);
    }
    const { shard } = found;
    // A group comes to be by its first member, who has no id yet.
    if (memberId !== '' && !shard.groups.has(groupId)) return joinRefused(ErrorCode.unknownMemberId, memberId);
    const hosted = shard.create(groupId);
    const newMemberId = memberId === '' ? memberIdFor(request.instanceId ?? request.clientId, this.#random) : '';
    const reply = shard.joining((ticket) => {
      shard.perform(hosted, hosted.group.join({ ...request, newMemberId }, ticket, shard.now()));
    });
    shard.dropIfBlank(hosted);
    return reply;
  }

  async syncGroup(groupId: string, request: SyncRequest): Promise<SyncReply> {
    if (groupId === '') return syncRefused(ErrorCode.invalidGroupId);
    const found = this.#find(groupId);
    if (found.kind === 'refused') return syncRefused(found.errorCode);
    const { shard } = found;
    const hosted = shard.groups.get(groupId);
    if (hosted === undefined) return syncRefused(ErrorCode.unknownMemberId);
    return shard.syncing((ticket) => shard.perform(hosted, hosted.group.sync(request, ticket, shard.now())));
  }

  heartbeat(groupId: string, memberId: string, instanceId: string | null, generationId: number): number {
    if (groupId === '') return ErrorCode.invalidGroupId;
    const found = this.#find(groupId);
    // A coordinator that is still loading does not know better: the member may go on.
    if (found.kind === 'refused') {
      return found.errorCode === ErrorCode.coordinatorLoadInProgress ? ErrorCode.none : found.errorCode;
    }
    const hosted = found.shard.groups.get(groupId);
    if (hosted === undefined) return ErrorCode.unknownMemberId;
    return hosted.group.heartbeat(memberId, instanceId, generationId, found.shard.now());
  }

  leaveGroup(
    groupId: string,
    members: readonly LeavingMember[],
  ): { readonly errorCode: number; readonly members: readonly LeftMember[] } {
    const found: Found =
      groupId === '' ? { kind: 'refused', errorCode: ErrorCode.invalidGroupId } : this.#find(groupId);
    if (found.kind === 'refused') return { errorCode: found.errorCode, members: [] };
    const { shard } = found;
    const hosted = shard.groups.get(groupId);
    if (hosted === undefined) return { errorCode: ErrorCode.unknownMemberId, members: [] };
    const { results, effects } = hosted.group.leave(members, shard.now());
    shard.perform(hosted, effects);
    shard.dropIfBlank(hosted);
    return { errorCode: ErrorCode.none, members: results };
  }

  // ---- offsets

  /** One error code per offset of the request, in its order. A group without members may be called '', as with Kafka. */
  commitOffsets(request: CommitRequest): Promise<readonly number[]> {
    const found = this.#find(request.groupId);
    if (found.kind === 'refused') return Promise.resolve(request.offsets.map(() => found.errorCode));
    const { runtime, settings } = this.#options;
    return commitOffsets(found.shard, request, { timers: runtime.timers, settings, faults: this.#faults });
  }

  /** The marker of a producer's transaction is committed in this partition: what it held counts from now on, or is gone. */
  endTransaction(partition: number, producerId: number, outcome: 'commit' | 'abort'): void {
    const shard = this.#shards.get(partition);
    // One that is loading reads the marker in the log.
    if (shard?.state !== 'active') return;
    for (const { offsets } of shard.groups.values()) {
      offsets.endTransaction(producerId, outcome, this.#faults.arrivalOrderCommits);
    }
  }

  /** The committed offsets that are asked for; an unknown group has none, which is no error. */
  fetchOffsets(request: FetchOffsetsRequest): {
    readonly errorCode: number;
    readonly offsets: readonly FetchedOffset[];
  } {
    const found = this.#find(request.groupId);
    if (found.kind === 'refused') return { errorCode: found.errorCode, offsets: [] };
    const offsets = found.shard.groups.get(request.groupId)?.offsets;
    return { errorCode: ErrorCode.none, offsets: fetchedOffsets(offsets, request) };
  }

  /** OffsetDelete: one error code per partition, or one for all. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<{ readonly errorCode: number; readonly partitions: readonly number[] }> {
    const refused = (errorCode: number): { errorCode: number; partitions: number[] } => ({ errorCode, partitions: [] });
    const found = this.#find(groupId);
    if (found.kind === 'refused') return refused(found.errorCode);
    const { shard } = found;
    const hosted = shard.groups.get(groupId);
    if (hosted === undefined || hosted.group.state === 'Dead') return refused(ErrorCode.groupIdNotFound);
    const subscribed = hosted.group.state === 'Empty' ? new Set<string>() : hosted.group.subscribedTopics();
    if (hosted.group.state !== 'Empty' && hosted.group.protocolType !== 'consumer') {
      return refused(ErrorCode.nonEmptyGroup);
    }
    const codes = partitions.map(({ topic }) =>
      subscribed === null || subscribed.has(topic) ? ErrorCode.groupSubscribedToTopic : ErrorCode.none,
    );
    const free = partitions.filter((_, index) => codes[index] === ErrorCode.none);
    if (free.length === 0) return { errorCode: ErrorCode.none, partitions: codes };
    const errorCode = await removeOffsets(shard, hosted, free);
    return errorCode === ErrorCode.none ? { errorCode, partitions: codes } : refused(errorCode);
  }

  /** Offsets of a topic that is gone would be taken for those of a new one of that name. */
  #topicDeleted(topic: string): void {
    for (const shard of this.#shards.values()) {
      if (shard.state !== 'active') continue;
      for (const hosted of shard.groups.values()) {
        const gone = hosted.offsets.partitions().filter((each) => each.topic === topic);
        if (gone.length > 0 && !hosted.deleting) void removeOffsets(shard, hosted, gone);
      }
    }
  }

  // ---- administration

  /** Of each group what it is; null where there is none, or what refuses the question. */
  describeGroup(groupId: string): { readonly errorCode: number; readonly group: DescribedGroup | null } {
    const found = this.#find(groupId);
    if (found.kind === 'refused') return { errorCode: found.errorCode, group: null };
    const hosted = found.shard.groups.get(groupId);
    if (hosted === undefined) return { errorCode: ErrorCode.none, group: null };
    return { errorCode: ErrorCode.none, group: describedGroup(hosted.group) };
  }

  listGroups(): { readonly errorCode: number; readonly groups: readonly ListedGroup[] } {
    let errorCode: number = ErrorCode.none;
    const groups: ListedGroup[] = [];
    for (const shard of this.#shards.values()) {
      if (shard.state === 'loading') errorCode = ErrorCode.coordinatorLoadInProgress;
      for (const { id, group, deleting } of shard.groups.values()) {
        if (!deleting) groups.push({ groupId: id, state: group.state, protocolType: group.protocolType ?? '' });
      }
    }
    return { errorCode, groups };
  }

  /** The error code: only a group without members can be deleted. */
  async deleteGroup(groupId: string): Promise<number> {
    const found = this.#find(groupId);
    if (found.kind === 'refused') return found.errorCode;
    const hosted = found.shard.groups.get(groupId);
    if (hosted === undefined || hosted.group.state === 'Dead') return ErrorCode.groupIdNotFound;
    if (hosted.group.state !== 'Empty') return ErrorCode.nonEmptyGroup;
    return await deleteGroup(found.shard, hosted);
  }

  // ---- retention

  #scheduleRetention(): void {
    const { settings, runtime } = this.#options;
    this.#retentionTimer = runtime.timers.after(settings.retentionCheckIntervalMs, () => {
      this.expireOffsets();
      this.#scheduleRetention();
    });
  }

  /** Removes what offsets.retention.minutes gives up, and groups of which nothing is left. */
  expireOffsets(): void {
    const { offsetsRetentionMs } = this.#options.settings;
    for (const shard of this.#shards.values()) {
      if (shard.state !== 'active') continue;
      const { wallMs } = shard.now();
      for (const hosted of [...shard.groups.values()]) {
        if (hosted.deleting) continue;
        const { expired, nothingLeft } = expiredOffsets(hosted, wallMs, offsetsRetentionMs, this.#faults);
        if (nothingLeft && hosted.writes === 0) void deleteGroup(shard, hosted);
        else if (expired.length > 0) void removeOffsets(shard, hosted, expired);
      }
    }
  }
}
