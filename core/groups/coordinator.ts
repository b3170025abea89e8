import type { MetadataDelta, MetadataListener } from '../controller/image.ts';
import { ErrorCode } from '../protocol/index.ts';
import type { Random, Runtime, Timer } from '../runtime.ts';
import type { CoordinatorLog, CoordinatorPartitionListener } from './coordinator-log.ts';
import { expiredOffsets } from './expiration.ts';
import type { GroupFaults } from './faults.ts';
import { groupPartition } from './group-partition.ts';
import { type GroupLogRecord, groupTombstone, offsetRecord, offsetTombstone } from './group-records.ts';
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
import type { WriteOutcome } from './shard-writer.ts';

export interface GroupCoordinatorOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'codecs' | 'log'>;
  readonly log: CoordinatorLog;
  readonly settings: GroupSettings;
  readonly faults?: GroupFaults;
}

/** A fault that acknowledges before it writes leaves this long for a crash between the two. */
const EARLY_ACK_GAP_MS = 5;

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
  async commitOffsets(request: CommitRequest): Promise<readonly number[]> {
    const { groupId, offsets } = request;
    const all = (errorCode: number): readonly number[] => offsets.map(() => errorCode);
    const found = this.#find(groupId);
    if (found.kind === 'refused') return all(found.errorCode);
    const { shard } = found;
    const existing = shard.groups.get(groupId);
    if (existing === undefined && request.generationId >= 0) return all(ErrorCode.illegalGeneration);
    const errorCode =
      existing?.group.commitError(
        request.memberId,
        request.instanceId,
        request.generationId,
        request.transaction === null ? 'plain' : 'transactional',
      ) ?? 0;
    if (errorCode !== ErrorCode.none) return all(errorCode);
    existing?.group.committed(request.memberId, shard.now());

    const { offsetMetadataBytesMax, commitTimeoutMs } = this.#options.settings;
    const codes = offsets.map(({ metadata }) =>
      metadata.length > offsetMetadataBytesMax ? ErrorCode.offsetMetadataTooLarge : ErrorCode.none,
    );
    const taken = offsets.filter((_, index) => codes[index] === ErrorCode.none);
    if (taken.length === 0) return codes;
    const hosted = existing ?? shard.create(groupId);
    const written = await this.#within(
      commitTimeoutMs,
      this.#writeOffsets(shard, hosted, { ...request, offsets: taken }),
    );
    return codes.map((code) => (code === ErrorCode.none ? written : code));
  }

  #writeOffsets(shard: Shard, hosted: HostedGroup, request: CommitRequest): Promise<number> {
    const { wallMs } = shard.now();
    const committed = request.offsets.map((each) => ({
      topic: each.topic,
      partition: each.partition,
      committed: {
        offset: each.offset,
        leaderEpoch: each.leaderEpoch,
        metadata: each.metadata,
        commitWallMs: wallMs,
        expireWallMs: request.retentionMs === null ? null : wallMs + request.retentionMs,
        topicId: each.topicId,
        order: shard.nextOrder(),
      },
    }));
    const records = committed.map((each) => offsetRecord(hosted.id, each.topic, each.partition, each.committed));
    const { transaction } = request;
    const apply = (): void => {
      for (const each of committed) {
        if (transaction === null) hosted.offsets.commit(each.topic, each.partition, each.committed);
        else hosted.offsets.hold(transaction.producerId, each.topic, each.partition, each.committed);
      }
    };
    if (this.#faults.commitBeforeAppend === true) {
      apply();
      hosted.writes++;
      this.#options.runtime.timers.after(EARLY_ACK_GAP_MS, () => {
        hosted.writes--;
        if (shard.state === 'active') shard.write(hosted, records, () => {}, transaction);
      });
      return Promise.resolve(ErrorCode.none);
    }
    return new Promise((resolve) => {
      const done = ({ errorCode, written }: WriteOutcome): void => {
        if (written) apply();
        else shard.dropIfBlank(hosted);
        resolve(errorCode);
      };
      shard.write(hosted, records, done, transaction);
    });
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

  /** The error code, or that of a commit which takes too long and may yet come to pass. */
  #within(timeoutMs: number, outcome: Promise<number>): Promise<number> {
    return new Promise((resolve) => {
      const timer = this.#options.runtime.timers.after(timeoutMs, () => resolve(ErrorCode.coordinatorNotAvailable));
      void outcome.then((errorCode) => {
        timer.cancel();
        resolve(errorCode);
      });
    });
  }

  /** The committed offsets that are asked for; an unknown group has none, which is no error. */
  fetchOffsets(request: FetchOffsetsRequest): {
    readonly errorCode: number;
    readonly offsets: readonly FetchedOffset[];
  } {
    const found = this.#find(request.groupId);
    if (found.kind === 'refused') return { errorCode: found.errorCode, offsets: [] };
    const offsets = found.shard.groups.get(request.groupId)?.offsets;
    const wanted: Iterable<TopicPartition> = request.partitions ?? offsets?.entries() ?? [];
    const fetched = Array.from(wanted, ({ topic, partition }): FetchedOffset => {
      const committed = offsets?.get(topic, partition);
      if (request.requireStable && offsets?.isUnstable(topic, partition) === true) {
        return {
          topic,
          partition,
          offset: -1,
          leaderEpoch: -1,
          metadata: '',
          errorCode: ErrorCode.unstableOffsetCommit,
        };
      }
      return {
        topic,
        partition,
        offset: committed?.offset ?? -1,
        leaderEpoch: committed?.leaderEpoch ?? -1,
        metadata: committed?.metadata ?? '',
        errorCode: ErrorCode.none,
      };
    });
    return { errorCode: ErrorCode.none, offsets: fetched };
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
    const errorCode = await this.#removeOffsets(shard, hosted, free);
    return errorCode === ErrorCode.none ? { errorCode, partitions: codes } : refused(errorCode);
  }

  #removeOffsets(shard: Shard, hosted: HostedGroup, partitions: readonly TopicPartition[]): Promise<number> {
    const records = partitions.map(({ topic, partition }) => offsetTombstone(hosted.id, topic, partition));
    return new Promise((resolve) => {
      shard.write(hosted, records, ({ errorCode, written }) => {
        if (written) for (const { topic, partition } of partitions) hosted.offsets.remove(topic, partition);
        resolve(errorCode);
      });
    });
  }

  /** Offsets of a topic that is gone would be taken for those of a new one of that name. */
  #topicDeleted(topic: string): void {
    for (const shard of this.#shards.values()) {
      if (shard.state !== 'active') continue;
      for (const hosted of shard.groups.values()) {
        const gone = hosted.offsets.partitions().filter((each) => each.topic === topic);
        if (gone.length > 0 && !hosted.deleting) void this.#removeOffsets(shard, hosted, gone);
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
    const { group } = hosted;
    const stable = group.state === 'Stable';
    return {
      errorCode: ErrorCode.none,
      group: {
        state: group.state,
        protocolType: group.protocolType ?? '',
        protocolName: stable ? (group.protocolName ?? '') : '',
        members: Array.from(group.members.values(), (member) => ({
          memberId: member.id,
          instanceId: member.instanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          metadata: stable ? group.metadataOf(member) : new Uint8Array(0),
          assignment: stable ? member.assignment : new Uint8Array(0),
        })),
      },
    };
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
    return await this.#deleteGroup(found.shard, hosted);
  }

  #deleteGroup(shard: Shard, hosted: HostedGroup): Promise<number> {
    hosted.deleting = true;
    return new Promise((resolve) => {
      // Commits on their way would come to light again behind the tombstones.
      shard.idle(hosted, () => {
        const partitions = hosted.offsets.partitions();
        const records: GroupLogRecord[] = partitions.map((each) =>
          offsetTombstone(hosted.id, each.topic, each.partition),
        );
        records.push(groupTombstone(hosted.id));
        shard.write(hosted, records, ({ errorCode, written }) => {
          hosted.deleting = false;
          if (written) {
            for (const { topic, partition } of partitions) hosted.offsets.remove(topic, partition);
            shard.perform(hosted, hosted.group.end(ErrorCode.unknownMemberId));
            shard.forget(hosted);
          }
          resolve(errorCode);
        });
      });
    });
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
        if (nothingLeft && hosted.writes === 0) void this.#deleteGroup(shard, hosted);
        else if (expired.length > 0) void this.#removeOffsets(shard, hosted, expired);
      }
    }
  }
}
