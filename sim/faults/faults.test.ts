import { describe, expect, test } from 'vitest';
import type { FaultAction, Selector } from '../../workloads/fault.ts';
import { FaultDriver, plainCodecs, SIM_FAULTS, type SimNode, type TargetResolver, World } from '../index.ts';

const ANY: Selector = { kind: 'any' };
const FIRST: Selector = { kind: 'broker', id: 1 };

/** Three brokers that answer, write and sync without end, and a client that speaks to all of them. */
class Cluster {
  readonly world: World;
  readonly brokers: SimNode[] = [];
  readonly client: SimNode;
  /** Broker index → answers that the client has had. */
  readonly answers: number[] = [0, 0, 0];
  readonly errors: string[] = [];
  readonly boots: number[] = [0, 0, 0];
  shutdownMs = 5;

  constructor(seed = 'test') {
    this.world = new World({
      seed,
      codecs: plainCodecs,
      afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
    });
    for (let index = 0; index < 3; index++) {
      const name = `broker-${index + 1}`;
      this.brokers.push(
        this.world.addNode({
          name,
          host: name,
          rack: index === 2 ? 'b' : 'a',
          boot: async ({ network, disk, timers }) => {
            this.boots[index]!++;
            await network.listen(name, 9092, (connection) => {
              connection.handler = { data: (bytes) => connection.write([bytes]), closed() {} };
            });
            for (;;) {
              try {
                const file = disk.open('/00.log', { create: true });
                file.write(file.size, [new Uint8Array(4000)]);
                await file.sync();
                file.read(0, new Uint8Array(100));
                await disk.syncDirectory('/');
                disk.open('/tmp', { create: true }).close();
                disk.rename('/tmp', '/tmp.2');
                disk.unlink('/tmp.2');
                file.truncate(file.size - 500);
                await timers.sleep(20);
                file.close();
              } catch (error) {
                this.errors.push((error as Error).message);
              }
              await timers.sleep(5);
            }
          },
          shutdown: ({ timers }) => timers.sleep(this.shutdownMs),
        }),
      );
    }
    this.client = this.world.addNode({
      name: 'client',
      host: 'client',
      boot: ({ network, timers }) => {
        for (const [index, broker] of this.brokers.entries()) {
          const ask = async (): Promise<never> => {
            for (;;) {
              const connection = await network.connect(broker.host, 9092, 50).catch(() => null);
              if (connection === null) {
                await timers.sleep(10);
                continue;
              }
              let open = true;
              connection.handler = {
                data: () => {
                  this.answers[index]!++;
                },
                closed: () => {
                  open = false;
                },
              };
              for (let asked = 0; open && asked < 20; asked++) {
                connection.write([new Uint8Array(50)]);
                await timers.sleep(10);
              }
              connection.close();
            }
          };
          void ask();
        }
      },
    });
  }

  driver(...actions: FaultAction[]): FaultDriver {
    const resolver: TargetResolver = {
      leader: (_topic, partition) => this.brokers[partition] ?? null,
      followers: (_topic, partition) => this.brokers.filter((_, index) => index !== partition),
      survives: () => true,
      controller: () => this.brokers[2]!,
      broker: (id) => this.brokers[id - 1] ?? null,
    };
    return new FaultDriver({
      world: this.world,
      brokers: this.brokers,
      clients: [this.client],
      resolver,
      faults: actions.map((action, index) => ({
        id: `f${index + 1}`,
        atNs: 1e9 * (index + 1),
        action,
        byChance: false,
      })),
    });
  }

  async run(ms: number): Promise<number[]> {
    const before = [...this.answers];
    await this.world.run({ timeNs: this.world.nowNs + ms * 1e6 });
    return this.answers.map((count, index) => count - before[index]!);
  }
}

