import type { Turn } from '../replication/index.ts';
import type { Connection, ConnectionHandler } from '../runtime.ts';
import { Exchange, type QueuedFrame } from './exchange.ts';
import type { FramePool } from './frame-pool.ts';
import { FrameSplitter } from './frame-splitter.ts';

/** Bounds on what one connection may hold of this broker's memory. */
export interface ConnectionLimits {
  /** socket.request.max.bytes */
  readonly requestBytesMax: number;
  /** Requests read ahead of the one being served: beyond this the connection is not read. */
  readonly queuedBytesMax: number;
  /** Requests that are served at the same time. */
  readonly startedMax: number;
  /** Response bytes that the peer has not taken: beyond this no further request of it is served. */
  readonly unreadBytesMax: number;
}

/** What a connection tells the broker about itself. */
export interface ConnectionOwner {
  readonly turn: Turn;
  readonly framePool: FramePool;
  readonly limits: ConnectionLimits;
  nowNs(): number;
  /** Serves a request; `exchange.respond` is called once, now or later. */
  serve(exchange: Exchange): void;
  /**
   * Whether this request may start while others like it are being served. All others start alone, when everything ahead
   * of them is answered: a connection sees its requests carried out one after another, as with Kafka. Produce requests
   * lose nothing by overlapping, because their appends keep their order.
   */
  mayOverlap(frame: Uint8Array): boolean;
  /** Bytes of requests that are held changed: the broker bounds their sum (queued.max.request.bytes). */
  heldBytes(change: number): void;
  readonly overloaded: boolean;
  /** False while the broker is starting: nothing is read yet. */
  readonly isOpen: boolean;
  closed(connection: BrokerConnection, reason: string | null): void;
}

/**
 * One client's connection: requests are started in order, responses leave in the order of the requests, those of one
 * turn in one write. It stops reading while the peer does not read, or while too much of what it sent waits here.
 */
export class BrokerConnection implements ConnectionHandler {
  readonly id: number;
  readonly remoteHost: string;
  lastActiveNs: number;
  readonly #transport: Connection;
  readonly #owner: ConnectionOwner;
  readonly #splitter: FrameSplitter;
  /** Whole requests that have not started. */
  #queue: QueuedFrame[] = [];
  #queuedBytes = 0;
  #accountedBytes = 0;
  /** Started and not yet written, oldest first. */
  #started: Exchange[] = [];
  #startedBytes = 0;
  #unanswered = 0;
  #unansweredAlone = 0;
  #readyBytes = 0;
  /** Buffers that written responses stand in. */
  #lent: Uint8Array[] = [];
  #state: 'open' | 'draining' | 'closed' = 'open';
  #paused = false;
  #writing = false;
  #closeReason: string | null = null;

  constructor(id: number, transport: Connection, owner: ConnectionOwner) {
    this.id = id;
    this.#transport = transport;
    this.#owner = owner;
    const lent = transport.lendsReads === true;
    this.#splitter = new FrameSplitter(owner.limits.requestBytesMax, owner.framePool, lent);
    this.remoteHost = hostOf(transport.remoteAddress);
    this.lastActiveNs = owner.nowNs();
  }

  get framePool(): FramePool {
    return this.#owner.framePool;
  }
  get copiesWrites(): boolean {
    return this.#transport.copiesWrites === true;
  }
  get remoteAddress(): string {
    return this.#transport.remoteAddress;
  }
  get isClosed(): boolean {
    return this.#state === 'closed';
  }
  get isIdle(): boolean {
    return this.#started.length === 0 && this.#queue.length === 0;
  }

  // ---- from the network

  data(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.lastActiveNs = this.#owner.nowNs();
    const refusal = this.#splitter.push(bytes, this.#received);
    if (refusal !== null) {
      this.disconnect(refusal);
      return;
    }
    this.#account();
    this.#regulate();
  }

