import { describe, expect, test, vi } from 'vitest';
import { FailoverWorld } from './failover-world.ts';

vi.setConfig({ testTimeout: 60_000 });

const start = (seed: string, led: 'both' | 'apart' | 'spread'): Promise<FailoverWorld> =>
  FailoverWorld.start(seed, led, (callback) => queueMicrotask(() => process.nextTick(callback)));

/** What a producer may notice of a broker's end, where a session would have to run out for 9 s. */
const FAILOVER_MS_MAX = 500;

describe('a broker that is killed', () => {
  for (let seed = 1; seed <= 4; seed++) {
    test(`leads the partitions: others lead at once (seed ${seed})`, async () => {
      const scene = await start(`leader ${seed}`, 'apart');
      const { leader, controller } = scene;
      scene.takeLongestMs();
      scene.node(leader).kill();
      await scene.run(FAILOVER_MS_MAX);
      expect(scene.fenced).toEqual([leader]);
      expect(scene.leader).not.toBe(leader);
      expect(scene.controller).toBe(controller);
      await scene.run(2000);
      expect(scene.takeLongestMs()).toBeLessThan(FAILOVER_MS_MAX);
      expect(scene.failures).toEqual([]);
    });

    test(`is the active controller and leads the partitions: both are led at once (seed ${seed})`, async () => {
      const scene = await start(`both ${seed}`, 'both');
      const { leader, controller } = scene;
      expect(leader).toBe(controller);
      scene.takeLongestMs();
      scene.node(leader).kill();
      await scene.run(FAILOVER_MS_MAX);
      expect(scene.fenced).toEqual([leader]);
      expect(scene.leader).not.toBe(leader);
      expect(scene.controller).not.toBe(leader);
      await scene.run(2000);
      expect(scene.takeLongestMs()).toBeLessThan(FAILOVER_MS_MAX);
      expect(scene.failures).toEqual([]);
    });

    test(`is the active controller alone: nobody waits for its session (seed ${seed})`, async () => {
      const scene = await start(`controller ${seed}`, 'apart');
      const { leader, controller } = scene;
      scene.takeLongestMs();
      scene.node(controller).kill();
      await scene.run(FAILOVER_MS_MAX);
      expect(scene.fenced).toEqual([controller]);
      expect(scene.leader).toBe(leader);
      await scene.run(2000);
      expect(scene.takeLongestMs()).toBeLessThan(FAILOVER_MS_MAX);
      expect(scene.failures).toEqual([]);
    });
  }
});

test('followers that already fetch from a new leader fetch the partitions that come to it at once', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const scene = await start(`spread ${seed}`, 'spread');
    scene.takeLongestMs();
    scene.node(scene.controller).kill();
    await scene.run(3000);
    // Well below replica.fetch.wait.max.ms and replica.fetch.backoff.ms, either of which a fetch could be held up for.
    expect(scene.takeLongestMs()).toBeLessThan(400);
    expect(scene.waiting).toBeLessThan(60);
    expect(scene.failures).toEqual([]);
  }
});

describe('a broker that lives', () => {
  /** What happens to the broker that leads everything; its peers must not act on it. */
  const incidents: Readonly<Record<string, (scene: FailoverWorld) => Promise<void>>> = {
    'stands still for half a second': async (scene) => {
      scene.node(scene.leader).pause();
      await scene.run(500);
      scene.node(scene.leader).resume();
    },
    'is out of reach for the time that TCP takes to send a lost packet again': async (scene) => {
      const { leader } = scene;
      const others = scene.world.nodes.filter((node) => node !== scene.node(leader));
      const heal = scene.world.network.partition([scene.node(leader)], others);
      await scene.run(20);
      heal();
    },
    'has all its connections reset': async (scene) => {
      for (const connection of [...scene.node(scene.leader).incarnation.connections]) connection.break();
    },
    'has all its connections reset while it stands still': async (scene) => {
      const node = scene.node(scene.leader);
      node.pause();
      for (const connection of [...node.incarnation.connections]) connection.break();
      await scene.run(500);
      node.resume();
    },
  };
  for (const [what, happen] of Object.entries(incidents)) {
    for (const led of ['both', 'apart'] as const) {
      const who = led === 'both' ? 'and is the controller' : 'and is not the controller';
      test(`${what} ${who}: nobody is fenced, nobody elected`, async () => {
        const scene = await start(`${what} ${led}`, led);
        const { elections, leader } = scene;
        await happen(scene);
        await scene.run(5000);
        expect(scene.fenced).toEqual([]);
        expect(scene.elections).toBe(elections);
        expect(scene.leader).toBe(leader);
        expect(scene.failures).toEqual([]);
      });
    }
  }
});

/** From a new leader in the metadata until clients have found it, though nobody ends their connections to the old one. */
const FOUND_MS_MAX = 2500;

describe('a host that loses its power, and tells nobody', () => {
  for (const led of ['both', 'apart'] as const) {
    test(`is not waited for once another leads (${led})`, async () => {
      const scene = await start(`power ${led}`, led);
      const { leader } = scene;
      const { nowNs } = scene.world;
      scene.takeLongestMs();
      scene.node(leader).powerLoss();
      await scene.until(() => scene.leader > 0 && scene.leader !== leader);
      await scene.run(FOUND_MS_MAX);
      expect(scene.waiting).toBeLessThan(60);
      expect(scene.takeLongestMs()).toBeLessThan((scene.world.nowNs - nowNs) / 1e6);
      expect(scene.failures).toEqual([]);
    });
  }

  test('comes back and leads again: its followers fetch from its new life at once', async () => {
    const scene = await start('back', 'apart');
    const { leader } = scene;
    scene.node(leader).powerLoss();
    await scene.until(() => scene.leader > 0 && scene.leader !== leader);
    scene.node(leader).restart();
    await scene.until(() => scene.inSync === 3 && scene.fenced.length === 0);
    await scene.run(3000);
    scene.takeLongestMs();
    await scene.electPreferred();
    await scene.until(() => scene.leader === leader);
    await scene.run(2000);
    expect(scene.takeLongestMs()).toBeLessThan(1000);
    expect(scene.waiting).toBeLessThan(60);
    expect(scene.failures).toEqual([]);
  });
});
