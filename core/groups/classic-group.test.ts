import { describe, expect, test } from 'vitest';
import { complete, ErrorCode, groupMetadataValue } from '../protocol/index.ts';
import { ClassicGroup } from './classic-group.ts';
import { bytes, GroupDriver, subscription, text } from './testing/group-driver.ts';

const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: bytes(name) }));

describe('joining', () => {
  test('a first member waits for more, and each that comes prolongs the wait once', () => {
    const driver = new GroupDriver({ initialRebalanceDelayMs: 3000 });
    const first = driver.join();
    driver.pass(2999);
    expect(first.reply).toBeNull();
    const second = driver.join();
    driver.pass(1);
    expect(first.reply).toBeNull();
    driver.pass(3000);
    expect(first.reply).toMatchObject({ errorCode: 0, generationId: 1, leader: 'm1', memberId: 'm1' });
    expect(first.reply!.members.map(({ memberId }) => memberId)).toEqual(['m1', 'm2']);
    expect(second.reply).toMatchObject({ errorCode: 0, generationId: 1, leader: 'm1', memberId: 'm2', members: [] });
    expect(driver.group.state).toBe('CompletingRebalance');
  });

  test('the wait for more ends with the rebalance timeout at the latest', () => {
    const driver = new GroupDriver({ initialRebalanceDelayMs: 3000 });
    const first = driver.join({ rebalanceTimeoutMs: 7000 });
    for (let second = 0; second < 8; second++) {
      driver.pass(1000);
      if (first.reply === null) driver.join({ rebalanceTimeoutMs: 7000 });
    }
    expect(first.reply).not.toBeNull();
  });

  test('without a delay the first member is a generation of its own at once', () => {
    const driver = new GroupDriver({ initialRebalanceDelayMs: 0 });
    const call = driver.join();
    driver.pass(0);
    expect(call.reply).toMatchObject({ generationId: 1, protocolName: 'range', protocolType: 'consumer' });
  });

  test('a new member is sent back with an id and counts when it returns with it', () => {
    const driver = new GroupDriver();
    const asked = driver.join({ requiresKnownMemberId: true });
    expect(asked.reply).toMatchObject({ errorCode: ErrorCode.memberIdRequired, memberId: 'm1' });
    expect(driver.group.members.size).toBe(0);
    const call = driver.join({ memberId: 'm1', requiresKnownMemberId: true });
    driver.pass(3000);
    expect(call.reply).toMatchObject({ errorCode: 0, memberId: 'm1' });
  });

  test('an id that nobody returns with lapses, and holds a rebalance back no longer', () => {
    const driver = new GroupDriver();
    const [leader] = driver.stable(1);
    driver.join({ requiresKnownMemberId: true, sessionTimeoutMs: 6000 });
    const again = driver.join({ memberId: leader! });
    expect(again.reply).toBeNull();
    driver.pass(5999);
    expect(again.reply).toBeNull();
    driver.pass(1);
    expect(again.reply).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(driver.join({ memberId: 'm2' }).reply).toMatchObject({ errorCode: ErrorCode.unknownMemberId });
  });

  test('the protocol is the one that most members put first among those that all know', () => {
    const driver = new GroupDriver();
    driver.join({ protocols: protocols('only-mine', 'range', 'sticky') });
    driver.join({ protocols: protocols('sticky', 'range') });
    const third = driver.join({ protocols: protocols('sticky', 'range') });
    driver.pass(10_000);
    expect(third.reply!.protocolName).toBe('sticky');
    expect(driver.join({ protocols: protocols('other') }).reply!.errorCode).toBe(ErrorCode.inconsistentGroupProtocol);
    expect(driver.join({ protocolType: 'connect' }).reply!.errorCode).toBe(ErrorCode.inconsistentGroupProtocol);
  });

  test('no more than group.max.size', () => {
    const driver = new GroupDriver({ groupSizeMax: 2 });
    driver.join();
    driver.join();
    const third = driver.join();
    expect(third.reply).toMatchObject({ errorCode: ErrorCode.groupMaxSizeReached, memberId: '' });
    driver.pass(10_000);
    expect(driver.group.members.size).toBe(2);
    expect(driver.join().reply!.errorCode).toBe(ErrorCode.groupMaxSizeReached);
  });
});

