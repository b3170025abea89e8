import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { compareTraces, NodeFailure, plainCodecs, Trace, World, type WorldOptions } from './index.ts';

const makeWorld = (options: Partial<WorldOptions> = {}): World =>
  new World({
    seed: 'test',
    codecs: plainCodecs,
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
    ...options,
  });

test('the queue gives events in order of time, then of their making, without the cancelled ones', () => {
  const step = fc.record({ time: fc.nat(20), cancels: fc.option(fc.nat(200)), pops: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new EventQueue();
      const expected: { time: number; sequence: number; slot: number }[] = [];
      const pushed: { slot: number; sequence: number }[] = [];
      const popBoth = (): void => {
        expected.sort((one, other) => one.time - other.time || one.sequence - other.sequence);
        const first = expected.shift();
        expect(queue.nextTimeNs()).toBe(first?.time ?? Infinity);
        const got = queue.pop();
        expect(got === null).toBe(first === undefined);
        if (first !== undefined) expect([queue.timeNs, queue.sequence]).toEqual([first.time, first.sequence]);
      };
      for (const { time, cancels, pops } of steps) {
        const slot = queue.push(time, 0, 0, 0, { fire: () => false });
        expected.push({ time, sequence: queue.lastSequence, slot });
        pushed.push({ slot, sequence: queue.lastSequence });
        const victim = cancels === null ? undefined : pushed[cancels % pushed.length];
        if (victim !== undefined) {
          queue.cancel(victim.slot, victim.sequence);
          queue.cancel(victim.slot, victim.sequence);
          const index = expected.findIndex((each) => each.sequence === victim.sequence);
          if (index >= 0) expected.splice(index, 1);
        }
        expect(queue.size).toBe(expected.length);
        for (let pop = 0; pop < pops; pop++) popBoth();
      }
      while (expected.length > 0) popBoth();
      expect(queue.pop()).toBeNull();
    }),
    { numRuns: 100 },
  );
});

test('many cancelled events are swept out and the rest keeps its order', () => {
  const queue = new EventQueue();
  const kept: number[] = [];
  for (let index = 0; index < 20_000; index++) {
    const time = (index * 7919) % 5000;
    const slot = queue.push(time, 0, 0, 0, { fire: () => false });
    if (index % 10 === 0) kept.push(time);
    else queue.cancel(slot, queue.lastSequence);
  }
  const seen: number[] = [];
  while (queue.pop() !== null) seen.push(queue.timeNs);
  expect(seen).toEqual(kept.sort((one, other) => one - other));
});

describe('a run', () => {
  test('one event, then every microtask that it caused, then the next', async () => {
    const world = makeWorld();
    const order: string[] = [];
    const chain = async (name: string, awaits: number): Promise<void> => {
      for (let index = 0; index < awaits; index++) await null;
      order.push(`${name} after ${awaits} awaits at ${world.nowNs}`);
    };
    world.at(10, () => void chain('first', 30));
    world.at(11, () => {
      order.push('second');
    });
    await world.run({ timeNs: 100 });
    expect(order).toEqual(['first after 30 awaits at 10', 'second']);
    expect(world.nowNs).toBe(100);
  });

  test('ends for the reason that comes first, and goes on when asked again', async () => {
    const world = makeWorld();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      world.at(world.nowNs + 1e9, tick);
    };
    world.at(0, tick);
    expect(await world.run(() => ticks === 3)).toMatchObject({ reason: 'predicate', virtualSeconds: 2 });
    expect(await world.run({ timeNs: 4.5e9 })).toMatchObject({ reason: 'time', virtualSeconds: 4.5 });
    expect(await world.run({ timeNs: 1e15 }, { maxEvents: 10 })).toMatchObject({ reason: 'bound' });
    world.at(world.nowNs, () => world.stop());
    expect(await world.run({ timeNs: 1e15 })).toMatchObject({ reason: 'stopped' });
    expect((await makeWorld().run(() => false)).reason).toBe('idle');
    const cancelled = makeWorld();
    cancelled.at(5, () => expect.unreachable())();
    expect((await cancelled.run({ timeNs: 9 })).events).toBe(0);
  });

  test('rejects with the node and the time when code of a node throws, or its boot rejects', async () => {
    const throwing = makeWorld();
    const node = throwing.addNode({ name: 'a', host: 'a' });
    node.runtime.timers.after(5, () => {
      throw new Error('boom');
    });
    await expect(throwing.run({ timeNs: 1e9 })).rejects.toMatchObject({ name: 'NodeFailure', node: 'a' });
    const booting = makeWorld();
    booting.addNode({ name: 'b', host: 'b', boot: async () => Promise.reject(new Error('no')) });
    await expect(booting.run({ timeNs: 1e9 })).rejects.toBeInstanceOf(NodeFailure);
  });

  test('tells its progress', async () => {
    const world = makeWorld();
    const seen: number[] = [];
    const tick = (): void => void world.at(world.nowNs + 1, tick);
    world.at(0, tick);
    await world.run({ timeNs: 30_000 }, { onProgress: (report) => seen.push(report.events) });
    expect(seen).toEqual([8192, 16384, 24576]);
  });
});

