// How fast the simulated world turns: bare events, timers, messages between nodes, appends to a simulated disk.
// Run: npx node scripts/bench/sim-world.ts
import { nodeCodecs } from '../../core/node/index.ts';
import type { Connection, Runtime } from '../../core/runtime.ts';
import { profiles, World } from '../../sim/index.ts';

function makeWorld(): World {
  return new World({
    seed: 'bench',
    codecs: nodeCodecs,
    profile: profiles['cloud-nvme'],
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
    breathe: setImmediate,
  });
}

export interface WorldMeasure {
  readonly name: string;
  readonly unit: string;
  /** Does the work; resolves with how much it was. */
  readonly act: () => Promise<number>;
}

export const worldMeasures: WorldMeasure[] = [];

function measure(name: string, unit: string, act: () => Promise<number>): void {
  worldMeasures.push({ name, unit, act });
}

export async function perSecond(act: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const count = await act();
  return (count * 1000) / (performance.now() - startedAt);
}

const silent = { data() {}, closed() {} };

/** Joins two nodes; `heard` is called with what the server receives. */
async function join(
  world: World,
  heard: (connection: Connection, bytes: Uint8Array) => void,
): Promise<{ client: Connection; runtime: Runtime }> {
  const server = world.addNode({ name: 'server', host: '10.0.0.1' });
  const client = world.addNode({ name: 'client', host: '10.0.0.2' });
  await server.runtime.network.listen('10.0.0.1', 9092, (connection) => {
    connection.handler = { data: (bytes) => heard(connection, bytes), closed() {} };
  });
  let made: Connection | null = null;
  void client.runtime.network.connect('10.0.0.1', 9092, 1000).then((connection) => {
    connection.handler = silent;
    made = connection;
  });
  await world.run(() => made !== null);
  return { client: made!, runtime: client.runtime };
}

/** Fires events that each schedule another; `ranCode`: each is followed by the draining of its microtasks. */
const fireEvents = async (total: number, ranCode: boolean): Promise<number> => {
  const world = makeWorld();
  let fired = 0;
  let state = 1;
  const target = {
    fire: () => {
      fired++;
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      world.schedule(world.nowNs + (state >>> 12), 9, -1, 0, target);
      return ranCode;
    },
  };
  for (let index = 0; index < 10_000; index++) world.schedule(index, 9, -1, 0, target);
  await world.run({ timeNs: 1e18 }, { maxEvents: total });
  return fired;
};

measure('bare events (a queue of 10 000)', 'events', () => fireEvents(5_000_000, false));

measure('events that drain their microtasks', 'events', () => fireEvents(2_000_000, true));

measure('timers, each with an await (1000 nodes of work)', 'timers', async () => {
  const world = makeWorld();
  const { timers } = world.addNode({ name: 'a', host: 'a' }).runtime;
  let slept = 0;
  const loop = async (offset: number): Promise<void> => {
    for (;;) {
      await timers.sleep(5 + offset / 1000);
      slept++;
    }
  };
  for (let index = 0; index < 1000; index++) void loop(index);
  await world.run(() => slept >= 1_000_000);
  return slept;
});

measure('timers set and cancelled (30 s away)', 'timers', async () => {
  const world = makeWorld();
  const { timers } = world.addNode({ name: 'a', host: 'a' }).runtime;
  const total = 3_000_000;
  for (let index = 0; index < total; index++) timers.after(30_000, () => {}).cancel();
  return total;
});

for (const bytes of [100, 10_000]) {
  measure(`messages of ${bytes} B, answered`, 'round trips', async () => {
    const world = makeWorld();
    let answers = 0;
    const answer = new Uint8Array(50);
    const { client } = await join(world, (connection) => connection.write([answer]));
    const message = new Uint8Array(bytes);
    client.handler = {
      data: () => {
        answers++;
        client.write([message]);
      },
      closed() {},
    };
    for (let index = 0; index < 8; index++) client.write([message]);
    await world.run(() => answers >= 300_000);
    return answers;
  });
}

measure('appends of 10 KiB, a sync for every 100', 'appends', async () => {
  const world = makeWorld();
  const { disk } = world.addNode({ name: 'a', host: 'a' }).runtime;
  const chunk = new Uint8Array(10_240).fill(7);
  const total = 60_000;
  let written = 0;
  const loop = async (): Promise<void> => {
    let at = 0;
    let file = disk.open('/log', { create: true });
    while (written < total) {
      for (let index = 0; index < 100; index++) {
        file.write(at, [chunk]);
        at += chunk.length;
        written++;
      }
      await file.sync();
      if (at < 50e6) continue;
      file.close();
      disk.unlink('/log');
      file = disk.open('/log', { create: true });
      at = 0;
    }
  };
  void loop();
  await world.run(() => written >= total);
  return written;
});

if (import.meta.main) {
  for (const { name, unit, act } of worldMeasures) {
    const rate = await perSecond(act);
    process.stdout.write(`${name.padEnd(52)} ${(rate / 1e6).toFixed(2).padStart(8)} M ${unit}/s\n`);
  }
}
