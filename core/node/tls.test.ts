import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, TLS_REFUSED, TlsError, type TlsOptions } from '../runtime.ts';
import { createNodeRuntime } from './runtime.ts';

const pem = (name: string): string => readFileSync(new URL(`fixtures/tls/${name}.pem`, import.meta.url), 'utf8');
const [authority, stranger, server, client] = ['authority', 'stranger', 'server', 'client'].map(pem) as [
  string,
  string,
  string,
  string,
];
const { network } = createNodeRuntime({ logLevel: 'silent' });
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** Answers with what it hears, in capitals. */
function listen(options: tls.TlsOptions = {}): Promise<number> {
  const listener = tls.createServer({ key: server, cert: server, ...options }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
  });
  return portOf(listener);
}

function portOf(listener: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  listener.on('connection', (socket: net.Socket) => sockets.add(socket.on('error', () => {})));
  opened.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  });
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as net.AddressInfo).port));
  });
}

const trusting: TlsOptions = { authorities: authority, verifyHostName: true };

/** What comes back for `text`, or why the connection ended. */
function converse(connection: Connection, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    connection.handler = {
      data: (bytes) => {
        heard += Buffer.from(bytes).toString();
        if (heard.length === text.length) resolve(heard);
      },
      closed: (reason) => resolve(`closed: ${reason}`),
    };
    connection.write([Buffer.from(text)]);
  });
}

async function connect(port: number, options: TlsOptions, host = '127.0.0.1'): Promise<Connection> {
  const connection = await network.connect(host, port, 5000, options);
  opened.push(connection);
  return connection;
}

async function faultOf(promise: Promise<Connection>): Promise<TlsError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TlsError);
  return error as TlsError;
}

describe('a connection with TLS', () => {
  it('carries bytes, many of them too', async () => {
    const connection = await connect(await listen(), trusting);
    expect(await converse(connection, 'hello')).toBe('HELLO');
    const long = 'abc'.repeat(200_000);
    expect(await converse(connection, long)).toBe(long.toUpperCase());
    expect(connection.bufferedBytes).toBe(0);
  });

  it('takes a name other than the host that is dialled', async () => {
    const port = await listen();
    expect(await converse(await connect(port, { ...trusting, serverName: 'broker.test' }), 'a')).toBe('A');
    const { fault, message } = await faultOf(connect(port, { ...trusting, serverName: 'other.test' }));
    expect(fault).toBe('hostName');
    expect(message).toMatch(/not for other\.test but for DNS:broker\.test, IP Address:127\.0\.0\.1/);
  });

  it('refuses a certificate for another host, unless told not to look', async () => {
    const port = await listen();
    expect((await faultOf(connect(port, trusting, 'localhost'))).fault).toBe('hostName');
    expect(await converse(await connect(port, { ...trusting, verifyHostName: false }, 'localhost'), 'a')).toBe('A');
  });

  it('refuses a certificate that nobody trusted has signed, also when names do not matter', async () => {
    const port = await listen();
    for (const options of [{ authorities: stranger, verifyHostName: false }, { verifyHostName: true }]) {
      expect((await faultOf(connect(port, options))).fault).toBe('authority');
    }
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('shows its own certificate where it is asked for (%s)', async (version) => {
    const port = await listen({ ca: authority, requestCert: true, minVersion: version, maxVersion: version });
    const mutual = { ...trusting, certificate: client, key: client };
    expect(await converse(await connect(port, mutual), 'a')).toBe('A');
    const encrypted = { ...mutual, key: pem('client-encrypted-key'), keyPassword: 'opensesame' };
    expect(await converse(await connect(port, encrypted), 'a')).toBe('A');
  });

  it('says that the peer wants a certificate, which in TLS 1.3 shows after the handshake', async () => {
    const port = await listen({ ca: authority, requestCert: true, minVersion: 'TLSv1.3' });
    expect(await converse(await connect(port, trusting), 'a')).toContain(`closed: ${TLS_REFUSED}`);
  });

  it('refuses keys that are none, and a wrong key password, without repeating them', async () => {
    const port = await listen();
    const encrypted = { ...trusting, certificate: client, key: pem('client-encrypted-key') };
    for (const options of [
      { ...trusting, authorities: '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n' },
      { ...trusting, certificate: client, key: 'hunter2' },
      { ...trusting, certificate: client, key: server },
      { ...encrypted, keyPassword: 'hunter2' },
      encrypted,
    ]) {
      const { fault, message } = await faultOf(connect(port, options));
      expect(fault).toBe('credentials');
      expect(message).not.toContain('hunter2');
    }
  });

  it('offers the versions that it was given', async () => {
    const port = await listen({ minVersion: 'TLSv1.3' });
    expect((await faultOf(connect(port, { ...trusting, versions: ['TLSv1.2'] }))).fault).toBe('protocol');
  });

  it('tells a peer that does not speak TLS', async () => {
    const port = await portOf(net.createServer((socket) => socket.end('220 mail.test ready\r\n')));
    const { fault, message } = await faultOf(connect(port, trusting));
    expect(fault).toBe('protocol');
    expect(message).toContain('does this port speak TLS?');
  });

  it('is retriable when the peer hangs up, and bounded when it says nothing', async () => {
    const hangsUp = await portOf(net.createServer((socket) => socket.destroy()));
    await expect(network.connect('127.0.0.1', hangsUp, 5000, trusting)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const silent = await portOf(net.createServer());
    await expect(network.connect('127.0.0.1', silent, 50, trusting)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('can be destroyed and closed', async () => {
    const port = await listen();
    for (const end of ['destroy', 'close'] as const) {
      const connection = await connect(port, trusting);
      const told = converse(connection, 'never answered in full');
      connection[end]();
      expect(await told).toBe(end === 'destroy' ? 'closed: destroyed' : 'closed: null');
    }
  });
});
