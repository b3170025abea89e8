import { afterEach, expect, test } from 'vitest';
import { type Connection, type ConnectionHandler, type Listener, NetworkError } from '../runtime.ts';
import { createNodeRuntime } from './runtime.ts';

const { network } = createNodeRuntime({ logLevel: 'silent' });
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** A handler that remembers, and promises for what is to come. */
class Recorder implements ConnectionHandler {
  received = 0;
  text = '';
  drains = 0;
  readonly whenClosed: Promise<string | null>;
  #closed: (reason: string | null) => void = () => {};
  #awaited: { bytes: number; resolve: () => void } | null = null;

  constructor() {
    this.whenClosed = new Promise((resolve) => {
      this.#closed = resolve;
    });
  }
  data(bytes: Uint8Array): void {
    this.received += bytes.length;
    if (this.text.length < 100) this.text += Buffer.from(bytes.subarray(0, 100)).toString();
    if (this.#awaited !== null && this.received >= this.#awaited.bytes) this.#awaited.resolve();
  }
  closed(reason: string | null): void {
    this.#closed(reason);
  }
  drained(): void {
    this.drains++;
  }
  async until(bytes: number): Promise<void> {
    if (this.received >= bytes) return;
    await new Promise<void>((resolve) => {
      this.#awaited = { bytes, resolve };
    });
  }
}

async function pair(): Promise<{
  server: Connection;
  client: Connection;
  atServer: Recorder;
  atClient: Recorder;
  listener: Listener;
}> {
  const atServer = new Recorder();
  const atClient = new Recorder();
  let accepted: (connection: Connection) => void = () => {};
  const arrival = new Promise<Connection>((resolve) => {
    accepted = resolve;
  });
  const listener = await network.listen('127.0.0.1', 0, (connection) => {
    connection.handler = atServer;
    accepted(connection);
  });
  const client = await network.connect('127.0.0.1', listener.port, 1000);
  client.handler = atClient;
  const server = await arrival;
  opened.push(listener, { close: () => client.destroy() }, { close: () => server.destroy() });
  return { server, client, atServer, atClient, listener };
}

test('bytes travel both ways in order, chunk lists as one', async () => {
  const { server, client, atServer, atClient } = await pair();
  client.write([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')]);
  client.write([Buffer.from(' four')]);
  await atServer.until(18);
  expect(atServer.text).toBe('one two three four');
  server.write([Buffer.from('answer')]);
  await atClient.until(6);
  expect(atClient.text).toBe('answer');
  expect(server.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('both ends lend what they read: the memory of one piece is that of the next', async () => {
  const { server, client, atServer, atClient } = await pair();
  expect([server.lendsReads, client.lendsReads]).toEqual([true, true]);
  const pieces: Uint8Array[] = [];
  server.handler = { data: (bytes) => pieces.push(bytes), closed() {} };
  client.write([Buffer.from('first')]);
  server.write([Buffer.from('other')]);
  await atClient.until(5);
  client.write([Buffer.from('again')]);
  await expect.poll(() => pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(10);
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(1);
  server.handler = atServer;
});

test('close flushes what is queued, then both ends hear of an orderly end', async () => {
  const { server, client, atServer, atClient } = await pair();
  const large = new Uint8Array(5_000_000);
  client.write([large]);
  client.close();
  client.close();
  client.write([large]);
  await atServer.until(5_000_000);
  expect(await atServer.whenClosed).toBeNull();
  expect(await atClient.whenClosed).toBeNull();
  expect(atServer.received).toBe(5_000_000);
  server.write([large]);
});

test('close while the peer is paused and still sending ends too', async () => {
  const { server, client, atServer, atClient } = await pair();
  server.pause();
  client.write([new Uint8Array(1000)]);
  server.close();
  client.close();
  expect(await atServer.whenClosed).toBeNull();
  expect(await atClient.whenClosed).toBeNull();
});

test('destroy resets: the peer is told a reason', async () => {
  const { server, atServer, atClient } = await pair();
  server.destroy();
  server.destroy();
  expect(await atServer.whenClosed).toBe('destroyed');
  expect(await atClient.whenClosed).toBe('ECONNRESET');
});

test('a paused reader makes bytes pile up at the writer, and resuming drains them', async () => {
  const { server, client, atServer, atClient } = await pair();
  server.pause();
  const chunk = new Uint8Array(1_000_000);
  for (let index = 0; index < 30; index++) client.write([chunk]);
  expect(client.bufferedBytes).toBeGreaterThan(10_000_000);
  expect(atServer.received).toBe(0);
  server.resume();
  await atServer.until(30_000_000);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(client.bufferedBytes).toBe(0);
  expect(atClient.drains).toBe(1);
});

test('a closed listener frees its port and leaves its connections alive', async () => {
  const { listener, server, client, atServer } = await pair();
  await listener.close();
  await expect(network.connect('127.0.0.1', listener.port, 1000)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  client.write([Buffer.from('still here')]);
  await atServer.until(10);
  const again = await network.listen('127.0.0.1', listener.port, () => {});
  await again.close();
  server.close();
});

test('listen on a taken port, connect to nobody, connect into silence', async () => {
  const { listener } = await pair();
  const taken = network.listen('127.0.0.1', listener.port, () => {});
  await expect(taken).rejects.toBeInstanceOf(NetworkError);
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(network.connect('nobody.invalid', 9, 2000)).rejects.toBeInstanceOf(NetworkError);

  // An address for documentation (RFC 5737): silence where packets leave the machine, a refusal where they cannot.
  const start = performance.now();
  await expect(network.connect('192.0.2.1', 9, 50)).rejects.toBeInstanceOf(NetworkError);
  expect(performance.now() - start).toBeLessThan(2000);
});