const everyAction: readonly FaultAction[] = [
  { kind: 'kill', target: ANY, restartAfterMs: 500 },
  { kind: 'power-loss', target: ANY, restartAfterMs: 500 },
  { kind: 'clean-stop', target: ANY, restartAfterMs: 500 },
  { kind: 'restart', target: ANY },
  { kind: 'pause', target: ANY, forMs: 500 },
  { kind: 'slow-cpu', target: ANY, factor: 10, forMs: 500 },
  { kind: 'partition', shape: { kind: 'halves' }, flapMs: null, forMs: 500 },
  { kind: 'partition', shape: { kind: 'bridge' }, flapMs: 70, forMs: 500 },
  { kind: 'slow-link', target: ANY, delayMs: 100, jitterMs: 10, bytesPerSecond: 1e6, forMs: 500 },
  { kind: 'connection-reset', target: ANY },
  { kind: 'refuse-connections', target: ANY, forMs: 500 },
  { kind: 'stall-then-reset', target: ANY, forMs: 500 },
  { kind: 'partial-reads', target: ANY, forMs: 500 },
  { kind: 'disk-full', target: ANY, forMs: 900 },
  { kind: 'disk-stall', target: ANY, operations: 'all', forMs: 500 },
  { kind: 'disk-stall', target: ANY, operations: 'sync', forMs: 500 },
  { kind: 'slow-disk', target: ANY, factor: 100, forMs: 500 },
  { kind: 'fsync-failure', target: ANY },
  { kind: 'fsync-lie', target: ANY, forMs: 500 },
  { kind: 'disk-error', operation: 'open', target: ANY },
  { kind: 'disk-error', operation: 'read', target: ANY },
  { kind: 'disk-error', operation: 'write', target: ANY },
  { kind: 'disk-error', operation: 'sync', target: ANY },
  { kind: 'disk-error', operation: 'truncate', target: ANY },
  { kind: 'disk-error', operation: 'rename', target: ANY },
  { kind: 'disk-error', operation: 'unlink', target: ANY },
  { kind: 'disk-error', operation: 'directory-sync', target: ANY },
  { kind: 'short-write', target: ANY },
  { kind: 'bit-flip', target: ANY },
  { kind: 'disk-replace', target: ANY, restartAfterMs: 100 },
  { kind: 'disk-swap', target: FIRST, with: { kind: 'broker', id: 2 }, restartAfterMs: 100 },
  { kind: 'clock-jump', target: ANY, byMs: -5000 },
  { kind: 'clock-offset', target: ANY, byMs: 5000, forMs: 500 },
  { kind: 'clock-drift', target: ANY, partsPerMillion: 500, forMs: 500 },
];

test('the list of actions here has every kind', () => {
  expect(new Set(everyAction.map(({ kind }) => kind))).toEqual(new Set(SIM_FAULTS));
});

test.each(everyAction.map((action) => [JSON.stringify(action), action] as const))(
  'takes effect, ends by itself or when healed, and leaves a working cluster: %s',
  async (_name, action) => {
    const cluster = new Cluster();
    const driver = cluster.driver(action);
    driver.start();
    expect(driver.reports()).toMatchObject([{ state: 'pending', atNs: null, untilNs: null, nodes: [] }]);
    await cluster.run(1900);
    await cluster.run(1000);
    const [report] = driver.reports();
    expect(report).toMatchObject({ id: 'f1', kind: action.kind, atNs: 1e9 });
    expect(report!.nodes.length).toBeGreaterThan(0);
    expect(report!.state).toBe('confirmed');
    driver.heal();
    await cluster.run(4000);
    expect(driver.reports()[0]!.untilNs).not.toBeNull();
    for (const node of [...cluster.brokers, cluster.client]) {
      expect(node.state).toBe('running');
      expect(node.cpuFactor).toBe(1);
      expect(node.runtime.clock.wallMs()).toBe(1767225600000 + cluster.world.nowNs / 1e6);
      expect(node.disk.faults).toMatchObject({
        capacityBytes: Infinity,
        syncLies: false,
        callsBlock: false,
        slowFactor: 1,
      });
      expect(node.disk.faults.failNext.size).toBe(0);
    }
    for (const count of await cluster.run(1000)) expect(count).toBeGreaterThan(50);
  },
);

describe('what a fault does meanwhile', () => {
  test('a kill silences one broker until its restart', async () => {
    const cluster = new Cluster();
    cluster.driver({ kind: 'kill', target: FIRST, restartAfterMs: 1000 }).start();
    await cluster.run(1000);
    const [first, second] = await cluster.run(900);
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(50);
    await cluster.run(200);
    expect(cluster.boots).toEqual([2, 1, 1]);
  });

  test('a restart is due to the last that ended the process', async () => {
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
      const cluster = new Cluster();
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
      const cluster = new Cluster();
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
    const cluster = new Cluster();
    const driver = cluster.driver(
      { kind: 'disk-replace', target: FIRST, restartAfterMs: null },
      { kind: 'disk-swap', target: FIRST, with: { kind: 'broker', id: 2 }, restartAfterMs: 100 },
    );
    driver.start();
    await cluster.run(2500);
    expect(driver.reports()).toMatchObject([{ state: 'confirmed' }, { state: 'missed' }]);
  });

  test('a bit-flip names the file that it hit', async () => {
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
      afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
    const driver = cluster.driver(
      { kind: 'kill', target: FIRST, restartAfterMs: null },
      { kind: 'disk-full', target: FIRST, forMs: 100 },
    );
    driver.start();
    await cluster.run(3000);
    expect(driver.reports().map(({ state }) => state)).toEqual(['confirmed', 'unconfirmed']);
  });
});

