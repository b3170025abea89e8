import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainCodecs, World } from './index.ts';

const makeWorld = (): World =>
  new World({
    seed: 'test',
    codecs: plainCodecs,
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
  });

describe('timers', () => {
  test('fire in order of their due times, never early and never synchronously, whatever the drift', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.nat(5000).map((hundredths) => hundredths / 100),
          { maxLength: 30 },
        ),
        fc.integer({ min: -500_000, max: 500_000 }),
        async (delays, drift) => {
          const world = makeWorld();
          const node = world.addNode({ name: 'a', host: 'a' });
          node.clock.setDrift(drift);
          const { clock, timers } = node.runtime;
          const start = clock.monotonicNs();
          const fired: { delay: number; at: number }[] = [];
          for (const delay of delays) timers.after(delay, () => fired.push({ delay, at: clock.monotonicNs() }));
          expect(fired).toEqual([]);
          await world.run({ timeNs: 1e9 });
          expect(fired.map(({ delay }) => delay)).toEqual([...delays].sort((one, other) => one - other));
          for (const { delay, at } of fired) expect(at - start).toBeGreaterThanOrEqual(delay * 1e6);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a cancelled timer does not fire, also one that is due and waits for the processor', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const { timers } = node.runtime;
    const fired: string[] = [];
    timers.after(1, () => {
      node.charge(5e6);
      fired.push('first');
    });
    timers.after(2, () => {
      fired.push('second');
      third.cancel();
    });
    const third = timers.after(3, () => fired.push('third'));
    timers.after(1, () => fired.push('cancelled')).cancel();
    await world.run({ timeNs: 1e9 });
    expect(fired).toEqual(['first', 'second']);
    expect(node.incarnation.pendingTimers).toBe(0);
  });

  test('endOfTurn comes after the microtasks of the turn; what it adds waits for the next turn', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const { timers } = node.runtime;
    const order: string[] = [];
    timers.after(1, () => {
      timers.endOfTurn(() => {
        order.push('end');
        timers.endOfTurn(() => order.push('next end'));
        void Promise.resolve().then(() => order.push('microtask of the end'));
      });
      void (async () => {
        for (let index = 0; index < 5; index++) await null;
        order.push('microtask');
        timers.endOfTurn(() => order.push('end, too'));
      })();
    });
    // Asked for from outside, while the node is idle.
    timers.endOfTurn(() => order.push('idle'));
    await world.run({ timeNs: 1e9 });
    expect(order).toEqual(['idle', 'microtask', 'end', 'end, too', 'microtask of the end', 'next end']);
  });

  test('a busy node takes all that waits as one turn', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const { timers } = node.runtime;
    const order: string[] = [];
    timers.after(1, () => node.charge(10e6));
    for (const name of ['one', 'two', 'three']) {
      timers.after(2, () => {
        order.push(name);
        timers.endOfTurn(() => order.push(`end of ${name}`));
      });
    }
    await world.run({ timeNs: 1e9 });
    expect(order).toEqual(['one', 'two', 'three', 'end of one', 'end of two', 'end of three']);
  });
});

describe('the processor', () => {
  test('serves one thing after another, so that work queues', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    node.cpuFactor = 2;
    const at: number[] = [];
    for (let index = 0; index < 3; index++) {
      node.runtime.timers.after(1, () => {
        at.push(node.runtime.clock.monotonicNs());
        node.charge(1e6);
      });
    }
    await world.run({ timeNs: 1e9 });
    const cost = 2 * node.profile.cpu.timerNs;
    expect(at).toEqual([1e6 + cost, 3e6 + 2 * cost, 5e6 + 3 * cost]);
  });

  test('a paused node stands still and then catches up', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const at: number[] = [];
    for (const delay of [1, 5, 30]) node.runtime.timers.after(delay, () => at.push(Math.floor(world.nowNs / 1e6)));
    world.at(3e6, () => expect(node.pause()).toBe(true));
    world.at(4e6, () => expect(node.pause()).toBe(false));
    world.at(20e6, () => expect(node.resume()).toBe(true));
    await world.run({ timeNs: 1e9 });
    expect(at).toEqual([1, 20, 30]);
  });
});

