import { type Channel, openChannel } from '../client/channel.ts';
import { ChannelError } from '../client/channel-error.ts';
import type { ApiSchema, Draft, Message } from '../protocol/index.ts';
import { NetworkError, type Runtime } from '../runtime.ts';

export interface PeerAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What a request is part of. A fetch waits at the leader, and nothing may wait behind it. */
export type PeerLane = 'fetch' | 'election' | 'control';

/** The way to the other members of the quorum, and to the active controller. */
export interface PeerNetwork {
  /** The answer, at the highest version both ends know; null when there is none within `timeoutMs`. */
  request<A extends ApiSchema>(
    peer: PeerAddress,
    lane: PeerLane,
    api: A,
    draft: Draft<A['request']>,
    timeoutMs: number,
  ): Promise<Message<A['response']> | null>;
  /** True: where this peer should be nobody listens, as far as the last try to connect tells. Absent: never known. */
  refuses?(peer: PeerAddress): boolean;
  /** Gives up the connections to this member, and every request on them. Absent: requests end by their timeouts. */
  drop?(peerId: number): void;
  close(): void;
}

/** One connection per peer and lane, opened when it is needed and again after it broke. */
export class ChannelPeers implements PeerNetwork {
  readonly #runtime: Pick<Runtime, 'network' | 'timers' | 'clock'>;
  readonly #clientId: string;
  readonly #channels = new Map<string, Promise<Channel>>();
  readonly #refusing = new Set<string>();
  #closed = false;

  constructor(runtime: Pick<Runtime, 'network' | 'timers' | 'clock'>, clientId: string) {
    this.#runtime = runtime;
    this.#clientId = clientId;
  }

  async request<A extends ApiSchema>(
    peer: PeerAddress,
    lane: PeerLane,
    api: A,
    draft: Draft<A['request']>,
    timeoutMs: number,
  ): Promise<Message<A['response']> | null> {
    if (this.#closed) return null;
    const key = `${lane} ${peer.id} ${peer.host}:${peer.port}`;
    const deadlineNs = this.#runtime.clock.monotonicNs() + timeoutMs * 1e6;
    let opening = this.#channels.get(key);
    if (opening === undefined) {
      const { host, port } = peer;
      opening = openChannel({
        runtime: this.#runtime,
        host,
        port,
        clientId: this.#clientId,
        connectTimeoutMs: timeoutMs,
      });
      this.#channels.set(key, opening);
    }
    try {
      const channel = await this.#opened(peer, opening);
      if (this.#closed) {
        channel.close();
        return null;
      }
      const version = channel.version(api);
      if (version === null) return null;
      const leftMs = (deadlineNs - this.#runtime.clock.monotonicNs()) / 1e6;
      if (leftMs <= 0) return null;
      return await channel.request(api, version, draft, leftMs);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      if (this.#channels.get(key) === opening) this.#channels.delete(key);
      return null;
    }
  }

  /** Keeps in mind whether somebody listened there. */
  async #opened(peer: PeerAddress, opening: Promise<Channel>): Promise<Channel> {
    const address = `${peer.host}:${peer.port}`;
    try {
      const channel = await opening;
      this.#refusing.delete(address);
      return channel;
    } catch (error) {
      const { cause } = error as Error;
      if (cause instanceof NetworkError && cause.code === 'ECONNREFUSED') this.#refusing.add(address);
      else this.#refusing.delete(address);
      throw error;
    }
  }

  refuses(peer: PeerAddress): boolean {
    return this.#refusing.has(`${peer.host}:${peer.port}`);
  }

  drop(peerId: number): void {
    for (const [key, opening] of [...this.#channels]) {
      if (!key.includes(` ${peerId} `)) continue;
      this.#channels.delete(key);
      closeOnceOpen(opening);
    }
  }

  close(): void {
    this.#closed = true;
    for (const opening of this.#channels.values()) closeOnceOpen(opening);
    this.#channels.clear();
  }
}

function closeOnceOpen(opening: Promise<Channel>): void {
  opening.then(
    (channel) => channel.close(),
    () => {},
  );
}
