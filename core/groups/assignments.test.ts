import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../protocol/index.ts';
import { GroupDriver, text } from './testing/group-driver.ts';

describe('assignments', () => {
  test('nobody is told before the assignment is in the log', () => {
    const driver = new GroupDriver();
    driver.join();
    driver.join();
    driver.pass(10_000);
    driver.holdWrites = true;
    const follower = driver.sync('m2');
    const leader = driver.sync('m1', { m1: 'one', m2: 'two' });
    expect([follower.reply, leader.reply]).toEqual([null, null]);
    expect(driver.group.state).toBe('CompletingRebalance');
    driver.release();
    expect(text(follower.reply!.assignment)).toBe('two');
    expect(text(leader.reply!.assignment)).toBe('one');
    expect(driver.group.state).toBe('Stable');
    expect(text(driver.sync('m2').reply!.assignment)).toBe('two');
  });

  test('a write that fails is answered to all, and a new generation is asked for', () => {
    const driver = new GroupDriver();
    driver.join();
    driver.join();
    driver.pass(10_000);
    driver.holdWrites = true;
    const follower = driver.sync('m2');
    const leader = driver.sync('m1', { m1: 'one', m2: 'two' });
    driver.release(ErrorCode.coordinatorNotAvailable);
    expect(follower.reply!.errorCode).toBe(ErrorCode.coordinatorNotAvailable);
    expect(leader.reply!.errorCode).toBe(ErrorCode.coordinatorNotAvailable);
    expect(driver.group.state).toBe('PreparingRebalance');
  });

  test('an assignment whose generation has passed meanwhile is nobody\u2019s', () => {
    const driver = new GroupDriver();
    driver.join();
    driver.join();
    driver.pass(10_000);
    driver.holdWrites = true;
    const leader = driver.sync('m1', { m1: 'one', m2: 'two' });
    driver.join();
    expect(leader.reply!.errorCode).toBe(ErrorCode.rebalanceInProgress);
    driver.release();
    expect(driver.group.state).toBe('PreparingRebalance');
    for (const member of driver.group.members.values()) expect(member.assignment).toHaveLength(0);
  });

  test('the write of a former generation\u2019s assignment says nothing about the present one', () => {
    const driver = new GroupDriver();
    driver.join();
    driver.pass(10_000);
    driver.holdWrites = true;
    driver.sync('m1', { m1: 'former' });
    driver.join();
    driver.join({ memberId: 'm1' });
    const leader = driver.sync('m1', { m1: 'one', m2: 'two' });
    driver.perform(driver.group.persisted(driver.held.shift()!, ErrorCode.none, driver.now));
    expect(leader.reply).toBeNull();
    driver.release();
    expect(text(leader.reply!.assignment)).toBe('one');
  });

  test('a member that is removed while it waits for its assignment is told so', () => {
    const driver = new GroupDriver();
    driver.join();
    driver.join({ instanceId: 'b' });
    driver.pass(10_000);
    const waiting = driver.sync('m2', {}, 'b');
    expect(driver.leave('', 'b')).toBe(ErrorCode.none);
    expect(waiting.reply!.errorCode).toBe(ErrorCode.unknownMemberId);
    expect(driver.openCalls).toBe(0);
  });

  test('a sync of another generation, protocol or member', () => {
    const driver = new GroupDriver();
    const [id] = driver.stable(1);
    const ask = (change: object) => {
      const base = { memberId: id!, instanceId: null, generationId: 1, protocolType: null, protocolName: null };
      const [effect] = driver.group.sync({ ...base, assignments: [], ...change }, 99, driver.now);
      return effect!.kind === 'synced' ? effect!.reply.errorCode : null;
    };
    expect(ask({})).toBe(ErrorCode.none);
    expect(ask({ generationId: 0 })).toBe(ErrorCode.illegalGeneration);
    expect(ask({ memberId: 'other' })).toBe(ErrorCode.unknownMemberId);
    expect(ask({ protocolName: 'sticky' })).toBe(ErrorCode.inconsistentGroupProtocol);
    expect(ask({ protocolType: 'connect' })).toBe(ErrorCode.inconsistentGroupProtocol);
  });
});
