import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import { injectNetworkFault, type NetworkAction } from './network-faults.ts';
import type { RelayLink } from './relay-flow.ts';
import { addressOf, CLIENTS, hasAddresses, RelayNetwork } from './relay-network.ts';

const HOST = '127.0.0.1';
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0).reverse()) close();
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, HOST, () => resolve((server.address() as { port: number }).port)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Brokers that answer every byte with the same byte, each behind its relay. */
async function echoes(count: number): Promise<{ network: RelayNetwork; ports: number[]; accepted: Socket[] }> {
  const accepted: Socket[] = [];
  const ports: number[] = [];
  const relayed = [];
  for (let nodeId = 1; nodeId <= count; nodeId++) {
    const server = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    const broker = await listen(server);
    open.push(() => {
      server.close();
      for (const socket of accepted) socket.destroy();
    });
    const relay = await freePort();
    ports.push(relay);
    relayed.push({ nodeId, client: { relay, broker }, controller: null });
  }
  const network = new RelayNetwork(relayed);
  open.push(() => network.close());
  for (const nodeId of network.brokers) await network.started(nodeId);
  return { network, ports, accepted };
}

class Peer {
  readonly socket: Socket;
  received = '';
  ended: string | null = null;
  constructor(port: number, localAddress?: string) {
    this.socket = connect({ host: HOST, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
    open.push(() => this.socket.destroy());
    this.socket.on('data', (bytes) => {
      this.received += bytes.toString();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended = error.code ?? 'error';
    });
    this.socket.on('close', () => {
      this.ended ??= 'closed';
    });
  }
  say(text: string): void {
    this.socket.write(text);
  }
}

async function until(done: () => boolean): Promise<void> {
  for (const endsAt = performance.now() + 4000; !done(); ) {
    if (performance.now() > endsAt) throw new Error('it did not come to that within 4 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const act = (network: RelayNetwork, action: NetworkAction, targets = [1]) =>
  injectNetworkFault(network, action, targets, createRandom('test'));
const ANY = { kind: 'any' } as const;

describe('a relay', () => {
  test('passes everything on, and the end of it', async () => {
    const { ports, accepted } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('hello');
    await until(() => peer.received === 'hello');
    peer.socket.end();
    await until(() => peer.ended !== null);
    expect(peer.ended).toBe('closed');
    await until(() => accepted[0]!.destroyed);
  });

  test('refuses while the broker’s process is gone, and accepts again afterwards', async () => {
    const { network, ports } = await echoes(1);
    network.ended(1);
    const refused = new Peer(ports[0]!);
    await until(() => refused.ended !== null);
    expect(refused.ended).toBe('ECONNREFUSED');
    await network.started(1);
    const peer = new Peer(ports[0]!);
    peer.say('x');
    await until(() => peer.received === 'x');
  });

  test('ends a connection that the broker does not take', async () => {
    const port = await freePort();
    const network = new RelayNetwork([
      { nodeId: 1, client: { relay: port, broker: await freePort() }, controller: null },
    ]);
    open.push(() => network.close());
    await network.started(1);
    const peer = new Peer(port);
    await until(() => peer.ended !== null);
    expect(peer.received).toBe('');
  });

  test('holds back in a cut, one way or both, and delivers in order when it is mended', async () => {
    const { network, ports, accepted } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const shape = { kind: 'isolate', target: ANY, clients: true, direction: 'in' } as const;
    const there = network.link(CLIENTS, 1);
    const cut = (await act(network, { kind: 'partition', shape, flapMs: null, forMs: null }))!;
    expect(cut.confirmed()).toBe(false);
    peer.say('b');
    await until(() => there.held > 0);
    expect(cut.confirmed()).toBe(true);
    expect(network.link(1, CLIENTS).held).toBe(0);
    const late = new Peer(ports[0]!);
    const before = there.held;
    late.say('late');
    await until(() => there.held > before);
    peer.say('c');
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(accepted[0]!.bytesRead).toBe(1);
    expect(peer.received + late.received).toBe('a');
    await cut.end();
    await until(() => peer.received === 'abc' && late.received === 'late');
  });

  test('takes no more into its memory than it may while a cut lasts', async () => {
    const { network, ports, accepted } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const link = network.link(CLIENTS, 1);
    link.cut();
    const sent = 32 << 20;
    peer.socket.write(Buffer.alloc(sent, 98));
    await until(() => link.held > 0 && waiting(link) >= 1 << 20);
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    // One read more than the bound at most: the rest stays with the kernel and the sender.
    expect(waiting(link)).toBeLessThan((1 << 20) + (1 << 17));
    expect(accepted[0]!.bytesRead).toBe(1);
    link.mend();
    await until(() => accepted[0]!.bytesRead === sent + 1);
  });

  test('delays, and paces by bandwidth', async () => {
    const { network, ports } = await echoes(1);
    const slow = {
      kind: 'slow-link',
      target: ANY,
      delayMs: 40,
      jitterMs: 0,
      bytesPerSecond: 10_000,
      forMs: null,
    } as const;
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const fault = (await act(network, slow))!;
    expect(fault.confirmed()).toBe(false);
    const startedAt = performance.now();
    peer.say('x'.repeat(1000));
    await until(() => peer.received.length === 1001);
    // 40 ms and 1,000 bytes at 10 kB/s, each there and back.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(280);
    expect(fault.confirmed()).toBe(true);
    await fault.end();
    expect(network.link(CLIENTS, 1)).toMatchObject({ delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY });
  });

  test('resets every connection of a broker, once', async () => {
    const { network, ports, accepted } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const reset = (await act(network, { kind: 'connection-reset', target: ANY }))!;
    expect(reset.confirmed()).toBe(true);
    await until(() => peer.ended !== null && accepted[0]!.destroyed);
    expect(peer.ended).toBe('ECONNRESET');
    expect((await act(network, { kind: 'connection-reset', target: ANY }))!.confirmed()).toBe(false);
  });

  test('refuses new connections for a while; those that are open go on', async () => {
    const { network, ports } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const fault = (await act(network, { kind: 'refuse-connections', target: ANY, forMs: null }))!;
    expect(fault.confirmed()).toBe(true);
    const refused = new Peer(ports[0]!);
    await until(() => refused.ended !== null);
    expect(refused.ended).toBe('ECONNREFUSED');
    peer.say('b');
    await until(() => peer.received === 'ab');
    await fault.end();
    const again = new Peer(ports[0]!);
    again.say('c');
    await until(() => again.received === 'c');
  });

  test('stalls and then resets: what was held back never arrives', async () => {
    const { network, ports, accepted } = await echoes(1);
    const peer = new Peer(ports[0]!);
    peer.say('a');
    await until(() => peer.received === 'a');
    const fault = (await act(network, { kind: 'stall-then-reset', target: ANY, forMs: null }))!;
    peer.say('b');
    await until(() => network.link(CLIENTS, 1).held > 0);
    await fault.end();
    await until(() => peer.ended !== null && accepted[0]!.destroyed);
    expect(accepted[0]!.bytesRead).toBe(1);
  });

  test('tells brokers from clients by their addresses, on machines that have them', async () => {
    if (!(await hasAddresses())) {
      expect(process.platform).not.toBe('linux');
      return;
    }
    const { network, ports } = await echoes(2);
    const client = new Peer(ports[0]!);
    const broker = new Peer(ports[0]!, addressOf(2));
    const shape = { kind: 'isolate', target: ANY, clients: false, direction: 'both' } as const;
    const fault = (await act(network, { kind: 'partition', shape, flapMs: null, forMs: null }))!;
    expect(fault.brokers).toEqual([1]);
    client.say('c');
    broker.say('b');
    await until(() => client.received === 'c' && network.link(2, 1).held > 0);
    expect(broker.received).toBe('');
    await fault.end();
    await until(() => broker.received === 'b');
  });
});

function waiting(link: RelayLink): number {
  let bytes = 0;
  for (const flow of link.flows) bytes += flow.waitingBytes;
  return bytes;
}