describe('clocks', () => {
  test('the wall jumps either way and drifts; the monotonic clock only drifts', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const { clock } = node.runtime;
    expect(clock.wallMs()).toBe(1767225600000);
    await world.run({ timeNs: 1e9 });
    expect(clock.wallMs()).toBe(1767225601000);
    node.clock.jump(-5000);
    expect([clock.wallMs(), clock.monotonicNs()]).toEqual([1767225596000, 1e9]);
    node.clock.setDrift(1000);
    await world.run({ timeNs: 2e9 });
    expect([clock.wallMs(), clock.monotonicNs()]).toEqual([1767225597001, 2001000000]);
    node.clock.setDrift(-1000);
    await world.run({ timeNs: 3e9 });
    expect(clock.monotonicNs()).toBe(3000000000);
    expect(() => node.clock.setDrift(-1e6)).toThrow(RangeError);
  });
});

describe('a dead process', () => {
  test.each(['kill', 'powerLoss'] as const)('after %s nothing of it ever runs again', async (end) => {
    const world = makeWorld();
    let deaths = 0;
    const late: string[] = [];
    const peer = world.addNode({ name: 'peer', host: 'peer' });
    await peer.runtime.network.listen('peer', 1, (connection) => {
      connection.handler = { data: (bytes) => connection.write([bytes]), closed() {} };
    });
    const node = world.addNode({
      name: 'a',
      host: 'a',
      boot: async ({ timers, disk, network, log }, self) => {
        const { incarnation } = self;
        const heard = (what: string) => (): void => {
          if (!incarnation.alive) late.push(`${incarnation.number}: ${what}`);
        };
        const file = disk.open('/f', { create: true });
        const connection = await network.connect('peer', 1, 1000);
        connection.handler = { data: heard('data'), closed: heard('closed') };
        for (let index = 0; ; index++) {
          timers.after(index % 7, heard('timer'));
          timers.endOfTurn(heard('end of turn'));
          connection.write([new Uint8Array(100)]);
          file.write(0, [new Uint8Array(10)]);
          void file.sync().then(heard('sync'), heard('failed sync'));
          void disk.syncDirectory('/').then(heard('directory sync'));
          void file.readCold(0, new Uint8Array(5)).then(heard('cold read'));
          void network.connect('peer', 1, 100).then((each) => {
            heard('connect')();
            each.destroy();
          }, heard('failed connect'));
          void network.connect('peer', 2, 100).catch(heard('refused'));
          await timers.sleep(1);
          heard('sleep')();
          log.info('alive');
        }
      },
    });
    for (let index = 1; index <= 20; index++) {
      world.at(index * 13.37e6, () => {
        const zombie = node.runtime;
        expect(node[end]()).toBe(true);
        expect(node[end]()).toBe(false);
        deaths++;
        // What still holds the runtime can do nothing with it.
        expect(() => zombie.disk.open('/f')).toThrow('EIO');
        zombie.timers.after(0, () => late.push('zombie timer'));
        zombie.timers.endOfTurn(() => late.push('zombie turn'));
        void zombie.network.connect('peer', 1, 10).catch(() => late.push('zombie connect'));
      });
      world.at(index * 13.37e6 + 4e6, () => void node.restart());
    }
    await world.run({ timeNs: 4e8 });
    expect(deaths).toBe(20);
    expect(node.incarnation.number).toBe(21);
    expect(late).toEqual([]);
  });

  test('a restart finds the page cache after a kill, and draws other random numbers', async () => {
    const world = makeWorld();
    const node = world.addNode({ name: 'a', host: 'a' });
    const first = node.runtime;
    const drawn = first.random.uint32();
    const file = first.disk.open('/f', { create: true });
    file.write(0, [new Uint8Array([1, 2, 3])]);
    node.kill();
    expect(node.state).toBe('down');
    const { disk, random } = node.restart();
    expect(disk.open('/f').size).toBe(3);
    expect(random.uint32()).not.toBe(drawn);
    expect(node.state).toBe('running');
    expect(node.incarnation.openFiles).toBe(1);
  });
});
