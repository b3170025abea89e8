import net from 'node:net';
import tls from 'node:tls';
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Logger,
  type Network,
  NetworkError,
} from '../runtime.ts';
import { connectTls, handshakeError, refusalByPeer } from './tls.ts';

/** After a close of ours the peer has this long to close its side; then the socket is destroyed. */
const LINGER_MS = 5000;

/**
 * All sockets of this thread are read into one buffer, whose bytes are lent to the handler: a piece of memory for each
 * read costs twice what the read itself does, here in streams and collections, in the kernel in pages that are new.
 */
const landing = new Uint8Array(262_144);

/**
 * TCP without Nagle's delay. `log` hears of errors that belong to no connection. `localAddress`: one of this machine's,
 * from which it connects; default the one that the route has.
 */
export function createNodeNetwork(log: Logger, localAddress?: string): Network {
  const from = localAddress === undefined ? {} : { localAddress };
  return {
    listen(host, port, accept) {
      return new Promise((resolve, reject) => {
        const server = net.createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true });
        server.once('error', (error) => reject(networkError(error)));
        server.on('connection', (socket) => accept(acceptedConnection(socket)));
        server.listen({ host, port }, () => {
          server.removeAllListeners('error');
          // Accepting can fail for want of descriptors; the listener goes on when there are some again.
          server.on('error', (error) => log.error('cannot accept a connection', { host, port, error }));
          resolve(new NodeListener(server));
        });
      });
    },

    connect(host, port, timeoutMs, security) {
      return new Promise((resolve, reject) => {
        let connection: NodeConnection | null = null;
        const onread = readsInto(() => connection);
        const socket =
          security === undefined
            ? net.connect({ host, port, noDelay: true, keepAlive: true, onread, ...from })
            : connectTls(host, port, security);
        const timeout = setTimeout(() => {
          socket.destroy();
          reject(new NetworkError('ETIMEDOUT', `no connection to ${host}:${port} within ${timeoutMs} ms`));
        }, timeoutMs);
        const refused = (error: Error): void => {
          clearTimeout(timeout);
          reject(security === undefined ? networkError(error) : handshakeError(error, host, port, security));
        };
        socket.once('error', refused);
        socket.once(security === undefined ? 'connect' : 'secureConnect', () => {
          clearTimeout(timeout);
          socket.removeListener('error', refused);
          connection = new NodeConnection(socket, security === undefined);
          resolve(connection);
        });
      });
    },
  };
}

class NodeListener implements Listener {
  readonly host: string;
  readonly port: number;
  readonly #server: net.Server;

  constructor(server: net.Server) {
    const address = server.address() as net.AddressInfo;
    this.#server = server;
    this.host = address.address;
    this.port = address.port;
  }

  async close(): Promise<void> {
    // The server's own callback would wait for the connections too. The port is free when this returns.
    this.#server.close();
  }
}

/** Node's way to read without a stream between: the socket fills `landing` and calls. */
function readsInto(connection: () => NodeConnection | null): net.OnReadOpts {
  return {
    buffer: landing,
    callback(count) {
      connection()?.received(landing.subarray(0, count));
      return true;
    },
  };
}

/**
 * A server makes its sockets itself, none of which reads into a buffer of ours: so the connection is moved to one that
 * does. Where Node's socket does not show its handle, it stays where it is.
 */
function acceptedConnection(accepted: net.Socket): NodeConnection {
  const holder = accepted as { _handle?: unknown };
  const handle = holder._handle;
  if (typeof handle !== 'object' || handle === null) {
    const connection = new NodeConnection(accepted, false);
    accepted.resume();
    return connection;
  }
  holder._handle = null;
  let connection: NodeConnection | null = null;
  const onread = readsInto(() => connection);
  const options = { handle, onread } as net.SocketConstructorOpts;
  connection = new NodeConnection(new net.Socket(options), true);
  return connection;
}

const UNHEARD: ConnectionHandler = { data() {}, closed() {} };

class NodeConnection implements Connection {
  readonly remoteAddress: string;
  handler: ConnectionHandler = UNHEARD;
  readonly copiesWrites = true;
  readonly lendsReads: boolean;
  readonly #socket: net.Socket;
  /** 'closing': our close was asked for, what is queued still flows out, what comes in is dropped. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #reason: string | null = null;
  #linger: NodeJS.Timeout | null = null;
  #undrained = false;
  readonly #written = (): void => {
    if (!this.#undrained || this.#socket.writableLength > 0) return;
    this.#undrained = false;
    if (this.#state === 'open') this.handler.drained?.();
  };

  /** `lendsReads`: whoever made the socket has it call `received`. */
  constructor(socket: net.Socket, lendsReads: boolean) {
    this.#socket = socket;
    this.lendsReads = lendsReads;
    this.remoteAddress = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    if (!lendsReads) {
      socket.on('data', (bytes: Buffer) => {
        this.received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      });
    }
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason ??= refusalByPeer(error) ?? error.code ?? error.message;
    });
    socket.on('close', () => {
      this.#state = 'closed';
      if (this.#linger !== null) clearTimeout(this.#linger);
      this.handler.closed(this.#reason);
    });
  }

  received(bytes: Uint8Array): void {
    if (this.#state === 'open') this.handler.data(bytes);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (this.#state !== 'open' || !socket.writable || chunks.length === 0) return;
    const last = chunks.length - 1;
    if (last === 0) {
      socket.write(chunks[0]!, this.#written);
    } else {
      // Corked chunks leave by one writev.
      socket.cork();
      for (let index = 0; index < last; index++) socket.write(chunks[index]!);
      socket.write(chunks[last]!, this.#written);
      socket.uncork();
    }
    this.#undrained = socket.writableLength > 0;
  }

  pause(): void {
    if (this.#state === 'open') this.#socket.pause();
  }

  resume(): void {
    if (this.#state === 'open') this.#socket.resume();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#socket.end();
    // Reading on (and dropping) lets the peer's end be seen, also when delivery was paused.
    this.#socket.resume();
    this.#linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
  }

  destroy(): void {
    if (this.#state === 'closed' || this.#socket.destroyed) return;
    this.#state = 'closing';
    this.#reason ??= 'destroyed';
    // A TLS socket has no reset of its own.
    if (this.#socket instanceof tls.TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

function networkError(error: Error): NetworkError {
  const refused = new NetworkError(
    (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN',
    error.message || 'connection failed',
  );
  refused.cause = error;
  return refused;
}
