import type { Connection, ConnectionHandler } from '../../core/runtime.ts';
import type { Incarnation } from '../incarnation.ts';
import type { SimNode, Work } from '../node.ts';
import { EventKind } from '../trace.ts';
import type { Link } from './link.ts';
import { Pipe, type Segment } from './pipe.ts';

/** After a close of ours the peer has this long to close its side; then the connection is dropped. */
const LINGER_NS = 5e9;
/** What one read event hands over at most. */
const READ_BYTES = 65536;

const UNHEARD: ConnectionHandler = { data() {}, closed() {} };

/**
 * `open`; `closing`: our close was asked for, what is queued flows out and what comes in is dropped; `ended`: the peer
 * has ended, our queue flows out and then we end too; `closed`.
 */
type State = 'open' | 'closing' | 'ended' | 'closed';

/** One end of a connection, and its socket in the kernel. */
export class SimConnection implements Connection, Work {
  readonly node: SimNode;
  readonly incarnation: Incarnation;
  readonly remoteAddress: string;
  handler: ConnectionHandler = UNHEARD;
  #state: State = 'open';
  #paused = false;
  #out: Pipe | null = null;
  #in: Pipe | null = null;
  /** Arrived and not yet read. */
  #arrived: Segment[] = [];
  /** How many of them, from the front, are read: taking them off one by one would move the others. */
  #read = 0;
  #readScheduled = false;
  #undrained = false;

  constructor(incarnation: Incarnation, remoteAddress: string) {
    this.node = incarnation.node;
    this.incarnation = incarnation;
    this.remoteAddress = remoteAddress;
    incarnation.connections.add(this);
  }

  get bufferedBytes(): number {
    return this.#out?.queuedBytes ?? 0;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#state !== 'open' || !this.incarnation.alive) return;
    const out = this.#out!;
    out.write(chunks);
    if (out.queuedBytes > 0) this.#undrained = true;
  }

