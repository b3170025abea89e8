import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StillTime, settle } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { decodeCoordinatorRecord, ErrorCode, type GroupRecord, groupRecords, ZERO_UUID } from '../protocol/index.ts';
import { createRandom } from '../random.ts';
import { batches, decodeBatch, encodeBatch, encodeEndTransactionMarker } from '../records/index.ts';
import { GroupCoordinator } from './coordinator.ts';
import type { GroupFaults } from './faults.ts';
import { offsetRecord } from './group-records.ts';
import type { JoinReply } from './messages.ts';
import type { CommitRequest, OffsetToCommit } from './requests.ts';
import type { GroupSettings } from './settings.ts';
import { subscription } from './testing/group-driver.ts';
import { MemoryLog } from './testing/memory-log.ts';

const HOUR_MS = 3_600_000;

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

interface World {
  readonly time: StillTime;
  readonly log: MemoryLog;
  readonly lines: string[];
  readonly groups: GroupCoordinator;
}

async function world(
  options: { log?: MemoryLog; time?: StillTime; faults?: GroupFaults; settings?: Partial<GroupSettings> } = {},
): Promise<World> {
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

const offset = (topic: string, partition: number, value: number, metadata = ''): OffsetToCommit => ({
  topic,
  partition,
  topicId: ZERO_UUID,
  offset: value,
  leaderEpoch: 7,
  metadata,
});

function commit(groups: GroupCoordinator, offsets: OffsetToCommit[], change: Partial<CommitRequest> = {}) {
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

function fetched(groups: GroupCoordinator, groupId = 'g', requireStable = false): Record<string, number> {
  const { errorCode, offsets } = groups.fetchOffsets({ groupId, partitions: null, requireStable });
  expect(errorCode).toBe(ErrorCode.none);
  return Object.fromEntries(offsets.map(({ topic, partition, offset: at }) => [`${topic}-${partition}`, at]));
}

const joining = {
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
async function member({ groups, time }: World, groupId = 'g'): Promise<JoinReply> {
  const join = groups.joinGroup(groupId, joining);
  await time.pass(0);
  const reply = await join;
  const { memberId, generationId } = reply;
  const assignments = [{ memberId, assignment: new Uint8Array([1, 2, 3]) }];
  const ask = { memberId, instanceId: null, generationId, protocolType: null, protocolName: null, assignments };
  expect(await groups.syncGroup(groupId, ask)).toMatchObject({ errorCode: 0 });
  return reply;
}

function recordsOf(log: MemoryLog): GroupRecord[] {
  return log.partitions.flat().flatMap((bytes) => {
    const decoded = decodeBatch(bytes, 0, codecs);
    if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
    return decoded.records.map(({ key, value }) => decodeCoordinatorRecord(groupRecords, key!, value));
  });
}

describe('commits', () => {
  test('are acknowledged and shown when they are in the log, and not before', async () => {
    const { groups, log } = await world();
    log.hold = true;
    let codes: readonly number[] | null = null;
    void commit(groups, [offset('t', 0, 5)]).then((answer) => {
      codes = answer;
    });
    await settle();
    expect(codes).toBeNull();
    expect(fetched(groups)).toEqual({});
    log.release();
    await settle();
    expect(codes).toEqual([0]);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
  });

  test('the broken variant acknowledges and shows what is not written', async () => {
    const { groups, log } = await world({ faults: { commitBeforeAppend: true } });
    expect(await commit(groups, [offset('t', 0, 5)])).toEqual([0]);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    expect(log.partitions[0]).toEqual([]);
  });

  test('one that takes too long is an error, and counts when it is committed after all', async () => {
    const { groups, log, time } = await world();
    log.hold = true;
    const slow = commit(groups, [offset('t', 0, 5)]);
    await time.pass(5000);
    expect(await slow).toEqual([ErrorCode.coordinatorNotAvailable]);
    log.release();
    await settle();
    expect(fetched(groups)).toEqual({ 't-0': 5 });
  });

  test('outcomes in another order than the log\u2019s change nothing: the later commit counts', async () => {
    const { groups, log } = await world();
    log.hold = true;
    const commits = [commit(groups, [offset('t', 0, 5)]), commit(groups, [offset('t', 0, 6)])];
    await settle();
    log.waiting[1]!.resolve({ errorCode: ErrorCode.none, baseOffset: 1 });
    await settle();
    expect(fetched(groups)).toEqual({});
    log.waiting[0]!.resolve({ errorCode: ErrorCode.none, baseOffset: 0 });
    expect(await Promise.all(commits)).toEqual([[0], [0]]);
    expect(fetched(groups)).toEqual({ 't-0': 6 });
  });

  test.each([
    [ErrorCode.notLeaderOrFollower, ErrorCode.notCoordinator],
    [ErrorCode.kafkaStorageError, ErrorCode.notCoordinator],
    [ErrorCode.notEnoughReplicas, ErrorCode.coordinatorNotAvailable],
    [ErrorCode.unknownTopicOrPartition, ErrorCode.coordinatorNotAvailable],
    [ErrorCode.messageTooLarge, ErrorCode.unknownServerError],
  ])('an append refused with %i is answered with %i, and leaves nothing behind', async (refused, answered) => {
    const { groups, log } = await world();
    log.refuseWith = refused;
    expect(await commit(groups, [offset('t', 0, 5)])).toEqual([answered]);
    expect(groups.listGroups().groups).toEqual([]);
  });

  test('written to too few replicas: an error to the client, but in the log and so in memory', async () => {
    const { groups, log } = await world();
    log.refuseWith = ErrorCode.notEnoughReplicasAfterAppend;
    expect(await commit(groups, [offset('t', 0, 5)])).toEqual([ErrorCode.coordinatorNotAvailable]);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
  });

  test('too much metadata refuses its own partition alone', async () => {
    const { groups } = await world();
    const codes = await commit(groups, [offset('t', 0, 1, 'x'.repeat(17)), offset('t', 1, 2, 'x'.repeat(16))]);
    expect(codes).toEqual([ErrorCode.offsetMetadataTooLarge, 0]);
    expect(fetched(groups)).toEqual({ 't-1': 2 });
  });

  test('of a generation to a group that nobody knows, or of nobody to one with members', async () => {
    const here = await world();
    expect(await commit(here.groups, [offset('t', 0, 1)], { generationId: 1 })).toEqual([ErrorCode.illegalGeneration]);
    const { memberId } = await member(here);
    expect(await commit(here.groups, [offset('t', 0, 1)])).toEqual([ErrorCode.unknownMemberId]);
    expect(await commit(here.groups, [offset('t', 0, 1)], { memberId, generationId: 1 })).toEqual([0]);
  });
});

describe('the log', () => {
  test('brings everything back: offsets, members, generation, assignment', async () => {
    const first = await world();
    const { memberId } = await member(first);
    await commit(first.groups, [offset('t', 0, 5, 'note')], { memberId, generationId: 1 });
    await commit(first.groups, [offset('t', 0, 9), offset('u', 3, 1)], { groupId: 'other' });
    first.groups.close();

    const second = await world({ log: first.log, time: first.time });
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
    expect(fetched(second.groups, 'other')).toEqual({ 't-0': 9, 'u-3': 1 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: false };
    expect(second.groups.fetchOffsets(asked).offsets).toEqual([
      { topic: 't', partition: 0, offset: 5, leaderEpoch: 7, metadata: 'note', errorCode: 0 },
    ]);
    expect(second.groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.none);
    expect(second.groups.describeGroup('g').group).toMatchObject({
      state: 'Stable',
      protocolType: 'consumer',
      protocolName: 'range',
      members: [{ memberId, clientId: 'c', clientHost: '/10.0.0.1', assignment: new Uint8Array([1, 2, 3]) }],
    });
    await second.time.pass(10_000);
    expect(second.groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.unknownMemberId);
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
  });

  test('while it loads, and when it cannot be read', async () => {
    const log = new MemoryLog();
    const before = await world({ log });
    await commit(before.groups, [offset('t', 0, 5)]);
    const { groups, lines } = await world({ log });
    const asked = { groupId: 'g', partitions: null, requireStable: false };
    groups.elected(0, 1);
    expect(groups.fetchOffsets(asked).errorCode).toBe(ErrorCode.coordinatorLoadInProgress);
    expect(await commit(groups, [offset('t', 0, 6)])).toEqual([ErrorCode.coordinatorLoadInProgress]);
    expect(groups.listGroups().errorCode).toBe(ErrorCode.coordinatorLoadInProgress);
    await settle();
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    log.failReplay = true;
    groups.elected(0, 2);
    await settle();
    expect(groups.fetchOffsets(asked).errorCode).toBe(ErrorCode.notCoordinator);
    expect(lines).toContain('groups could not be loaded');
  });

  test('a coordinator that is none any more sends everything away', async () => {
    const { groups, log } = await world();
    const joined = groups.joinGroup('g', joining);
    log.hold = true;
    const committing = commit(groups, [offset('t', 0, 5)], { groupId: 'h' });
    groups.resigned(0, 0);
    expect(await joined).toMatchObject({ errorCode: ErrorCode.notCoordinator });
    expect(groups.heartbeat('g', 'm', null, 1)).toBe(ErrorCode.notCoordinator);
    expect(await commit(groups, [offset('t', 0, 5)])).toEqual([ErrorCode.notCoordinator]);
    // Committed by the log although the coordinator is gone: whoever comes next finds it.
    log.release();
    expect(await committing).toEqual([0]);
  });

  test('a commit of the former epoch that is committed later is not lost to the new one', async () => {
    const { groups, log } = await world();
    log.hold = true;
    const committing = commit(groups, [offset('t', 0, 5)]);
    log.release();
    groups.elected(0, 1);
    await settle();
    expect(await committing).toEqual([0]);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
  });

  test('of Apache Kafka 4.3.1, with a classic group, a consumer group, and offsets committed in transactions', async () => {
    const file = '../log/fixtures/kafka-log-dir/logs/__consumer_offsets-0/00000000000000000000.log';
    const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, file)));
    const log = new MemoryLog();
    for (const boundary of batches(bytes)) {
      if (boundary.kind === 'batch') log.put(0, bytes.subarray(boundary.at, boundary.at + boundary.size));
    }
    const { groups, lines } = await world({ log });
    expect(lines).toEqual([]);
    expect(fetched(groups, 'fixture-classic')).toEqual({
      'plain-1': 300,
      'plain-0': 300,
      'compacted-0': 1500,
      'txn-0': 48,
    });
    expect(fetched(groups, 'fixture-consumer')).toMatchObject({ 'plain-0': 300, 'compacted-0': 1500 });
    // Six transactions, all of them committed.
    expect(fetched(groups, 'fixture-eos', true)).toEqual({ 'plain-0': 7 });
    expect(groups.describeGroup('fixture-classic').group).toMatchObject({ state: 'Empty', protocolType: 'consumer' });
  });

  test('records that cannot be read are passed over, those behind them are not', async () => {
    const log = new MemoryLog();
    const record = (key: number[] | null) => ({
      timestamp: 1,
      key: key === null ? null : new Uint8Array(key),
      value: new Uint8Array([9]),
    });
    log.put(0, encodeBatch([record(null), record([0]), record([0, 1]), record([0x70, 0])], codecs));
    const first = await world({ log });
    await commit(first.groups, [offset('t', 0, 5)]);
    const second = await world({ log });
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
    expect(second.lines).toHaveLength(3);
  });

  test('no bit of a commit can change in the log and become an offset that nobody committed', async () => {
    const log = new MemoryLog();
    const { groups } = await world({ log });
    await commit(groups, [offset('t', 0, 5)]);
    await commit(groups, [offset('t', 0, 1000)]);
    const last = log.partitions[0]!.at(-1)!;
    const CRC_AT = 17;
    for (let at = CRC_AT; at < last.length; at++) {
      last[at]! ^= 1 << (at % 8);
      expect(fetched((await world({ log })).groups), `byte ${at}`).toEqual({ 't-0': 5 });
      last[at]! ^= 1 << (at % 8);
    }
    expect(fetched((await world({ log })).groups)).toEqual({ 't-0': 1000 });
  });
});

describe('offsets in transactions', () => {
  const inTransaction = (log: MemoryLog, producerId: number, value: number): void => {
    const committed = {
      offset: value,
      leaderEpoch: -1,
      metadata: '',
      commitWallMs: 1_700_000_000_000,
      expireWallMs: null,
      topicId: ZERO_UUID,
      order: 0,
    };
    const record = { timestamp: 1, ...offsetRecord('g', 't', 0, committed) };
    log.put(0, encodeBatch([record], codecs, { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }));
  };
  const marker = (log: MemoryLog, producerId: number, outcome: 'commit' | 'abort'): void =>
    log.put(
      0,
      encodeEndTransactionMarker({ outcome, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: 1 }, codecs),
    );

  test('count from their marker on, and are unstable until then', async () => {
    const log = new MemoryLog();
    await commit((await world({ log })).groups, [offset('t', 0, 5)]);
    inTransaction(log, 1, 10);
    const open = await world({ log });
    expect(fetched(open.groups)).toEqual({ 't-0': 5 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: true };
    expect(open.groups.fetchOffsets(asked).offsets[0]!.errorCode).toBe(ErrorCode.unstableOffsetCommit);
    marker(log, 1, 'commit');
    expect(fetched((await world({ log })).groups, 'g', true)).toEqual({ 't-0': 10 });
    inTransaction(log, 1, 20);
    marker(log, 1, 'abort');
    expect(fetched((await world({ log })).groups, 'g', true)).toEqual({ 't-0': 10 });
  });

  test('a live coordinator holds them, and writes what a later one will hold', async () => {
    const { groups, log } = await world();
    const transaction = { producerId: 7, producerEpoch: 2 };
    expect(await commit(groups, [offset('t', 0, 10)], { transaction })).toEqual([0]);
    expect(await commit(groups, [offset('t', 1, 11)])).toEqual([0]);
    expect(await groups.deleteGroup('nobody')).toBe(ErrorCode.groupIdNotFound);
    expect(fetched(groups)).toEqual({ 't-1': 11 });
    groups.endTransaction(0, 8, 'commit');
    expect(fetched(groups)).toEqual({ 't-1': 11 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: true };
    const later = await world({ log });
    for (const each of [groups, later.groups]) {
      expect(each.fetchOffsets(asked).offsets[0]!.errorCode).toBe(ErrorCode.unstableOffsetCommit);
      each.endTransaction(0, 7, each === groups ? 'commit' : 'abort');
      expect(fetched(each, 'g', true)).toEqual(each === groups ? { 't-0': 10, 't-1': 11 } : { 't-1': 11 });
    }
  });

  test('of a group that is deleted do not come back with their marker', async () => {
    const log = new MemoryLog();
    const { groups } = await world({ log });
    await commit(groups, [offset('t', 0, 5)], { transaction: { producerId: 7, producerEpoch: 0 } });
    expect(await groups.deleteGroup('g')).toBe(ErrorCode.none);
    groups.endTransaction(0, 7, 'commit');
    expect(fetched(groups)).toEqual({});
    marker(log, 7, 'commit');
    expect(fetched((await world({ log })).groups)).toEqual({});
  });

  test('do not overwrite what was committed after them', async () => {
    const log = new MemoryLog();
    inTransaction(log, 1, 10);
    await commit((await world({ log })).groups, [offset('t', 0, 50)]);
    marker(log, 1, 'commit');
    expect(fetched((await world({ log })).groups)).toEqual({ 't-0': 50 });
    const broken = await world({ log, faults: { arrivalOrderCommits: true } });
    expect(fetched(broken.groups)).toEqual({ 't-0': 10 });
  });
});

describe('what is kept', () => {
  test('offsets of no group expire with their age, for ever in the log too', async () => {
    const { groups, time, log } = await world();
    await commit(groups, [offset('t', 0, 5)]);
    await time.pass(23 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    await time.pass(2 * HOUR_MS);
    expect(groups.listGroups().groups).toEqual([]);
    expect(fetched((await world({ log, time })).groups)).toEqual({});
    expect(recordsOf(log).slice(1)).toMatchObject([
      { type: 'offsetCommit', value: null },
      { type: 'groupMetadata', value: null },
    ]);
  });

  test('a group with members keeps what they subscribe to; an empty one everything, since it is empty', async () => {
    const here = await world();
    const { groups, time } = here;
    const { memberId } = await member(here);
    await commit(groups, [offset('t', 0, 5), offset('former', 0, 6)], { memberId, generationId: 1 });
    for (let beat = 0; beat < 26 * 360; beat++) {
      time.nowMs += 9_999;
      expect(groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.none);
    }
    groups.expireOffsets();
    await settle();
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    groups.leaveGroup('g', [{ memberId, instanceId: null }]);
    await time.pass(22 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    await time.pass(3 * HOUR_MS);
    expect(groups.describeGroup('g').group).toBeNull();
  });

  test('the broken variant expires offsets under its members', async () => {
    const here = await world({ faults: { expireUnstableGroups: true } });
    const { memberId } = await member(here);
    await commit(here.groups, [offset('t', 0, 5)], { memberId, generationId: 1 });
    here.time.nowMs += 25 * HOUR_MS;
    here.groups.expireOffsets();
    await settle();
    expect(fetched(here.groups)).toEqual({});
  });

  test('older clients say how long', async () => {
    const { groups, time, log } = await world();
    await commit(groups, [offset('t', 0, 5)], { retentionMs: 2 * HOUR_MS });
    await commit(groups, [offset('t', 1, 5)]);
    expect(fetched((await world({ log, time })).groups)).toEqual({ 't-0': 5, 't-1': 5 });
    await time.pass(3 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-1': 5 });
  });

  test('a topic that is deleted takes its offsets along', async () => {
    const { groups, log } = await world();
    await commit(groups, [offset('t', 0, 5), offset('u', 0, 6)]);
    const delta = { topicsDeleted: new Map([['id', { id: 'id', name: 't', partitions: [] }]]) };
    groups.metadataChanged({ ...delta } as never);
    await settle();
    expect(fetched(groups)).toEqual({ 'u-0': 6 });
    expect(fetched((await world({ log })).groups)).toEqual({ 'u-0': 6 });
  });
});

describe('administration', () => {
  test('only an empty group can be deleted, and then nothing of it is left', async () => {
    const here = await world();
    const { groups, log } = here;
    const { memberId } = await member(here);
    await commit(groups, [offset('t', 0, 5)], { memberId, generationId: 1 });
    expect(await groups.deleteGroup('g')).toBe(ErrorCode.nonEmptyGroup);
    groups.leaveGroup('g', [{ memberId, instanceId: null }]);
    expect(await groups.deleteGroup('g')).toBe(ErrorCode.none);
    expect(await groups.deleteGroup('g')).toBe(ErrorCode.groupIdNotFound);
    const again = await world({ log });
    expect(again.groups.listGroups().groups).toEqual([]);
    expect(fetched(again.groups)).toEqual({});
  });

  test('a commit on its way when its group is deleted does not come back', async () => {
    const { groups, log } = await world();
    await commit(groups, [offset('t', 0, 5)]);
    log.hold = true;
    const committing = commit(groups, [offset('t', 1, 6)]);
    const deleting = groups.deleteGroup('g');
    expect(await commit(groups, [offset('t', 2, 7)])).toEqual([ErrorCode.coordinatorLoadInProgress]);
    log.release();
    expect(await committing).toEqual([0]);
    await settle();
    log.release();
    expect(await deleting).toBe(ErrorCode.none);
    log.hold = false;
    expect(fetched(groups)).toEqual({});
    expect(fetched((await world({ log })).groups)).toEqual({});
  });

  test('offsets of topics that a group subscribes to stay', async () => {
    const here = await world();
    const { groups } = here;
    const { memberId } = await member(here);
    await commit(groups, [offset('t', 0, 5), offset('u', 0, 6)], { memberId, generationId: 1 });
    const both = ['t', 'u'].map((topic) => ({ topic, partition: 0 }));
    expect(await groups.deleteOffsets('g', both)).toEqual({
      errorCode: 0,
      partitions: [ErrorCode.groupSubscribedToTopic, 0],
    });
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    expect((await groups.deleteOffsets('nobody', both)).errorCode).toBe(ErrorCode.groupIdNotFound);
  });

  test('sessions outside of the broker\u2019s bounds, and groups without a name', async () => {
    const { groups } = await world();
    const ask = (change: object, groupId = 'g') => groups.joinGroup(groupId, { ...joining, ...change });
    expect((await ask({ sessionTimeoutMs: 5999 })).errorCode).toBe(ErrorCode.invalidSessionTimeout);
    expect((await ask({ sessionTimeoutMs: 1_800_001 })).errorCode).toBe(ErrorCode.invalidSessionTimeout);
    expect((await ask({}, '')).errorCode).toBe(ErrorCode.invalidGroupId);
    expect((await ask({ memberId: 'unheard-of' })).errorCode).toBe(ErrorCode.unknownMemberId);
    expect(groups.listGroups().groups).toEqual([]);
  });
});