describe('rebalances', () => {
  test('members that do not join again in time are dropped, the leader too', () => {
    const driver = new GroupDriver();
    const [first, second] = driver.stable(2);
    const third = driver.join();
    expect(driver.heartbeat(second!)).toBe(ErrorCode.rebalanceInProgress);
    const back = driver.join({ memberId: second! });
    // Heartbeats keep a session, not a place in the next generation.
    for (let at = 0; at < 60; at++) {
      driver.heartbeat(first!);
      driver.pass(1000);
    }
    expect(back.reply).toMatchObject({ generationId: 2, leader: second });
    expect(third.reply).toMatchObject({ generationId: 2, leader: second });
    expect(driver.heartbeat(first!)).toBe(ErrorCode.unknownMemberId);
  });

  test('a member that falls silent is dropped and the others are told', () => {
    const driver = new GroupDriver();
    const [first, second] = driver.stable(2);
    driver.pass(6000);
    expect(driver.heartbeat(first!)).toBe(ErrorCode.none);
    driver.pass(6000);
    expect(driver.heartbeat(first!)).toBe(ErrorCode.rebalanceInProgress);
    expect([...driver.group.members.keys()]).toEqual([first]);
    expect(driver.heartbeat(second!)).toBe(ErrorCode.unknownMemberId);
  });

  test('whoever does not fetch its assignment is dropped after the rebalance timeout', () => {
    const driver = new GroupDriver({ initialRebalanceDelayMs: 0 });
    driver.join({ sessionTimeoutMs: 1e6 });
    driver.pass(0);
    const second = driver.join({ sessionTimeoutMs: 1e6 });
    driver.join({ memberId: 'm1', sessionTimeoutMs: 1e6 });
    expect(second.reply).toMatchObject({ generationId: 2 });
    driver.sync('m1', { m1: 'a', m2: 'b' });
    driver.pass(59_999);
    expect(driver.group.state).toBe('Stable');
    driver.pass(1);
    expect([...driver.group.members.keys()]).toEqual(['m1']);
    expect(driver.group.state).toBe('PreparingRebalance');
  });

  test('with a rebalance timeout of 0 a member is gone before it can sync', () => {
    const driver = new GroupDriver({ initialRebalanceDelayMs: 0 });
    const call = driver.join({ rebalanceTimeoutMs: 0 });
    driver.pass(0);
    expect(call.reply!.errorCode).toBe(ErrorCode.none);
    expect(driver.sync('m1').reply!.errorCode).toBe(ErrorCode.unknownMemberId);
  });

  test('a follower that changed nothing goes on; the leader and a changed follower start a rebalance', () => {
    const driver = new GroupDriver();
    const [leader, follower] = driver.stable(2);
    expect(driver.join({ memberId: follower! }).reply).toMatchObject({ errorCode: 0, generationId: 1, members: [] });
    expect(driver.group.state).toBe('Stable');
    driver.join({ memberId: follower!, protocols: [{ name: 'range', metadata: subscription('t', 'u') }] });
    expect(driver.group.state).toBe('PreparingRebalance');
    driver.join({ memberId: leader! });
    expect(driver.group).toMatchObject({ state: 'CompletingRebalance', generationId: 2 });
    driver.sync(leader!, {});
    driver.join({ memberId: leader! });
    expect(driver.group.state).toBe('PreparingRebalance');
  });

  test('syncs that wait are sent back when somebody joins in between', () => {
    const driver = new GroupDriver();
    driver.join();
    const second = driver.join();
    driver.pass(10_000);
    const waiting = driver.sync(second.reply!.memberId);
    expect(waiting.reply).toBeNull();
    driver.join();
    expect(waiting.reply!.errorCode).toBe(ErrorCode.rebalanceInProgress);
  });

  test('when the last member leaves the group is empty and a generation older', () => {
    const driver = new GroupDriver();
    const [only] = driver.stable(1);
    expect(driver.leave(only!)).toBe(ErrorCode.none);
    expect(driver.group).toMatchObject({ state: 'Empty', generationId: 2, protocolName: null, leaderId: null });
    expect(driver.records.at(-1)).toMatchObject({ generation: 2, members: [], protocol: null, leader: null });
    expect(driver.leave(only!)).toBe(ErrorCode.unknownMemberId);
  });
});

