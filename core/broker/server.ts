import type { Turn } from '../replication/index.ts';
import type { Connection, Listener, Runtime, Timer } from '../runtime.ts';
import { BrokerConnection, type ConnectionLimits, type ConnectionOwner } from './connection.ts';
import type { Dispatcher } from './dispatch.ts';
import type { Exchange } from './exchange.ts';
import { FramePool } from './frame-pool.ts';

export interface ServerLimits extends ConnectionLimits {
  /** max.connections, max.connections.per.ip, and max.connections.per.ip.overrides by address, as they are now. */
  connections(): {
    readonly max: number;
    readonly perIpMax: number;
    readonly perIpOverrides: ReadonlyMap<string, number>;
  };
  /** connections.max.idle.ms; Infinity: never. */
  readonly idleMsMax: number;
  /** queued.max.request.bytes; Infinity: no bound over all connections. */
  readonly heldBytesMax: number;
}

/** Between two looks at idle connections. */
const IDLE_LOOK_MS_MAX = 30_000;

/** The connections of one broker: accepted, counted, bounded, closed. */
export class Server implements ConnectionOwner {
  readonly turn: Turn;
  readonly limits: ServerLimits;
  readonly framePool: FramePool = new FramePool();
  readonly #runtime: Pick<Runtime, 'clock' | 'timers' | 'network' | 'log'>;
  readonly #dispatcher: Dispatcher;
  readonly #connections = new Set<BrokerConnection>();
  readonly #perIp = new Map<string, number>();
  readonly #closeListeners: ((connectionId: number) => void)[] = [];
  #listener: Listener | null = null;
  #isOpen = false;
  #nextId = 1;
  #heldBytes = 0;
  #idleTimer: Timer | null = null;
  #drained: (() => void) | null = null;

  constructor(
    runtime: Pick<Runtime, 'clock' | 'timers' | 'network' | 'log'>,
    turn: Turn,
    dispatcher: Dispatcher,
    limits: ServerLimits,
  ) {
    this.#runtime = runtime;
    this.turn = turn;
    this.#dispatcher = dispatcher;
    this.limits = limits;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }
  /** Bytes of requests that arrived and are not answered. */
  get requestBytes(): number {
    return this.#heldBytes;
  }
  get isOpen(): boolean {
    return this.#isOpen;
  }
  get overloaded(): boolean {
    return this.#heldBytes > this.limits.heldBytesMax;
  }

  /** Tells when a connection has ended. */
  onClose(listener: (connectionId: number) => void): void {
    this.#closeListeners.push(listener);
  }

  /** Binds. Who connects before `open` waits unread. Rejects with NetworkError. */
  async listen(host: string, port: number): Promise<Listener> {
    this.#listener = await this.#runtime.network.listen(host, port, (connection) => this.#accept(connection));
    this.#watchIdle();
    return this.#listener;
  }

  /** Begins to serve. */
  open(): void {
    this.#isOpen = true;
    for (const connection of [...this.#connections]) connection.regulate();
  }

  #accept(transport: Connection): void {
    const connection = new BrokerConnection(this.#nextId++, transport, this);
    transport.handler = connection;
    const { remoteHost } = connection;
    const ofIp = this.#perIp.get(remoteHost) ?? 0;
    const { max, perIpMax, perIpOverrides } = this.limits.connections();
    const ofIpMax = perIpOverrides.get(remoteHost) ?? perIpMax;
    this.#connections.add(connection);
    this.#perIp.set(remoteHost, ofIp + 1);
    if (this.#connections.size > max) {
      connection.disconnect(`max.connections (${max}) is reached`);
    } else if (ofIp + 1 > ofIpMax) {
      connection.disconnect(`max.connections.per.ip (${ofIpMax}) is reached for ${remoteHost}`);
    } else if (!this.#isOpen) {
      connection.regulate();
    }
  }

  #watchIdle(): void {
    const { idleMsMax } = this.limits;
    if (idleMsMax === Number.POSITIVE_INFINITY) return;
    this.#idleTimer = this.#runtime.timers.after(Math.min(Math.max(idleMsMax / 2, 1), IDLE_LOOK_MS_MAX), () => {
      const idleBeforeNs = this.nowNs() - idleMsMax * 1e6;
      for (const connection of [...this.#connections]) {
        if (connection.isIdle && connection.lastActiveNs <= idleBeforeNs) connection.disconnect('idle');
      }
      if (this.#listener !== null) this.#watchIdle();
    });
  }

  // ---- for the connections

  nowNs(): number {
    return this.#runtime.clock.monotonicNs();
  }

  serve(exchange: Exchange): void {
    this.#dispatcher.serve(exchange);
  }

  mayOverlap(frame: Uint8Array): boolean {
    return this.#dispatcher.mayOverlap(frame);
  }

  heldBytes(change: number): void {
    const before = this.overloaded;
    this.#heldBytes += change;
    if (before && !this.overloaded) for (const connection of [...this.#connections]) connection.regulate();
  }

  closed(connection: BrokerConnection, reason: string | null): void {
    if (!this.#connections.delete(connection)) return;
    const ofIp = (this.#perIp.get(connection.remoteHost) ?? 1) - 1;
    if (ofIp === 0) this.#perIp.delete(connection.remoteHost);
    else this.#perIp.set(connection.remoteHost, ofIp);
    if (reason !== null) {
      this.#runtime.log.info('connection closed', { id: connection.id, peer: connection.remoteAddress, reason });
    }
    for (const listener of this.#closeListeners) listener(connection.id);
    if (this.#connections.size === 0) this.#drained?.();
  }

  /** Stops accepting. */
  async stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    this.#idleTimer?.cancel();
    await listener?.close();
  }

  /** Answers what has started, takes nothing new; what is not done after `timeoutMs` is cut off. */
  async drain(timeoutMs: number): Promise<void> {
    const { timers } = this.#runtime;
    await new Promise<void>((resolve) => {
      const timer = timers.after(timeoutMs, resolve);
      this.#drained = () => {
        timer.cancel();
        resolve();
      };
      for (const connection of [...this.#connections]) connection.drain();
      if (this.#connections.size === 0) this.#drained();
    });
    this.#drained = null;
    for (const connection of [...this.#connections]) connection.destroy();
  }
}
