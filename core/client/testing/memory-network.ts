import { concatenate } from '../../concatenate.ts';
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Network,
  NetworkError,
  type Timers,
} from '../../runtime.ts';

const UNHEARD: ConnectionHandler = { data() {}, closed() {} };

/** What happens to what is sent from now on. */
export type Weather =
  | { readonly kind: 'clear' }
  /** Bytes and connection attempts vanish; nobody is told. */
  | { readonly kind: 'blackHole' };

/** Connections in memory with a delay in each direction; connections can be cut and the whole net made to swallow. */
export class MemoryNetwork implements Network {
  weather: Weather = { kind: 'clear' };
  /** One way. */
  delayMs = 1;
  /** Pieces that are longer are delivered in parts of this size. */
  pieceBytes: number = Number.POSITIVE_INFINITY;
  readonly #timers: Timers;
  readonly #listeners = new Map<string, (connection: Connection) => void>();
  readonly #open = new Set<MemoryConnection>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  async listen(host: string, port: number, accept: (connection: Connection) => void): Promise<Listener> {
    const key = `${host}:${port}`;
    if (this.#listeners.has(key)) throw new NetworkError('EADDRINUSE', `${key} is taken`);
    this.#listeners.set(key, accept);
    return {
      host,
      port,
      close: async () => {
        this.#listeners.delete(key);
      },
    };
  }

  connect(host: string, port: number, timeoutMs: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { weather } = this;
      if (weather.kind === 'blackHole') {
        this.#timers.after(timeoutMs, () => reject(new NetworkError('ETIMEDOUT', `${host}:${port} does not answer`)));
        return;
      }
      this.#timers.after(this.delayMs * 2, () => {
        const accept = this.#listeners.get(`${host}:${port}`);
        if (accept === undefined) {
          reject(new NetworkError('ECONNREFUSED', `nobody listens on ${host}:${port}`));
          return;
        }
        const near = new MemoryConnection(this, this.#timers, `${host}:${port}`);
        const far = new MemoryConnection(this, this.#timers, 'client');
        near.peer = far;
        far.peer = near;
        this.#open.add(near).add(far);
        accept(far);
        resolve(near);
      });
    });
  }

  /** Breaks every connection (to `address`, when given); what is on its way is lost. */
  cut(address?: string): void {
    for (const connection of [...this.#open]) {
      if (address === undefined || connection.remoteAddress === address) connection.destroy();
    }
  }

  forget(connection: MemoryConnection): void {
    this.#open.delete(connection);
  }
}

class MemoryConnection implements Connection {
  readonly remoteAddress: string;
  readonly bufferedBytes = 0;
  handler: ConnectionHandler = UNHEARD;
  peer!: MemoryConnection;
  readonly #network: MemoryNetwork;
  readonly #timers: Timers;
  #isOpen = true;

  constructor(network: MemoryNetwork, timers: Timers, remoteAddress: string) {
    this.#network = network;
    this.#timers = timers;
    this.remoteAddress = remoteAddress;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (!this.#isOpen || this.#network.weather.kind === 'blackHole') return;
    const bytes = concatenate(chunks);
    this.#timers.after(this.#network.delayMs, () => {
      const { pieceBytes } = this.#network;
      for (let from = 0; from < bytes.length && this.peer.#isOpen; from += pieceBytes) {
        this.peer.handler.data(bytes.subarray(from, Math.min(bytes.length, from + pieceBytes)));
      }
    });
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    if (!this.#isOpen) return;
    this.#end(null);
    this.#timers.after(this.#network.delayMs, () => this.peer.#end(null));
  }

  destroy(): void {
    if (!this.#isOpen) return;
    this.#end('destroyed');
    this.peer.#end('ECONNRESET');
  }

  #end(reason: string | null): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#network.forget(this);
    this.#timers.after(0, () => this.handler.closed(reason));
  }
}
