import { StillTime, settle } from '../../log/testing/world.ts';
import { ErrorCode, ZERO_UUID } from '../../protocol/index.ts';
import { createRandom } from '../../random.ts';
import type { Codecs } from '../../runtime.ts';
import { GroupCoordinator } from '../coordinator.ts';
import type { GroupFaults } from '../faults.ts';
import type { JoinReply, JoinRequest } from '../messages.ts';
import type { CommitRequest, OffsetToCommit } from '../requests.ts';
import type { GroupSettings } from '../settings.ts';
import { subscription } from './group-driver.ts';
import { MemoryLog } from './memory-log.ts';

export const HOUR_MS = 3_600_000;

const defaults: GroupSettings = {
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 0,
  groupSizeMax: 100,
  offsetMetadataBytesMax: 16,
  offsetsRetentionMs: 24 * HOUR_MS,
  retentionCheckIntervalMs: HOUR_MS,
  commitTimeoutMs: 5000,
  compression: 'none',
};

/** A coordinator with a log in memory, on a clock that moves when it is told to. */
export interface CoordinatorWorld {
  readonly time: StillTime;
  readonly log: MemoryLog;
  readonly lines: string[];
  readonly groups: GroupCoordinator;
}

interface WorldOptions {
  readonly log?: MemoryLog;
  readonly time?: StillTime;
  readonly faults?: GroupFaults;
  readonly settings?: Partial<GroupSettings>;
}

/** Leads all partitions of its log; one made from another's log and time is that one after a restart. */
export async function startCoordinator(codecs: Codecs, options: WorldOptions = {}): Promise<CoordinatorWorld> {
  const { log = new MemoryLog(), time = new StillTime(), faults, settings } = options;
  const lines: string[] = [];
  const line = (message: string): void => void lines.push(message);
  const runtime = {
    clock: time,
    timers: time,
    random: createRandom('groups'),
    codecs,
    log: { debug: line, info: line, warn: line, error: line },
  };
  const all = { runtime, log, settings: { ...defaults, ...settings } };
  const groups = new GroupCoordinator(faults === undefined ? all : { ...all, faults });
  for (let partition = 0; partition < log.partitions.length; partition++) groups.elected(partition, 0);
  await settle();
  return { time, log, lines, groups };
}

export const offset = (topic: string, partition: number, value: number, metadata = ''): OffsetToCommit => ({
  topic,
  partition,
  topicId: ZERO_UUID,
  offset: value,
  leaderEpoch: 7,
  metadata,
});

/** Of nobody in particular, unless `change` says otherwise. */
export function commit(
  groups: GroupCoordinator,
  offsets: OffsetToCommit[],
  change: Partial<CommitRequest> = {},
): Promise<readonly number[]> {
  const plain = {
    groupId: 'g',
    memberId: '',
    instanceId: null,
    generationId: -1,
    retentionMs: null,
    transaction: null,
  };
  return groups.commitOffsets({ ...plain, offsets, ...change });
}

/** Committed offsets by partition. */
export function fetched(groups: GroupCoordinator, groupId = 'g', requireStable = false): Record<string, number> {
  const { errorCode, offsets } = groups.fetchOffsets({ groupId, partitions: null, requireStable });
  if (errorCode !== ErrorCode.none) throw new Error(`offsets of ${groupId} were refused with ${errorCode}`);
  return Object.fromEntries(offsets.map(({ topic, partition, offset: at }) => [`${topic}-${partition}`, at]));
}

/** A first join that is welcome. */
export const joining: Omit<JoinRequest, 'newMemberId'> = {
  memberId: '',
  instanceId: null,
  clientId: 'c',
  clientHost: '/10.0.0.1',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription('t') }],
  requiresKnownMemberId: false,
  canSkipAssignment: false,
};

/** A group of one member that is stable. */
export async function member({ groups, time }: CoordinatorWorld, groupId = 'g'): Promise<JoinReply> {
  const join = groups.joinGroup(groupId, joining);
  await time.pass(0);
  const reply = await join;
  const { memberId, generationId } = reply;
  const assignments = [{ memberId, assignment: new Uint8Array([1, 2, 3]) }];
  const ask = { memberId, instanceId: null, generationId, protocolType: null, protocolName: null, assignments };
  const { errorCode } = await groups.syncGroup(groupId, ask);
  if (errorCode !== ErrorCode.none) throw new Error(`the sync was refused with ${errorCode}`);
  return reply;
}
