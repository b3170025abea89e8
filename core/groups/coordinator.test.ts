import { describe, expect, test } from 'vitest';
import { settle } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { ErrorCode } from '../protocol/index.ts';
import { commit, fetched, joining, member, offset, startCoordinator } from './testing/coordinator-world.ts';

const world = (options?: Parameters<typeof startCoordinator>[1]) => startCoordinator(codecs, options);

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
