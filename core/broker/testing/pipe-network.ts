import { type Connection, type ConnectionHandler, type Listener, type Network, NetworkError } from '../../runtime.ts';

const UNHEARD: ConnectionHandler = { data() {}, closed() {} };

/** One end of a connection in memory. What is written waits for the other end to take it. */
export class Pipe implements Connection {
  readonly remoteAddress: string;
  handler: ConnectionHandler = UNHEARD;
  /** As a socket does: the peer gets copies of what it takes, and until then the writer's own bytes stand here. */
  readonly copiesWrites: boolean;
  peer!: Pipe;
  paused = false;
  isClosed = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ending = false;

  constructor(remoteAddress: string, copiesWrites: boolean) {
    this.remoteAddress = remoteAddress;
    this.copiesWrites = copiesWrites;
  }

  /** Written here and not taken by the peer. */
  get bufferedBytes(): number {
    return this.#waitingBytes;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.isClosed || this.#ending) return;
    for (const chunk of chunks) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
    this.#flow();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.peer.#flow();
  }

  close(): void {
    if (this.isClosed || this.#ending) return;
    this.#ending = true;
    // A closing end drops what still comes in.
    this.resume();
    this.#flow();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#end('destroyed');
    this.peer.#end('ECONNRESET');
  }

  #flow(): void {
    while (!this.peer.paused && this.#waiting.length > 0) {
      const written = this.#waiting.shift()!;
      const chunk = this.copiesWrites ? written.slice() : written;
      this.#waitingBytes -= chunk.length;
      if (chunk.length > 0 && !this.peer.isClosed && !this.peer.#ending) this.peer.handler.data(chunk);
      if (this.#waiting.length === 0 && !this.isClosed) this.handler.drained?.();
    }
    if (this.#ending && this.#waiting.length === 0) {
      this.#end(null);
      this.peer.#end(null);
    }
  }

  #end(reason: string | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.closed(reason);
  }
}

/** Connections in memory, delivered at once. */
export class PipeNetwork implements Network {
  readonly #listeners = new Map<number, (connection: Connection) => void>();
  #nextPort = 40_000;
  /** Whether connections made from now on copy what is written to them. */
  copiesWrites = false;

  async listen(host: string, port: number, accept: (connection: Connection) => void): Promise<Listener> {
    const bound = port === 0 ? this.#nextPort++ : port;
    if (this.#listeners.has(bound)) throw new NetworkError('EADDRINUSE', `port ${bound} is taken`);
    this.#listeners.set(bound, accept);
    return {
      host,
      port: bound,
      close: async () => {
        this.#listeners.delete(bound);
      },
    };
  }

  async connect(host: string, port: number, _timeoutMs: number): Promise<Connection> {
    return this.open(host, port);
  }

  /** As `connect`, at once. */
  open(host: string, port: number, from = '127.0.0.1'): Pipe {
    const accept = this.#listeners.get(port);
    if (accept === undefined) throw new NetworkError('ECONNREFUSED', `nobody listens on ${host}:${port}`);
    const client = new Pipe(`${host}:${port}`, this.copiesWrites);
    const server = new Pipe(`${from}:${this.#nextPort++}`, this.copiesWrites);
    client.peer = server;
    server.peer = client;
    accept(server);
    return client;
  }
}