test('a leader that comes back leads on, whoever else is there longer', () => {
  const driver = new GroupDriver();
  driver.join({ instanceId: 'a', sessionTimeoutMs: 1e6 });
  driver.join();
  driver.pass(10_000);
  driver.sync('m1', {}, 'a');
  driver.sync('m2');
  // The static leader is away: its place as leader is taken, its membership is not.
  const changed = [{ name: 'range', metadata: subscription('u') }];
  const second = driver.join({ memberId: 'm2', protocols: changed });
  driver.pass(60_000);
  expect(second.reply).toMatchObject({ generationId: 2, leader: 'm2' });
  expect([...driver.group.members.keys()]).toEqual(['m1', 'm2']);
  driver.join({ memberId: 'm1', instanceId: 'a', protocols: changed });
  const third = driver.join({ memberId: 'm2', protocols: changed });
  expect(third.reply).toMatchObject({ generationId: 3, leader: 'm2' });
});

describe('commits', () => {
  test('of members, of outsiders, of former generations', () => {
    const driver = new GroupDriver();
    expect(driver.group.commitError('', null, -1, 'plain')).toBe(ErrorCode.none);
    expect(driver.group.commitError('m1', null, 3, 'plain')).toBe(ErrorCode.unknownMemberId);
    const [first, second] = driver.stable(2);
    expect(driver.group.commitError(first!, null, 1, 'plain')).toBe(ErrorCode.none);
    expect(driver.group.commitError(first!, null, 0, 'plain')).toBe(ErrorCode.illegalGeneration);
    expect(driver.group.commitError('', null, -1, 'plain')).toBe(ErrorCode.unknownMemberId);
    expect(driver.group.commitError('', null, -1, 'transactional')).toBe(ErrorCode.none);
    driver.join({ memberId: first! });
    // What it has worked off it may still commit while it gives up its partitions.
    expect(driver.group.commitError(second!, null, 1, 'plain')).toBe(ErrorCode.none);
    driver.join({ memberId: second! });
    expect(driver.group.commitError(first!, null, 2, 'plain')).toBe(ErrorCode.rebalanceInProgress);
    expect(driver.group.commitError(first!, null, 2, 'transactional')).toBe(ErrorCode.none);
  });

  test('broken variants take what they must not', () => {
    const lax = new GroupDriver({}, { ignoreGeneration: true, ignoreMembership: true });
    lax.stable(1);
    expect(lax.group.commitError('gone', null, 0, 'plain')).toBe(ErrorCode.none);
  });
});

test('what is stored restores the group, and its sessions run anew', () => {
  const driver = new GroupDriver();
  const ids = driver.stable(3);
  const restored = new ClassicGroup('g', { initialRebalanceDelayMs: 0, groupSizeMax: 10 });
  restored.restore(complete(groupMetadataValue, driver.records.at(-1)!));
  expect(restored).toMatchObject({ state: 'Stable', generationId: 1, protocolName: 'range', leaderId: ids[0] });
  expect(Array.from(restored.members.values(), ({ assignment }) => text(assignment))).toEqual(ids);
  restored.resume(driver.now);
  expect(restored.nextDeadlineMs()).toBe(driver.nowMs + 10_000);
  expect([...restored.subscribedTopics()!]).toEqual(['t']);
});

test('the end answers everything that waits', () => {
  const driver = new GroupDriver();
  const joining = driver.join();
  driver.perform(driver.group.end(ErrorCode.notCoordinator));
  expect(joining.reply!.errorCode).toBe(ErrorCode.notCoordinator);
  expect(driver.openCalls).toBe(0);
  expect(driver.heartbeat('m1')).toBe(ErrorCode.coordinatorNotAvailable);
  expect(driver.join().reply!.errorCode).toBe(ErrorCode.coordinatorNotAvailable);
});
