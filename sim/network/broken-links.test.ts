import { describe, expect, test } from 'vitest';
import { profiles } from '../index.ts';
import { more, openPair, type Pair } from './testing/pair.ts';

const pair = (seed?: string): Promise<Pair> =>
  openPair((callback) => queueMicrotask(() => process.nextTick(callback)), seed);

describe('a peer that dies', () => {
  test('killed: the other side is told within a link delay', async () => {
    const reasons = new Set<string | null | undefined>();
    for (let seed = 0; seed < 12; seed++) {
      const { world, serverNode, atClient, atServer } = await pair(String(seed));
      serverNode.kill();
      await more(world, 5);
      expect(atServer.reason).toBeUndefined();
      expect(atClient.reason).not.toBeUndefined();
      reasons.add(atClient.reason);
    }
    expect(reasons).toEqual(new Set([null, 'ECONNRESET']));
  });

  test('without power: half-open, until what is sent meets the restarted machine', async () => {
    const { world, serverNode, client, atClient } = await pair();
    serverNode.powerLoss();
    await more(world, 60_000);
    expect(atClient.reason).toBeUndefined();
    serverNode.restart();
    await more(world, 60_000);
    expect(atClient.reason).toBeUndefined();
    client.write([new Uint8Array(1)]);
    await more(world, 5);
    expect(atClient.reason).toBe('ECONNRESET');
  });

  test('without power: what was sent meanwhile is retried, and reset after the restart', async () => {
    const { world, serverNode, client, atClient } = await pair();
    serverNode.powerLoss();
    client.write([new Uint8Array(100)]);
    await more(world, 10_000);
    expect(atClient.reason).toBeUndefined();
    serverNode.restart();
    await more(world, 20_000);
    expect(atClient.reason).toBe('ECONNRESET');
  });

  test.each(['power loss', 'reset'] as const)(
    'what a cut held is not sent again after a %s of the sender',
    async (what) => {
      const { world, serverNode, clientNode, client, atServer } = await pair();
      const mend = world.network.link(clientNode, serverNode).cut();
      client.write([new Uint8Array(100)]);
      await more(world, 100);
      if (what === 'reset') client.destroy();
      else {
        clientNode.powerLoss();
        clientNode.restart();
      }
      await more(world, 100);
      mend();
      await more(world, 60_000);
      expect(atServer.received).toBe(0);
    },
  );

  test('nor after a power loss between the end of the cut and the next try', async () => {
    const { world, serverNode, clientNode, client, atServer } = await pair();
    const mend = world.network.link(clientNode, serverNode).cut();
    client.write([new Uint8Array(100)]);
    await more(world, 10);
    mend();
    await more(world, 10);
    clientNode.powerLoss();
    await more(world, 60_000);
    expect(atServer.received).toBe(0);
  });

  test('what a cut held is sent again by the kernel of a process that was killed, unless it resets', async () => {
    const received = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const { world, serverNode, clientNode, client, atServer } = await pair(String(seed));
      const mend = world.network.link(clientNode, serverNode).cut();
      client.write([new Uint8Array(100)]);
      await more(world, 100);
      clientNode.kill();
      mend();
      await more(world, 60_000);
      received.add(atServer.received);
    }
    expect(received).toEqual(new Set([0, 100]));
  });

  test('for good: TCP gives up after its limit', async () => {
    const { world, serverNode, client, atClient } = await pair();
    serverNode.powerLoss();
    client.write([new Uint8Array(100)]);
    await more(world, 900_000);
    expect(atClient.reason).toBeUndefined();
    await more(world, 60_000);
    expect(atClient.reason).toBe('ETIMEDOUT');
  });
});

describe('cuts', () => {
  test('one way: the other direction still delivers, until its window is full of what nobody acknowledged', async () => {
    const { world, clientNode, serverNode, client, server, atClient, atServer } = await pair();
    const undo = world.network.cut(clientNode, serverNode);
    client.write([new Uint8Array(10)]);
    server.write([new Uint8Array(10_000_000)]);
    await more(world, 10_000);
    expect(atServer.received).toBe(0);
    expect(atClient.received).toBe(profiles['cloud-nvme'].network.windowBytes);
    undo();
    undo();
    await more(world, 60_000);
    expect([atServer.received, atClient.received]).toEqual([10, 10_000_000]);
  });

  test('what is sent just before the end of a cut waits for what was lost before it', async () => {
    const { world, clientNode, serverNode, client, atServer } = await pair();
    const undo = world.network.cut(clientNode, serverNode);
    client.write([new Uint8Array([1])]);
    await more(world, 90);
    client.write([new Uint8Array([2])]);
    await more(world, 0.05);
    undo();
    await more(world, 1);
    expect(atServer.bytes).toEqual([]);
    await more(world, 1000);
    expect(atServer.bytes).toEqual([1, 2]);
  });

  test('overlapping ones end when the last is undone', async () => {
    const { world, clientNode, serverNode, client, atServer } = await pair();
    const undo = [world.network.cut(clientNode, serverNode), world.network.partition([clientNode], [serverNode])];
    client.write([new Uint8Array(10)]);
    undo[0]!();
    undo[0]!();
    await more(world, 10_000);
    expect(atServer.received).toBe(0);
    undo[1]!();
    await more(world, 30_000);
    expect(atServer.received).toBe(10);
  });
});
