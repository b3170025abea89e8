import fc from 'fast-check';
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

/**
 * Clients that follow the protocol, in any interleaving with silence, crashes, restarts and failed writes. Laws, after each
 * step: a generation has one leader and one protocol; two members that hold an assignment of one generation hold different
 * parts of one and the same; nobody's call is lost; the generation never goes back; and in the end, left alone, all live
 * clients hold together everything.
 */
test('every history: one assignment per generation, no call unanswered, nothing left out in the end', () => {
  const step = fc.record({
    client: fc.nat({ max: 3 }),
    act: fc.constantFrom('poll', 'poll', 'poll', 'poll', 'leave', 'crash', 'lapse', 'failWrite', 'hold', 'release'),
    ms: fc.integer({ min: 0, max: 4000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, withStatics) => {
      const world = new ClientWorld(withStatics);
      for (const { client, act, ms } of steps) {
        world.act(client, act, ms);
        world.check();
      }
      world.quiet();
    }),
    { numRuns: 150 },
  );
});

class ClientWorld {
  readonly driver = new GroupDriver({ initialRebalanceDelayMs: 1000 });
  readonly clients: ModelClient[];
  /** The assignment that each generation was given, as the leader sent it. */
  readonly assigned = new Map<number, string>();
  #generation = 0;

  constructor(withStatics: boolean) {
    this.clients = Array.from(
      { length: 4 },
      (_, index) => new ModelClient(this, withStatics && index < 2 ? `i${index}` : null),
    );
  }

  act(index: number, act: string, ms: number): void {
    const client = this.clients[index]!;
    if (act === 'poll') client.poll();
    else if (act === 'leave') client.leave();
    else if (act === 'crash') client.crash();
    else if (act === 'hold') this.driver.holdWrites = true;
    else if (act === 'release' || act === 'failWrite') {
      this.driver.release(act === 'failWrite' ? ErrorCode.coordinatorNotAvailable : 0);
      this.driver.holdWrites = false;
    }
    this.driver.pass(act === 'lapse' ? ms * 4 : ms);
  }

  check(): void {
    const { group } = this.driver;
    expect(group.generationId).toBeGreaterThanOrEqual(this.#generation);
    this.#generation = group.generationId;
    if (group.members.size > 0 && group.state !== 'Empty') expect(group.members.has(group.leaderId!)).toBe(true);
    if (group.state === 'Empty') expect(group.members.size).toBe(0);
    const held = new Map<string, string>();
    for (const client of this.clients) {
      if (client.assignment === null || client.generation !== group.generationId) continue;
      // A replaced member's client may not know yet that it is one no more.
      if (!group.members.has(client.memberId)) continue;
      for (const part of client.assignment.split(',').filter((each) => each !== '')) {
        expect(held.get(part)).toBeUndefined();
        held.set(part, client.memberId);
      }
    }
  }

  /** Left alone, everybody polls on: all are members of one generation, and every part has one owner. */
  quiet(): void {
    this.driver.holdWrites = false;
    this.driver.release();
    for (let round = 0; round < 400; round++) {
      for (const client of this.clients) client.poll();
      this.driver.pass(500);
      this.check();
    }
    const { group } = this.driver;
    expect(group.state).toBe('Stable');
    expect([...group.members.keys()].sort()).toEqual(this.clients.map(({ memberId }) => memberId).sort());
    expect(this.clients.map(({ generation }) => generation)).toEqual(this.clients.map(() => group.generationId));
    const parts = this.clients.flatMap(({ assignment }) => (assignment ?? '').split(',').filter((each) => each !== ''));
    expect(parts.sort()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(this.driver.openCalls).toBe(0);
  }
}

/** A consumer as the protocol wants it: joins, syncs, beats, and starts over when it is told to. */
class ModelClient {
  memberId = '';
  generation = -1;
  assignment: string | null = null;
  readonly #world: ClientWorld;
  readonly #instanceId: string | null;
  #join: ReturnType<GroupDriver['join']> | null = null;
  #sync: ReturnType<GroupDriver['sync']> | null = null;

  constructor(world: ClientWorld, instanceId: string | null) {
    this.#world = world;
    this.#instanceId = instanceId;
  }

  poll(): void {
    const { driver } = this.#world;
    if (this.#join !== null) this.#joined();
    else if (this.#sync !== null) this.#synced();
    else if (this.assignment === null) this.#start();
    else {
      const code = driver.heartbeat(this.memberId, this.generation, this.#instanceId);
      if (code !== ErrorCode.none) this.#again(code);
    }
  }

  #start(): void {
    this.#join = this.#world.driver.join({
      memberId: this.memberId,
      instanceId: this.#instanceId,
      requiresKnownMemberId: true,
      rebalanceTimeoutMs: 9000,
    });
  }

  #joined(): void {
    const reply = this.#join!.reply;
    if (reply === null) return;
    this.#join = null;
    if (reply.errorCode === ErrorCode.memberIdRequired) this.memberId = reply.memberId;
    if (reply.errorCode !== ErrorCode.none) {
      this.#again(reply.errorCode);
      return;
    }
    this.memberId = reply.memberId;
    this.generation = reply.generationId;
    const plan: Record<string, string> = {};
    const members = reply.members.map(({ memberId }) => memberId);
    for (let part = 0; part < 6 && members.length > 0; part++) {
      const owner = members[part % members.length]!;
      plan[owner] = plan[owner] === undefined ? `${part}` : `${plan[owner]},${part}`;
    }
    if (this.#world.driver.group.generationId !== this.generation) return;
    this.#sync = this.#world.driver.sync(this.memberId, plan, this.#instanceId);
  }

  #synced(): void {
    const reply = this.#sync!.reply;
    if (reply === null) return;
    this.#sync = null;
    if (reply.errorCode === ErrorCode.none) this.assignment = text(reply.assignment);
    else this.#again(reply.errorCode);
  }

  #again(code: number): void {
    this.assignment = null;
    const forgotten: number[] = [ErrorCode.unknownMemberId, ErrorCode.fencedInstanceId, ErrorCode.illegalGeneration];
    if (forgotten.includes(code)) this.memberId = '';
  }

  leave(): void {
    if (this.memberId !== '' && this.#join === null && this.#sync === null) this.#world.driver.leave(this.memberId);
    this.crash();
  }

  /** Starts over without memory; what it had asked is answered to nobody. */
  crash(): void {
    this.memberId = '';
    this.generation = -1;
    this.assignment = null;
    this.#join = null;
    this.#sync = null;
  }
}
