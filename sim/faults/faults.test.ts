import { expect, test } from 'vitest';
import type { FaultAction, Selector } from '../../workloads/fault.ts';
import { FaultDriver, SIM_FAULTS } from '../index.ts';
import { AnsweringCluster } from './testing/answering-cluster.ts';

const ANY: Selector = { kind: 'any' };
const FIRST: Selector = { kind: 'broker', id: 1 };

const afterMicrotasks = (callback: () => void): void => queueMicrotask(() => process.nextTick(callback));
const newCluster = (): AnsweringCluster => new AnsweringCluster(afterMicrotasks);

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
    const cluster = newCluster();
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

test('a fault taken out of the plan leaves the draws of the others alone', async () => {
  const victims = async (ids: readonly string[]): Promise<Map<string, string>> => {
    const cluster = newCluster();
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
    const cluster = newCluster();
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
  const cluster = newCluster();
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
  const cluster = newCluster();
  const driver = cluster.driver({ kind: 'disk-error', target: FIRST, operation: 'unlink' });
  driver.start();
  await cluster.run(2000);
  const [report] = driver.reports();
  expect(report).toMatchObject({ state: 'confirmed', atNs: 1e9 });
  expect(report!.untilNs).toBeGreaterThan(1e9);
  expect(report!.untilNs).toBe(cluster.brokers[0]!.disk.faults.lastNs.failure);
});
