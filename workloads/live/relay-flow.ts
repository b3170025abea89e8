import type { Socket } from 'node:net';

/** What waits in a relay in one direction of one connection; beyond it the sender is not read any more. */
const WAITING_BYTES_MAX = 1 << 20;

/** One direction between two parties, as the faults have it now. */
export class RelayLink {
  /** How many faults cut it. */
  cuts = 0;
  delayMs = 0;
  jitterMs = 0;
  bytesPerSecond: number = Number.POSITIVE_INFINITY;
  /** When the last byte that was accepted for sending has left, at this bandwidth. */
  busyUntilMs = 0;
  /** What was held back by a cut, and what was delayed: a fault that met nothing has shown nothing. */
  held = 0;
  delayed = 0;
  readonly flows: Set<RelayFlow> = new Set();

  cut(): void {
    this.cuts++;
  }

  mend(): void {
    this.cuts--;
    if (this.cuts === 0) for (const flow of [...this.flows]) flow.pump();
  }
}

type Item = { readonly dueMs: number } & (
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The sender has closed its side, or the connection is broken. */
  | { readonly kind: 'end' | 'reset' }
);

/** Bytes from one socket to another, in order, through a link. The end of a connection travels like its bytes. */
export class RelayFlow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #link: RelayLink;
  readonly #items: Item[] = [];
  #waitingBytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** The other socket is connected. */
  #isOpen: boolean;
  #ended = false;

  constructor(from: Socket, to: Socket, link: RelayLink, isOpen: boolean) {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    this.#isOpen = isOpen;
    link.flows.add(this);
    from.on('data', (bytes) => this.#arrived(bytes));
    from.on('end', () => this.#add({ kind: 'end', dueMs: this.#dueMs(0) }));
    from.on('close', (broken) => {
      if (broken) this.#add({ kind: 'reset', dueMs: this.#dueMs(0) });
    });
    to.on('drain', () => this.pump());
    to.on('close', () => this.close());
  }

  /** What was read and is not handed on. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  open(): void {
    this.#isOpen = true;
    this.pump();
  }

  /** Delivers what is due, as far as the receiver takes it. */
  pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#items.length > 0 && this.#isOpen && !this.#ended) {
      const item = this.#items[0]!;
      if (this.#link.cuts > 0 || this.#to.writableLength >= WAITING_BYTES_MAX) break;
      const earlyMs = item.dueMs - performance.now();
      if (earlyMs > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(earlyMs));
        break;
      }
      this.#items.shift();
      this.#deliver(item);
    }
    if (this.#waitingBytes + this.#to.writableLength < WAITING_BYTES_MAX) this.#from.resume();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ended = true;
    this.#items.length = 0;
    this.#link.flows.delete(this);
  }

  #arrived(bytes: Uint8Array): void {
    this.#add({ kind: 'bytes', bytes, dueMs: this.#dueMs(bytes.length) });
    if (this.#waitingBytes + this.#to.writableLength >= WAITING_BYTES_MAX) this.#from.pause();
  }

  #add(item: Item): void {
    if (this.#ended) return;
    if (item.kind === 'bytes') this.#waitingBytes += item.bytes.length;
    if (this.#link.cuts > 0) this.#link.held++;
    this.#items.push(item);
    this.pump();
  }

  #dueMs(bytes: number): number {
    const { delayMs, jitterMs, bytesPerSecond } = this.#link;
    const nowMs = performance.now();
    let leavesMs = nowMs;
    if (bytesPerSecond !== Number.POSITIVE_INFINITY) {
      leavesMs = Math.max(nowMs, this.#link.busyUntilMs) + (bytes / bytesPerSecond) * 1000;
      this.#link.busyUntilMs = leavesMs;
    }
    const dueMs = leavesMs + delayMs + (jitterMs > 0 ? Math.random() * jitterMs : 0);
    if (dueMs > nowMs) this.#link.delayed++;
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    return this.#lastDueMs;
  }

  #deliver(item: Item): void {
    if (item.kind === 'bytes') {
      this.#waitingBytes -= item.bytes.length;
      this.#to.write(item.bytes);
    } else if (item.kind === 'end') {
      this.#to.end();
    } else {
      this.#to.resetAndDestroy();
    }
  }
}
