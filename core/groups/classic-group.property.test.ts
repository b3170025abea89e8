import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ErrorCode } from '../protocol/index.ts';
import { GroupDriver, text } from './testing/group-driver.ts';

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
