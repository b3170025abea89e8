import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { profiles, type SimNode, type World } from '../index.ts';
import { more, openPair, type Pair } from './testing/pair.ts';

const pair = (seed?: string): Promise<Pair> =>
  openPair((callback) => queueMicrotask(() => process.nextTick(callback)), seed);

describe('a connection', () => {
  test('carries bytes both ways in order, whatever is written, paused, cut, slow or healed', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), sizes: fc.array(fc.nat(30_000), { maxLength: 4 }) }),
      fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'cut' as const, 'cut back' as const) }),
      fc.record({ kind: fc.constantFrom('heal' as const, 'slow' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(400) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.string(), async (steps, seed) => {
        const { world, server, client, atServer, atClient, serverNode, clientNode } = await pair(seed);
        let sent = 0;
        const { network } = world;
        for (const each of steps) {
          if (each.kind === 'wait') await more(world, each.ms);
          else if (each.kind === 'write') {
            const chunks = each.sizes.map((size) => new Uint8Array(size).map(() => sent++ % 251));
            client.write(chunks);
            server.write(chunks);
          } else if (each.kind === 'pause') server.pause();
          else if (each.kind === 'resume') server.resume();
          else if (each.kind === 'cut') network.cut(clientNode, serverNode);
          else if (each.kind === 'cut back') network.cut(serverNode, clientNode);
          else if (each.kind === 'heal') network.healAll();
          else if (each.kind === 'slow') network.link(clientNode, serverNode).delayFactor = 50;
        }
        network.healAll();
        server.resume();
        await more(world, 60_000);
        const ends = [
          [atServer, client],
          [atClient, server],
        ] as const;
        for (const [end, writer] of ends) {
          expect(end.received).toBe(sent);
          expect(end.bytes.findIndex((byte, index) => byte !== index % 251)).toBe(-1);
          expect(writer.bufferedBytes).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('delivers the very chunks, and now and then cuts one', async () => {
    const { world, client, atServer } = await pair();
    const chunk = new Uint8Array(1000);
    let same = 0;
    const count = atServer.data.bind(atServer);
    atServer.data = (bytes) => {
      if (bytes === chunk) same++;
      count(bytes);
    };
    for (let index = 0; index < 500; index++) {
      client.write([chunk]);
      await more(world, 2);
    }
    expect(same).toBeGreaterThan(450);
    expect(same).toBeLessThan(500);
    expect(atServer.received).toBe(500_000);
  });

  test('a paused reader makes bytes pile up at the writer, and resuming drains them', async () => {
    const { world, server, client, atServer, atClient } = await pair();
    server.pause();
    for (let index = 0; index < 30; index++) client.write([new Uint8Array(1_000_000)]);
    await more(world, 1000);
    expect(client.bufferedBytes).toBe(30_000_000 - profiles['cloud-nvme'].network.windowBytes);
    expect(atServer.received).toBe(0);
    server.resume();
    await more(world, 5000);
    expect(atServer.received).toBe(30_000_000);
    expect(client.bufferedBytes).toBe(0);
    expect(atClient.drains).toBe(1);
  });

  test('takes no more than the bandwidth, and pausing within data stops the next piece', async () => {
    const { world, server, client, atServer } = await pair();
    const start = world.nowNs;
    client.write([new Uint8Array(12_500_000)]);
    await world.run(() => atServer.received === 12_500_000);
    // 1.25 GB/s: 10 ms, and headers.
    expect(world.nowNs - start).toBeGreaterThan(10e6);
    expect(world.nowNs - start).toBeLessThan(25e6);
    const chunks = [1, 2, 3].map((byte) => new Uint8Array(10).fill(byte));
    const before = atServer.pieces;
    const count = atServer.data.bind(atServer);
    atServer.data = (bytes) => {
      count(bytes);
      server.pause();
    };
    client.write(chunks);
    await more(world, 100);
    expect(atServer.pieces).toBe(before + 1);
    server.resume();
    await more(world, 100);
    expect(atServer.pieces).toBe(before + 2);
  });

  test('close flushes what is queued, then both ends hear of an orderly end', async () => {
    const { world, server, client, atServer, atClient, clientNode, serverNode } = await pair();
    client.write([new Uint8Array(9_000_000)]);
    client.close();
    client.close();
    client.write([new Uint8Array(5)]);
    await more(world, 1000);
    expect(atServer.received).toBe(9_000_000);
    expect([atServer.reason, atClient.reason]).toEqual([null, null]);
    server.write([new Uint8Array(5)]);
    server.close();
    server.destroy();
    await more(world, 10_000);
    expect(clientNode.incarnation.connections.size + serverNode.incarnation.connections.size).toBe(0);
  });

  test('close while the peer is paused and still sending ends too', async () => {
    const { world, server, client, atServer, atClient } = await pair();
    server.pause();
    client.write([new Uint8Array(1000)]);
    server.close();
    client.close();
    await more(world, 1000);
    expect([atServer.reason, atClient.reason, atServer.received]).toEqual([null, null, 0]);
  });

  test('close towards a peer that never reads ends after the linger', async () => {
    const { world, server, client, atServer, atClient } = await pair();
    server.pause();
    client.write([new Uint8Array(9_000_000)]);
    client.close();
    await more(world, 4000);
    expect(atClient.reason).toBeUndefined();
    await more(world, 2000);
    expect([atClient.reason, atServer.reason]).toEqual([null, 'ECONNRESET']);
  });

  test('destroy resets: the peer is told a reason, and never synchronously', async () => {
    const { world, server, atServer, atClient } = await pair();
    server.destroy();
    server.destroy();
    expect(atServer.reason).toBeUndefined();
    await more(world, 100);
    expect([atServer.reason, atClient.reason]).toEqual(['destroyed', 'ECONNRESET']);
  });
});

test('a handler that destroys its connection hears nothing more than its end', async () => {
  const { world, server, client, atServer, serverNode } = await pair();
  const count = atServer.data.bind(atServer);
  atServer.data = (bytes) => {
    count(bytes);
    server.destroy();
  };
  for (let index = 0; index < 5; index++) client.write([new Uint8Array(10), new Uint8Array(20)]);
  await more(world, 100);
  expect([atServer.received, atServer.reason]).toEqual([10, 'destroyed']);
  expect(serverNode.incarnation.connections.size).toBe(0);
  expect(world.pendingEvents).toBe(0);
});

describe('listening and connecting', () => {
  const outcome = async (
    world: World,
    node: SimNode,
    host: string,
    port: number,
  ): Promise<{ code: string; ms: number }> => {
    const start = world.nowNs;
    let code = '';
    node.runtime.network.connect(host, port, 2500).then(
      () => {
        code = 'connected';
      },
      (error) => {
        code = error.code;
      },
    );
    await world.run(() => code !== '');
    return { code, ms: Math.floor((world.nowNs - start) / 1e6) };
  };

  test('refused without a listener, unknown without a host, silent behind a cut or without power', async () => {
    const { world, clientNode, serverNode, listener } = await pair();
    expect(await outcome(world, clientNode, '10.0.0.1', 9092)).toEqual({ code: 'connected', ms: 0 });
    expect(await outcome(world, clientNode, '10.0.0.1', 1)).toEqual({ code: 'ECONNREFUSED', ms: 0 });
    expect((await outcome(world, clientNode, '10.9.9.9', 1)).code).toBe('ENOTFOUND');
    for (const [from, to] of [
      [clientNode, serverNode],
      [serverNode, clientNode],
    ] as const) {
      const undo = world.network.cut(from, to);
      expect(await outcome(world, clientNode, 'server', 9092)).toEqual({ code: 'ETIMEDOUT', ms: 2500 });
      undo();
    }
    await listener.close();
    expect((await outcome(world, clientNode, '10.0.0.1', 9092)).code).toBe('ECONNREFUSED');
    serverNode.kill();
    expect((await outcome(world, clientNode, '10.0.0.1', 9092)).code).toBe('ECONNREFUSED');
    serverNode.powerLoss();
    expect((await outcome(world, clientNode, '10.0.0.1', 9092)).code).toBe('ETIMEDOUT');
  });

  test('a lost SYN is sent again', async () => {
    const { world, clientNode, serverNode } = await pair();
    const undo = world.network.cut(clientNode, serverNode);
    world.at(world.nowNs + 5e8, undo);
    expect(await outcome(world, clientNode, 'server', 9092)).toEqual({ code: 'connected', ms: 1000 });
  });

  test('ports: taken ones are refused, 0 takes a free one, processes of one host share them', async () => {
    const { world, serverNode } = await pair();
    const neighbour = world.addNode({ name: 'neighbour', host: '10.0.0.1' });
    const accept = (): void => {};
    await expect(serverNode.runtime.network.listen('x', 9092, accept)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(neighbour.runtime.network.listen('x', 9092, accept)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const free = await neighbour.runtime.network.listen('10.0.0.1', 0, accept);
    expect((await outcome(world, serverNode, 'localhost', free.port)).code).toBe('connected');
  });

  test('a paused process lets its kernel accept, and serves later', async () => {
    const { world, clientNode, serverNode } = await pair();
    serverNode.pause();
    expect((await outcome(world, clientNode, '10.0.0.1', 9092)).code).toBe('connected');
    await more(world, 1000);
    expect(serverNode.incarnation.connections.size).toBe(2);
  });
});