test('a fault taken out of the plan leaves the draws of the others alone', async () => {
  const victims = async (ids: readonly string[]): Promise<Map<string, string>> => {
    const cluster = new Cluster();
    const driver = new FaultDriver({
      world: cluster.world,
      brokers: cluster.brokers,
      clients: [],
      resolver: {
        leader: () => null,
        followers: () => [],
        controller: () => null,
        broker: () => null,
        survives: () => true,
      },
      faults: ids.map((id) => ({
        id,
        atNs: Number(id) * 1e8,
        byChance: false,
        action: { kind: 'pause', target: ANY, forMs: 1 },
      })),
    });
    driver.start();
    await cluster.run(2000);
    return new Map(driver.reports().map(({ id, nodes }) => [id, nodes.join()]));
  };
  const all = await victims(['1', '2', '3', '4', '5', '6', '7', '8']);
  const some = await victims(['2', '5', '8']);
  for (const [id, victim] of some) expect(victim).toBe(all.get(id));
  expect(new Set(all.values()).size).toBe(3);
});

test('all faults, one upon the other, replay to the same trace and heal to a working cluster', async () => {
  const run = async (): Promise<[number, number]> => {
    const cluster = new Cluster();
    const driver = new FaultDriver({
      world: cluster.world,
      brokers: cluster.brokers,
      clients: [cluster.client],
      resolver: {
        leader: () => null,
        followers: () => [],
        survives: () => true,
        controller: () => null,
        broker: (id) => cluster.brokers[id - 1]!,
      },
      faults: everyAction.map((action, index) => ({ id: `f${index}`, atNs: index * 1e8, action, byChance: false })),
    });
    driver.start();
    await cluster.run(4000);
    driver.heal();
    await cluster.run(4000);
    for (const count of await cluster.run(1000)) expect(count).toBeGreaterThan(50);
    for (const node of cluster.brokers) {
      expect(node.cpuFactor).toBeCloseTo(1);
      expect(node.disk.faults.slowFactor).toBeCloseTo(1);
      for (const other of cluster.brokers)
        expect(cluster.world.network.link(node, other)).toMatchObject({ isCut: false });
    }
    return [cluster.world.trace.events, cluster.world.trace.hash];
  };
  expect(await run()).toEqual(await run());
});

test('a survivable fault spares whom the cluster could not lose, and hurts them in other ways', async () => {
  const cluster = new Cluster();
  const last = cluster.brokers[1]!;
  const faults = [1, 2].flatMap((id) =>
    (['kill', 'pause'] as const).map((kind, at) => ({
      id: `${kind}-${id}`,
      atNs: id * 1e8 + at * 1e9,
      byChance: true,
      survivable: true as const,
      action:
        kind === 'kill'
          ? { kind, target: { kind: 'broker' as const, id }, restartAfterMs: 10 }
          : { kind, target: { kind: 'broker' as const, id }, forMs: 10 },
    })),
  );
  const driver = new FaultDriver({
    world: cluster.world,
    brokers: cluster.brokers,
    clients: [],
    resolver: {
      leader: () => null,
      followers: () => [],
      controller: () => null,
      broker: (id) => cluster.brokers[id - 1]!,
      survives: (ended) => !ended.includes(last),
    },
    faults,
  });
  driver.start();
  await cluster.run(2000);
  expect(driver.reports().map(({ id, state }) => `${id} ${state}`)).toEqual([
    'kill-1 confirmed',
    'pause-1 confirmed',
    'kill-2 missed',
    'pause-2 confirmed',
  ]);
});

test('a failure that waits for its operation has ended when that came, not when it was armed', async () => {
  const cluster = new Cluster();
  const driver = cluster.driver({ kind: 'disk-error', target: FIRST, operation: 'unlink' });
  driver.start();
  await cluster.run(2000);
  const [report] = driver.reports();
  expect(report).toMatchObject({ state: 'confirmed', atNs: 1e9 });
  expect(report!.untilNs).toBeGreaterThan(1e9);
  expect(report!.untilNs).toBe(cluster.brokers[0]!.disk.faults.lastNs.failure);
});
