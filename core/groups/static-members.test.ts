import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../protocol/index.ts';
import { GroupDriver, subscription, text } from './testing/group-driver.ts';

describe('static members', () => {
  test('a restart keeps generation and assignment, and fences the former id', () => {
    const driver = new GroupDriver();
    const ids = ['a', 'b'].map((instanceId) => driver.join({ instanceId }));
    driver.pass(10_000);
    driver.sync('m1', { m1: 'one', m2: 'two' }, 'a');
    driver.sync('m2', {}, 'b');
    expect(ids[1]!.reply!.memberId).toBe('m2');
    const back = driver.join({ instanceId: 'b' });
    expect(back.reply).toMatchObject({ errorCode: 0, generationId: 1, memberId: 'm3', members: [], leader: 'm1' });
    expect(driver.group.state).toBe('Stable');
    expect(text(driver.sync('m3', {}, 'b').reply!.assignment)).toBe('two');
    expect(driver.heartbeat('m2', 1, 'b')).toBe(ErrorCode.fencedInstanceId);
    expect(driver.join({ instanceId: 'b', memberId: 'm2' }).reply!.errorCode).toBe(ErrorCode.fencedInstanceId);
    expect(driver.group.commitError('m2', 'b', 1, 'plain')).toBe(ErrorCode.fencedInstanceId);
    expect(driver.records.at(-1)!.members!.map(({ memberId }) => memberId)).toEqual(['m1', 'm3']);
  });

  test('a leader that restarts leads on and may be told to leave the assignment alone', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    driver.join();
    driver.pass(10_000);
    driver.sync('m1', { m1: 'one', m2: 'two' }, 'a');
    driver.sync('m2');
    const skipping = driver.join({ instanceId: 'a', canSkipAssignment: true });
    expect(skipping.reply).toMatchObject({ memberId: 'm3', leader: 'm3', skipAssignment: true });
    expect(skipping.reply!.members.map(({ memberId }) => memberId)).toEqual(['m3', 'm2']);
    // Older clients must take themselves for followers, or they would assign anew.
    const older = driver.join({ instanceId: 'a' });
    expect(older.reply).toMatchObject({ memberId: 'm4', leader: 'm3', skipAssignment: false, members: [] });
    expect(driver.group.leaderId).toBe('m4');
  });

  test('a replacement that cannot be written is taken back', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    driver.pass(10_000);
    driver.sync('m1', { m1: 'one' }, 'a');
    driver.holdWrites = true;
    const back = driver.join({ instanceId: 'a' });
    expect(back.reply).toBeNull();
    driver.release(ErrorCode.notCoordinator);
    expect(back.reply!.errorCode).toBe(ErrorCode.notCoordinator);
    expect(driver.heartbeat('m1', 1, 'a')).toBe(ErrorCode.none);
  });

  test('a replacement overtaken by a rebalance is answered once, with the new generation', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    driver.pass(10_000);
    driver.sync('m1', { m1: 'one' }, 'a');
    driver.holdWrites = true;
    const back = driver.join({ instanceId: 'a' });
    const other = driver.join();
    expect(back.reply).toMatchObject({ errorCode: 0, generationId: 2, memberId: 'm2', leader: 'm2' });
    expect(other.reply).toMatchObject({ errorCode: 0, generationId: 2 });
    driver.release();
    driver.release(ErrorCode.notCoordinator);
    expect(driver.heartbeat('m2', 2, 'a')).toBe(ErrorCode.none);
  });

  test('a restart may be the last that a rebalance waits for', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    driver.join();
    driver.pass(10_000);
    driver.sync('m1', {}, 'a');
    const waiting = driver.join({ memberId: 'm2', protocols: [{ name: 'range', metadata: subscription('u') }] });
    expect(waiting.reply).toBeNull();
    const back = driver.join({ instanceId: 'a' });
    expect([waiting.reply!.generationId, back.reply!.generationId]).toEqual([2, 2]);
  });

  test('a restart amid a rebalance waits with the others', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    const other = driver.join();
    driver.pass(10_000);
    const back = driver.join({ instanceId: 'a' });
    expect(driver.group.state).toBe('PreparingRebalance');
    expect(back.reply).toBeNull();
    driver.join({ memberId: other.reply!.memberId });
    expect(back.reply).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  test('it is removed by its instance id, or when its session ends', () => {
    const driver = new GroupDriver();
    driver.join({ instanceId: 'a' });
    driver.join({ instanceId: 'b' });
    driver.pass(10_000);
    driver.sync('m1', {}, 'a');
    expect(driver.leave('', 'b')).toBe(ErrorCode.none);
    expect(driver.leave('', 'b')).toBe(ErrorCode.unknownMemberId);
    expect(driver.leave('m9', 'a')).toBe(ErrorCode.fencedInstanceId);
    driver.pass(10_000);
    expect(driver.group.members.size).toBe(0);
  });
});