/** Nodes that chatter, sleep and write by their own random streams. */
async function chatter(options: Partial<WorldOptions>, disturb: (world: World) => void = () => {}): Promise<World> {
  const world = makeWorld(options);
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    world.addNode({
      name,
      host: name,
      boot: async ({ network, timers, random, disk }) => {
        await network.listen(name, 1000, (connection) => {
          connection.handler = { data: (bytes) => connection.write([bytes]), closed() {} };
        });
        const file = disk.open('/f', { create: true });
        for (;;) {
          const peer = names[random.below(names.length)]!;
          const connection = await network.connect(peer, 1000, 100).catch(() => null);
          connection?.write([new Uint8Array(random.below(5000)).fill(random.below(256))]);
          file.write(file.size, [new Uint8Array(random.below(300))]);
          await file.sync();
          await timers.sleep(random.below(20));
          connection?.close();
        }
      },
    });
  }
  disturb(world);
  await world.run({ timeNs: 2e9 });
  return world;
}

describe('determinism', () => {
  test('the same seed gives the same trace, another seed another', async () => {
    const one = await chatter({ seed: 'x' });
    const same = await chatter({ seed: 'x' });
    const other = await chatter({ seed: 'y' });
    expect(one.trace.events).toBeGreaterThan(1000);
    expect([same.trace.events, same.trace.hash]).toEqual([one.trace.events, one.trace.hash]);
    expect(other.trace.hash).not.toBe(one.trace.hash);
  });

  test('kills, power losses and pauses replay too', async () => {
    const disturb = (world: World): void => {
      world.at(3e8, () => world.node('a')!.kill());
      world.at(5e8, () => world.node('b')!.powerLoss());
      world.at(6e8, () => world.node('c')!.pause());
      world.at(9e8, () => {
        world.node('a')!.restart();
        world.node('b')!.restart();
        world.node('c')!.resume();
      });
    };
    const one = await chatter({}, disturb);
    const same = await chatter({}, disturb);
    expect(same.trace.hash).toBe(one.trace.hash);
    expect(one.node('b')!.incarnation.number).toBe(2);
  });

  test('compareTraces says so, or names the first event that differs', async () => {
    const same = await compareTraces(async (trace) => void (await chatter({ trace })), 256);
    expect(same.kind).toBe('same');

    let runs = 0;
    const flawed = async (trace: Trace): Promise<void> => {
      const late = runs++ === 1 ? 1 : 0;
      await chatter({ trace }, (world) => {
        world.at(1e9 + late, () => {});
      });
    };
    const different = await compareTraces(flawed, 256);
    expect(different).toMatchObject({ kind: 'different', first: { timeNs: 1e9, kind: 'driver', node: 'world' } });
    // Sequences count what was scheduled, so the late event still has its own, one nanosecond on.
    expect(different).toMatchObject({ second: { timeNs: 1e9 + 1, kind: 'driver' } });
  });

  test('compareTraces sees a run that is a mere beginning of the other', async () => {
    let runs = 0;
    const result = await compareTraces(async (trace) => {
      const world = makeWorld({ trace });
      const tick = (): void => void world.at(world.nowNs + 1, tick);
      world.at(0, tick);
      await world.run({ timeNs: runs++ === 0 ? 1000 : 5000 });
    }, 64);
    expect(result).toMatchObject({ kind: 'different', index: 1001, first: null, second: { timeNs: 1001 } });
  });
});

test('a trace without a window keeps the hash alone', () => {
  const trace = new Trace();
  trace.add(1, 1, 0, 0, 0);
  expect(trace.event(0)).toBeNull();
  const other = new Trace();
  other.add(1, 1, 0, 0, 1);
  expect(other.hash).not.toBe(trace.hash);
});
