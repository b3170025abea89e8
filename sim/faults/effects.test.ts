import { describe, expect, test } from 'vitest';
import type { Selector } from '../../workloads/fault.ts';
import { FaultDriver, plainCodecs, type SimNode, type TargetResolver, World } from '../index.ts';
import { AnsweringCluster } from './testing/answering-cluster.ts';

const FIRST: Selector = { kind: 'broker', id: 1 };

const afterMicrotasks = (callback: () => void): void => queueMicrotask(() => process.nextTick(callback));
const newCluster = (): AnsweringCluster => new AnsweringCluster(afterMicrotasks);

describe('what a fault does meanwhile', () => {
  test('a kill silences one broker until its restart', async () => {
    const cluster = newCluster();
    cluster.driver({ kind: 'kill', target: FIRST, restartAfterMs: 1000 }).start();
    await cluster.run(1000);
    const [first, second] = await cluster.run(900);
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(50);
    await cluster.run(200);
    expect(cluster.boots).toEqual([2, 1, 1]);
  });

  test('a restart is due to the last that ended the process', async () => {
    const cluster = newCluster();
    const [first] = cluster.brokers as [SimNode];
    const driver = cluster.driver(
      { kind: 'kill', target: FIRST, restartAfterMs: 2000 },
      { kind: 'power-loss', target: FIRST, restartAfterMs: 3000 },
    );
    driver.start();
    await cluster.run(3500);
    expect(first.state).toBe('off');
    await cluster.run(2000);
    expect(first.state).toBe('running');
    expect(cluster.boots[0]).toBe(2);
  });

  test('a rack loses its power at once; without a time the brokers stay down until all is healed', async () => {
    const cluster = newCluster();
    const driver = cluster.driver({ kind: 'power-loss', target: { kind: 'rack', rack: 'a' }, restartAfterMs: null });
    driver.start();
    await cluster.run(1500);
    expect(cluster.brokers.map((node) => node.state)).toEqual(['off', 'off', 'running']);
    expect(driver.reports()).toMatchObject([{ nodes: ['broker-1', 'broker-2'], untilNs: null }]);
    driver.heal();
    driver.heal();
    await cluster.run(100);
    expect(cluster.boots).toEqual([2, 2, 1]);
  });

  test.each([
    ['its own disk', []],
    ["another's disk", [{ kind: 'disk-swap', target: FIRST, with: { kind: 'broker', id: 2 }, restartAfterMs: 100 }]],
  ] as const)(
    'a sector that cannot be read stays so across restarts, until all is healed: %s',
    async (_name, swaps) => {
      const cluster = newCluster();
      const driver = cluster.driver(
        { kind: 'disk-error', operation: 'read', target: FIRST },
        { kind: 'kill', target: { kind: 'all' }, restartAfterMs: 100 },
        ...swaps,
      );
      driver.start();
      await cluster.run(4000);
      const failures = (): number => cluster.errors.filter((message) => message.startsWith('read /00.log')).length;
      const before = failures();
      await cluster.run(1000);
      expect(failures()).toBeGreaterThan(before + 10);
      driver.heal();
      const healed = failures();
      await cluster.run(1000);
      expect(failures()).toBe(healed);
    },
  );

  test.each(['disk-replace', 'power-loss', 'bit-flip'] as const)(
    'a %s hits nobody who has another’s disk',
    async (kind) => {
      const cluster = newCluster();
      const second = { kind: 'broker', id: 2 } as const;
      const driver = cluster.driver(
        { kind: 'disk-swap', target: FIRST, with: second, restartAfterMs: 100 },
        kind === 'bit-flip' ? { kind, target: second } : { kind, target: second, restartAfterMs: 100 },
      );
      driver.start();
      await cluster.run(3000);
      expect(driver.reports()).toMatchObject([{ state: 'confirmed' }, { state: 'missed' }]);
    },
  );

  test('an empty disk is not swapped', async () => {
    const cluster = newCluster();
    const driver = cluster.driver(
      { kind: 'disk-replace', target: FIRST, restartAfterMs: null },
      { kind: 'disk-swap', target: FIRST, with: { kind: 'broker', id: 2 }, restartAfterMs: 100 },
    );
    driver.start();
    await cluster.run(2500);
    expect(driver.reports()).toMatchObject([{ state: 'confirmed' }, { state: 'missed' }]);
  });

  test('a bit-flip names the file that it hit', async () => {
    const cluster = newCluster();
    const driver = cluster.driver({ kind: 'bit-flip', target: FIRST });
    driver.start();
    await cluster.run(1500);
    const [{ files = [] } = {}] = driver.reports();
    const damaged: string[] = [];
    cluster.brokers[0]!.disk.tree.walk((path, file) => {
      if (file.flips.size > 0) damaged.push(path);
    });
    expect(damaged).toHaveLength(1);
    expect(files).toEqual(damaged);
  });

  test('an orderly stop that takes too long is no orderly stop', async () => {
    const cluster = newCluster();
    cluster.shutdownMs = 60_000;
    const driver = cluster.driver({ kind: 'clean-stop', target: FIRST, restartAfterMs: 1000 });
    driver.start();
    await cluster.run(40_000);
    expect(driver.reports()[0]!.state).toBe('unconfirmed');
    expect(cluster.boots).toEqual([2, 1, 1]);
  });

  test.each([
    ['both', true, [false, true, true]],
    ['out', true, [false, true, true]],
    ['both', false, [true, true, true]],
  ] as const)('isolation %s, clients too: %s', async (direction, clients, answered) => {
    const cluster = newCluster();
    cluster
      .driver({
        kind: 'partition',
        shape: { kind: 'isolate', target: FIRST, clients, direction },
        flapMs: null,
        forMs: null,
      })
      .start();
    await cluster.run(1100);
    expect((await cluster.run(1000)).map((count) => count > 0)).toEqual(answered);
    const { network } = cluster.world;
    const [one, two] = cluster.brokers as [SimNode, SimNode];
    expect(network.link(one, two).isCut).toBe(true);
    expect(network.link(two, one).isCut).toBe(direction === 'both');
  });

  test('a flapping partition comes and goes', async () => {
    const cluster = newCluster();
    const shape = { kind: 'isolate', target: FIRST, clients: true, direction: 'both' } as const;
    cluster.driver({ kind: 'partition', shape, flapMs: 100, forMs: 460 }).start();
    await cluster.run(1050);
    const [one, two] = cluster.brokers as [SimNode, SimNode];
    const seen: boolean[] = [];
    for (let step = 0; step < 7; step++) {
      seen.push(cluster.world.network.link(one, two).isCut);
      await cluster.run(100);
    }
    expect(seen).toEqual([true, false, true, false, true, false, false]);
  });

  test('in a majority ring of five everyone sees a majority and no two the same', async () => {
    const world = new World({
      seed: 'ring',
      codecs: plainCodecs,
      afterMicrotasks,
    });
    const brokers = [0, 1, 2, 3, 4].map((id) => world.addNode({ name: `${id}`, host: `${id}` }));
    const resolver: TargetResolver = {
      leader: () => null,
      followers: () => [],
      survives: () => true,
      controller: () => null,
      broker: () => null,
    };
    const action = { kind: 'partition', shape: { kind: 'majority-ring' }, flapMs: null, forMs: null } as const;
    const driver = new FaultDriver({
      world,
      brokers,
      clients: [],
      resolver,
      faults: [{ id: 'f1', atNs: 0, action, byChance: false }],
    });
    driver.start();
    await world.run({ timeNs: 1 });
    const views = brokers.map((one) =>
      brokers.filter((other) => one === other || !world.network.link(other, one).isCut).map(({ name }) => name),
    );
    for (const view of views) expect(view.length).toBe(3);
    expect(new Set(views.map((view) => view.join())).size).toBe(5);
  });

  test('a fault that finds nobody is missed, and selectors find whom they mean', async () => {
    const cluster = newCluster();
    const topic = 't';
    const driver = cluster.driver(
      { kind: 'kill', target: { kind: 'broker', id: 9 }, restartAfterMs: null },
      { kind: 'pause', target: { kind: 'leader', topic, partition: 1 }, forMs: 1 },
      { kind: 'pause', target: { kind: 'follower', topic, partition: 1 }, forMs: 1 },
      { kind: 'pause', target: { kind: 'controller' }, forMs: 1 },
      { kind: 'pause', target: { kind: 'all' }, forMs: 1 },
    );
    driver.start();
    await cluster.run(6000);
    const reports = driver.reports();
    expect(reports.map(({ state }) => state)).toEqual(['missed', ...new Array(4).fill('confirmed')]);
    expect(reports[1]!.nodes).toEqual(['broker-2']);
    expect(['broker-1', 'broker-3']).toContain(reports[2]!.nodes[0]);
    expect(reports[3]!.nodes).toEqual(['broker-3']);
    expect(reports[4]!.nodes).toEqual(['broker-1', 'broker-2', 'broker-3']);
  });

  test('a condition that nothing met stays unconfirmed', async () => {
    const cluster = newCluster();
    const driver = cluster.driver(
      { kind: 'kill', target: FIRST, restartAfterMs: null },
      { kind: 'disk-full', target: FIRST, forMs: 100 },
    );
    driver.start();
    await cluster.run(3000);
    expect(driver.reports().map(({ state }) => state)).toEqual(['confirmed', 'unconfirmed']);
  });
});