  pause(): void {
    if (this.#state === 'open') this.#paused = true;
  }

  resume(): void {
    if (this.#state !== 'open' || !this.#paused) return;
    this.#paused = false;
    this.#wantRead();
  }

  close(): void {
    if (this.#state !== 'open' || !this.incarnation.alive) return;
    this.#state = 'closing';
    // Reading on (and dropping) lets the peer's end be seen, also when delivery was paused.
    this.#paused = false;
    this.#out!.end();
    this.#wantRead();
    const fire = (): boolean => {
      if (this.#state !== 'closing' || !this.incarnation.alive) return false;
      this.#out!.reset();
      return this.#close(null);
    };
    const { world } = this.node;
    world.schedule(this.node.localNs() + LINGER_NS, EventKind.connection, this.node.index, 0, { fire });
  }

  destroy(): void {
    if (this.#state === 'closed' || !this.incarnation.alive) return;
    this.#out!.reset();
    this.#closeLater('destroyed');
  }

  /** Readable: hands over what has arrived. */
  serve(): void {
    this.#readScheduled = false;
    let budget = READ_BYTES;
    while (this.#read < this.#arrived.length && budget > 0) {
      if (this.#paused) break;
      const segment = this.#arrived[this.#read]!;
      budget -= segment.bytes;
      if (segment.kind === 'end') {
        this.#read++;
        this.#peerEnded();
      } else {
        const whole = this.#deliver(segment);
        // The handler may have destroyed the connection, and with it what had arrived.
        if (this.#isClosed()) return;
        if (whole) this.#read++;
      }
    }
    this.#dropRead();
    if (!this.#paused) this.#wantRead();
  }

  /** From the pipe. Returns whether code of the node ran. */
  received(segment: Segment): boolean {
    if (!this.incarnation.alive || this.#state === 'closed') {
      // No such socket: the kernel answers with a reset, except to an end, which asks for no answer here.
      if (segment.kind === 'data') this.#out!.reset();
      return false;
    }
    this.#arrived.push(segment);
    if (this.#paused || this.#readScheduled) return false;
    this.#readScheduled = true;
    const { cpu } = this.node.profile;
    return this.node.submit(this, cpu.eventNs + segment.bytes * cpu.perByteNs);
  }

  /** Something on the way resets the connection: both ends are told. */
  break(): void {
    if (this.#state === 'closed' || !this.incarnation.alive) return;
    this.#out!.reset();
    this.#closeLater('ECONNRESET');
  }

  receivedReset(): boolean {
    return this.failed('ECONNRESET');
  }

  /** The connection broke. Returns whether code of the node ran. */
  failed(reason: string): boolean {
    if (!this.incarnation.alive || this.#state === 'closed') return false;
    return this.#close(this.#state === 'closing' ? null : reason);
  }

  /** All that `write` had to leave is on its way. */
  flushed(): void {
    if (this.#state === 'ended') this.#closeLater(null);
    if (!this.#undrained || this.#state !== 'open') return;
    this.#undrained = false;
    this.node.post(
      {
        serve: () => {
          if (this.#state === 'open' && this.bufferedBytes === 0) this.handler.drained?.();
        },
      },
      this.node.profile.cpu.timerNs,
    );
  }

  /**
   * The process was killed. Its kernel resets the connection when bytes were unread, and otherwise ends or resets it
   * (a peer may see either, by what was on its way).
   */
  endedByKernel(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.incarnation.connections.delete(this);
    const out = this.#out;
    if (out === null) return;
    if (this.#read < this.#arrived.length || out.queuedBytes > 0 || out.link.drawBelow(2) === 0) out.reset();
    else out.endNow();
    this.#arrived = [];
  }

  join(out: Pipe, incoming: Pipe): void {
    this.#out = out;
    this.#in = incoming;
  }

  /** False when it had to stop within the segment, whose rest then stays first in line. */
  #deliver(segment: Segment): boolean {
    const { chunks } = segment;
    let bytes = 0;
    let index = 0;
    while (index < chunks.length) {
      if (this.#paused || this.#state === 'closed') break;
      const chunk = chunks[index++]!;
      bytes += chunk.length;
      if (this.#state === 'open') this.handler.data(chunk);
    }
    this.#in!.read(bytes);
    if (index === chunks.length) return true;
    segment.chunks = chunks.slice(index);
    segment.bytes -= bytes;
    return false;
  }

  #peerEnded(): void {
    if (this.#state === 'closing') {
      if (this.#out!.ended) this.#closeNow(null);
      else this.#state = 'ended';
      return;
    }
    this.#state = 'ended';
    this.#out!.end();
    if (this.#out!.ended) this.#closeNow(null);
  }

  #wantRead(): void {
    if (this.#readScheduled || this.#read === this.#arrived.length) return;
    this.#readScheduled = true;
    let bytes = 0;
    for (let index = this.#read; index < this.#arrived.length && bytes < READ_BYTES; index++) {
      bytes += this.#arrived[index]!.bytes;
    }
    const { cpu } = this.node.profile;
    this.node.post(this, cpu.eventNs + Math.min(bytes, READ_BYTES) * cpu.perByteNs);
  }

  #dropRead(): void {
    if (this.#read === this.#arrived.length) {
      this.#arrived.length = 0;
      this.#read = 0;
    } else if (this.#read >= 64) {
      this.#arrived = this.#arrived.slice(this.#read);
      this.#read = 0;
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #forget(): void {
    this.#state = 'closed';
    this.#arrived = [];
    this.#read = 0;
    this.incarnation.connections.delete(this);
  }

  /** Within work of the node. */
  #closeNow(reason: string | null): void {
    this.#forget();
    this.handler.closed(reason);
  }

  /** From an event of the world. */
  #close(reason: string | null): boolean {
    this.#forget();
    return this.node.submit({ serve: () => this.handler.closed(reason) }, this.node.profile.cpu.eventNs);
  }

  #closeLater(reason: string | null): void {
    this.#forget();
    this.node.post({ serve: () => this.handler.closed(reason) }, this.node.profile.cpu.eventNs);
  }
}

/** Joins two ends by a pipe each way. */
export function connect(one: SimConnection, other: SimConnection, there: Link, back: Link): { back: Pipe } {
  const out = new Pipe(one, other, there, back);
  const incoming = new Pipe(other, one, back, there);
  one.join(out, incoming);
  other.join(incoming, out);
  return { back: incoming };
}
