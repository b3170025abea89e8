import type { BrokerConnection } from './connection.ts';
import type { FramePool } from './frame-pool.ts';
import type { ResponseBuffers } from './handler.ts';

/** A whole request that waits for its turn. */
export interface QueuedFrame {
  readonly frame: Uint8Array;
  readonly buffer: Uint8Array | null;
  /** When the frame was whole, on the monotonic clock. */
  readonly receivedNs: number;
}

/** Buffers lent for one response. */
class Leases implements ResponseBuffers {
  readonly #pool: FramePool;
  lent: Uint8Array[] = [];

  constructor(pool: FramePool) {
    this.#pool = pool;
  }

  lend(bytes: number): Uint8Array {
    const buffer = this.#pool.take(bytes);
    this.lent.push(buffer);
    return buffer;
  }

  takeBack(): void {
    for (const buffer of this.lent) this.#pool.give(buffer);
    this.lent = [];
  }
}

/** A request on its way through the broker, and the place of its response in the order of the connection. */
export class Exchange {
  readonly connection: BrokerConnection;
  readonly frame: Uint8Array;
  readonly overlaps: boolean;
  /** The pool's buffer that the frame stands in, to be given back when the request is over. */
  readonly buffer: Uint8Array | null;
  readonly receivedNs: number;
  #response: readonly Uint8Array[] | null = null;
  #answered = false;
  #whenClosed: (() => void) | null = null;
  #leases: Leases | null = null;

  constructor(connection: BrokerConnection, { frame, buffer, receivedNs }: QueuedFrame, overlaps: boolean) {
    this.connection = connection;
    this.frame = frame;
    this.buffer = buffer;
    this.receivedNs = receivedNs;
    this.overlaps = overlaps;
  }

  get buffers(): ResponseBuffers | null {
    if (this.#leases === null && this.connection.copiesWrites) this.#leases = new Leases(this.connection.framePool);
    return this.#leases;
  }
  /** What was lent for the response. */
  get lent(): readonly Uint8Array[] {
    return this.#leases?.lent ?? NONE_LENT;
  }
  get answered(): boolean {
    return this.#answered;
  }
  get response(): readonly Uint8Array[] | null {
    return this.#response;
  }

  /** The response frame, or null when the request has none. Once. */
  respond(response: readonly Uint8Array[] | null): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#response = response;
    this.#whenClosed = null;
    this.connection.answered(this);
  }

  whenClosed(callback: () => void): void {
    this.#whenClosed = callback;
  }

  /** The connection ended before the response. */
  closed(): void {
    const callback = this.#whenClosed;
    this.#whenClosed = null;
    if (!this.#answered) callback?.();
  }
}

const NONE_LENT: readonly Uint8Array[] = [];
