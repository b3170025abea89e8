import { expect, test } from 'vitest';
import { FakeBroker } from '../client/testing/fake-broker.ts';
import { MemoryNetwork } from '../client/testing/memory-network.ts';
import { VirtualTime } from '../client/testing/virtual-time.ts';
import { metadata } from '../protocol/index.ts';
import { ChannelPeers } from './peers.ts';

const PEER = { id: 1, host: 'b', port: 1 };

function world() {
  const time = new VirtualTime(() => new Promise((resolve) => setImmediate(resolve)));
  const network = new MemoryNetwork(time);
  const peers = new ChannelPeers({ network, timers: time, clock: time }, 'test');
  return { time, network, peers, broker: new FakeBroker(time, PEER.host, PEER.port) };
}

test('a peer refuses as long as nobody listens where it should be', async () => {
  const { time, network, peers, broker } = world();
  expect(peers.refuses(PEER)).toBe(false);
  expect(await time.until(peers.request(PEER, 'control', metadata, {}, 1000))).toBeNull();
  expect(peers.refuses(PEER)).toBe(true);
  broker.on(metadata, () => ({ kind: 'answer', body: { clusterId: 'c' } }));
  await broker.start(network);
  expect((await time.until(peers.request(PEER, 'control', metadata, {}, 1000)))?.clusterId).toBe('c');
  expect(peers.refuses(PEER)).toBe(false);
});

test('a peer that does not answer does not refuse; what waits for it ends when it is dropped', async () => {
  const { time, network, peers, broker } = world();
  broker.on(metadata, () => ({ kind: 'silence' }));
  await broker.start(network);
  const startMs = time.nowMs;
  const asked = peers.request(PEER, 'control', metadata, {}, 30_000);
  await time.until(time.sleep(100));
  expect(broker.requests).toEqual(['ApiVersions', 'Metadata']);
  peers.drop(2);
  peers.drop(PEER.id);
  expect(await time.until(asked)).toBeNull();
  expect(time.nowMs - startMs).toBeLessThan(200);
  expect(peers.refuses(PEER)).toBe(false);
});