  readonly #received = (frame: Uint8Array, buffer: Uint8Array | null): void => {
    if (this.#state !== 'open') return;
    this.#queue.push({ frame, buffer, receivedNs: this.lastActiveNs });
    this.#queuedBytes += frame.length;
    if (this.#queue.length === 1) this.#startQueued();
  };

  drained(): void {
    if (this.#state === 'closed') return;
    this.#takeBack();
    this.#startQueued();
    this.#regulate();
  }

  closed(reason: string | null): void {
    this.#end(this.#closeReason ?? reason);
  }

  // ---- requests

  #startQueued(): void {
    let started = 0;
    const { limits } = this.#owner;
    while (started < this.#queue.length && this.#state === 'open') {
      if (this.#unreadBytes > limits.unreadBytesMax || this.#started.length >= limits.startedMax) break;
      const queued = this.#queue[started]!;
      const { frame } = queued;
      const overlaps = this.#owner.mayOverlap(frame);
      if (this.#unansweredAlone > 0 || (!overlaps && this.#unanswered > 0)) break;
      started++;
      this.#queuedBytes -= frame.length;
      this.#startedBytes += frame.length;
      this.#unanswered++;
      if (!overlaps) this.#unansweredAlone++;
      const exchange = new Exchange(this, queued, overlaps);
      this.#started.push(exchange);
      this.#owner.serve(exchange);
    }
    if (started > 0) this.#queue.splice(0, started);
    this.#account();
  }

  /** A response is ready: those at the head of the order leave at the end of the turn. */
  answered(exchange: Exchange): void {
    this.#unanswered--;
    if (!exchange.overlaps) this.#unansweredAlone--;
    for (const chunk of exchange.response ?? []) this.#readyBytes += chunk.length;
    if (this.#state === 'closed' || this.#writing || this.#started[0]?.answered !== true) return;
    this.#writing = true;
    this.#owner.turn.respond(this.#write);
  }

  readonly #write = (): void => {
    this.#writing = false;
    if (this.#state === 'closed') return;
    this.#writeReady();
    if (this.#state === 'draining') {
      if (this.#started.length === 0) this.#closeTransport();
      return;
    }
    this.#startQueued();
    this.#regulate();
  };

  #writeReady(): void {
    const chunks: Uint8Array[] = [];
    let done = 0;
    while (done < this.#started.length && this.#started[done]!.answered) {
      const exchange = this.#started[done++]!;
      const { response, frame, buffer, overlaps } = exchange;
      if (exchange.lent.length > 0) this.#lent.push(...exchange.lent);
      this.#startedBytes -= frame.length;
      // Produce leaves nothing behind in its frame (the log has its own copy); other requests may.
      if (buffer !== null && overlaps) this.#owner.framePool.give(buffer);
      for (const chunk of response ?? []) {
        chunks.push(chunk);
        this.#readyBytes -= chunk.length;
      }
    }
    this.#started.splice(0, done);
    if (chunks.length > 0) {
      this.lastActiveNs = this.#owner.nowNs();
      this.#transport.write(chunks);
      this.#takeBack();
    }
  }

  /** Buffers of responses that the peer's side has taken whole serve again. */
  #takeBack(): void {
    if (this.#lent.length === 0 || this.#transport.bufferedBytes > 0) return;
    for (const buffer of this.#lent) this.#owner.framePool.give(buffer);
    this.#lent = [];
  }

  // ---- bounds

  /** Response bytes that are made and not taken by the peer. */
  get #unreadBytes(): number {
    return this.#readyBytes + this.#transport.bufferedBytes;
  }

  /** Reads on or stops reading, by what is held here, in the whole broker and by the peer. */
  #regulate(): void {
    if (this.#state !== 'open') return;
    const { limits, overloaded, isOpen } = this.#owner;
    const full =
      !isOpen ||
      this.#queuedBytes > limits.queuedBytesMax ||
      (overloaded && !this.isIdle) ||
      this.#unreadBytes > limits.unreadBytesMax;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#transport.pause();
    else this.#transport.resume();
  }

  /** Called by the broker when it is no longer overloaded. */
  regulate(): void {
    this.#regulate();
  }

  #account(): void {
    if (this.#state === 'closed') return;
    const held = this.#queuedBytes + this.#startedBytes + this.#splitter.heldBytes;
    if (held === this.#accountedBytes) return;
    const change = held - this.#accountedBytes;
    this.#accountedBytes = held;
    this.#owner.heldBytes(change);
  }

  // ---- the end

  /** Ends at once: what is queued is dropped, what is answered already still flows out. */
  disconnect(reason: string): void {
    if (this.#state === 'closed') return;
    this.#closeReason = reason;
    this.#state = 'draining';
    this.#queue = [];
    this.#writeReady();
    this.#closeTransport();
  }

  /** Takes no more requests, answers those that have started, closes. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#started.length === 0) this.#closeTransport();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#transport.destroy();
    this.#end('destroyed');
  }

  #closeTransport(): void {
    this.#transport.close();
    this.#end(this.#closeReason);
  }

  #end(reason: string | null): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const started = this.#started;
    this.#queue = [];
    this.#started = [];
    for (const exchange of started) exchange.closed();
    if (this.#accountedBytes > 0) this.#owner.heldBytes(-this.#accountedBytes);
    this.#accountedBytes = 0;
    this.#owner.closed(this, reason);
  }
}

/** "10.0.0.1:41234" → "10.0.0.1"; an IPv4 address in IPv6 clothes is shown plain. */
function hostOf(address: string): string {
  const colon = address.lastIndexOf(':');
  const host = colon < 0 ? address : address.slice(0, colon);
  return host.startsWith('::ffff:') ? host.slice(7) : host;
}
