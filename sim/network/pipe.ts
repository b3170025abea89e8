import type { Scheduled } from '../event-queue.ts';
import { EventKind, sampledDigest } from '../trace.ts';
import type { SimConnection } from './connection.ts';
import { type Link, nextRetransmissionNs } from './link.ts';

/** What one event carries at most: a read of Node's socket. */
const SEGMENT_BYTES = 65536;

export type SegmentKind = 'data' | 'end' | 'reset';

/** A piece of a byte stream on its way, or the end of one. */
export class Segment implements Scheduled {
  readonly pipe: Pipe;
  readonly kind: SegmentKind;
  readonly index: number;
  chunks: Uint8Array[];
  bytes: number;
  /** When it was lost first; −1 while it was not. */
  lostNs = -1;

  constructor(pipe: Pipe, kind: SegmentKind, index: number, chunks: Uint8Array[], bytes: number) {
    this.pipe = pipe;
    this.kind = kind;
    this.index = index;
    this.chunks = chunks;
    this.bytes = bytes;
  }

  fire(): boolean {
    return this.pipe.arrived(this);
  }

  /** The way is free again: it arrives some time after TCP's next try. */
  retransmit(): void {
    const { pipe } = this;
    const tryNs = nextRetransmissionNs(this.lostNs, pipe.from.node.world.nowNs);
    pipe.scheduleArrival(this, tryNs + pipe.link.drawDelayNs());
  }
}

/** One direction of a connection: what the writer queued, what is on its way, and what the reader has not read. */
export class Pipe {
  readonly from: SimConnection;
  readonly to: SimConnection;
  readonly link: Link;
  readonly reverse: Link;
  /** Bytes that the writer queued and the window did not take yet. */
  queuedBytes = 0;
  /** Nothing is delivered before: streams keep their order. */
  lastArrivalNs = 0;
  #queue: Uint8Array[] = [];
  #head = 0;
  /** Sent, and not yet known to be read. */
  #outstanding = 0;
  #nextIndex = 0;
  #expected = 0;
  /** Arrived before what precedes it (that was lost and waits for its retransmission). */
  #early: Segment[] = [];
  #ending: 'no' | 'asked' | 'sent' = 'no';
  #unacknowledged = 0;
  #acknowledgement = false;
  #giveUpScheduled = false;
  #isReset = false;
  readonly #powerLosses: number;

  constructor(from: SimConnection, to: SimConnection, link: Link, reverse: Link) {
    this.from = from;
    this.to = to;
    this.link = link;
    this.reverse = reverse;
    this.#powerLosses = from.node.powerLosses;
  }

  /** Whether the sender's kernel has nothing left to send again: it has reset the connection, or lost its memory. */
  get #isForgotten(): boolean {
    return this.#isReset || this.from.node.powerLosses !== this.#powerLosses;
  }

  get ended(): boolean {
    return this.#ending === 'sent';
  }

  write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.#queue.push(chunk);
      this.queuedBytes += chunk.length;
    }
    this.#pump();
  }

  /** The end follows what is queued. */
  end(): void {
    if (this.#ending !== 'no') return;
    this.#ending = 'asked';
    this.#pump();
  }

  /** Drops what is queued; what is on its way may still arrive, then the reset. */
  reset(): void {
    this.#queue = [];
    this.#head = 0;
    this.queuedBytes = 0;
    this.#ending = 'sent';
    this.#isReset = true;
    this.#send('reset', [], 0);
  }

  /** As the process dies: queued bytes were its own, and are gone; the kernel ends the stream after what it has. */
  endNow(): void {
    this.#queue = [];
    this.#head = 0;
    this.queuedBytes = 0;
    this.end();
  }

  /** A segment has come to the other side. */
  arrived(segment: Segment): boolean {
    const { to, link } = this;
    const { world } = to.node;
    if (link.isCut || to.node.state === 'off') {
      // A reset is sent once; everything else is tried again.
      if (segment.kind === 'reset') return false;
      if (segment.lostNs < 0) segment.lostNs = world.nowNs;
      this.#giveUpLater();
      if (link.isCut) link.hold(segment);
      else to.node.whenPowered.push(() => segment.retransmit());
      return false;
    }
    if (segment.kind === 'reset') return to.receivedReset();
    // It was lost once, and there is no kernel any more that tries again.
    if (segment.lostNs >= 0 && this.#isForgotten) return false;
    if (segment.index !== this.#expected) {
      this.#early.push(segment);
      return false;
    }
    let ran = to.received(segment);
    this.#expected++;
    while (this.#early.length > 0 && this.#early[0]!.index === this.#expected) {
      this.#expected++;
      ran = to.received(this.#early.shift()!) || ran;
    }
    return ran;
  }

  /** The reader took bytes, so the window opens, once the acknowledgement is back. */
  read(bytes: number): void {
    if (this.queuedBytes === 0 && !this.reverse.isCut) {
      // Nobody waits for it: no event.
      this.#outstanding -= bytes;
      return;
    }
    this.#unacknowledged += bytes;
    if (this.#acknowledgement) return;
    this.#acknowledgement = true;
    this.acknowledgementsPass();
  }

  acknowledgementsPass(): void {
    const { node } = this.from;
    const { world } = node;
    const fire = (): boolean => {
      if (this.reverse.isCut) {
        this.reverse.holdAcknowledgements(this);
        return false;
      }
      this.#acknowledgement = false;
      this.#outstanding -= this.#unacknowledged;
      this.#unacknowledged = 0;
      if (!this.from.incarnation.alive) return false;
      const waited = this.queuedBytes > 0;
      this.#pump();
      if (waited && this.queuedBytes === 0) this.from.flushed();
      return false;
    };
    world.schedule(world.nowNs + this.reverse.drawDelayNs(), EventKind.acknowledge, node.index, 0, { fire });
  }

  scheduleArrival(segment: Segment, atNs: number): void {
    const { node } = this.to;
    const { world } = node;
    const arrivalNs = Math.max(atNs, this.lastArrivalNs);
    this.lastArrivalNs = arrivalNs;
    let digest = segment.index;
    for (const chunk of segment.chunks) {
      digest = world.digestAllBytes ? world.codecs.crc32c(chunk, digest >>> 0) : sampledDigest(chunk, digest);
    }
    world.schedule(arrivalNs, EventKind.segment, node.index, digest, segment);
  }

  #pump(): void {
    const { windowBytes, partialReadChance } = this.from.node.profile.network;
    while (this.queuedBytes > 0 && this.#outstanding < windowBytes) {
      let limit = Math.min(SEGMENT_BYTES, windowBytes - this.#outstanding, this.queuedBytes);
      if (this.link.inPieces && this.link.happens(0.5)) limit = Math.min(limit, 1 + this.link.drawBelow(16));
      else if (limit > 1 && this.link.happens(partialReadChance)) limit = 1 + this.link.drawBelow(limit - 1);
      if (limit === this.queuedBytes && this.#head === 0) {
        const whole = this.#queue;
        this.#queue = [];
        this.queuedBytes = 0;
        this.#outstanding += limit;
        this.#send('data', whole, limit);
        break;
      }
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      while (bytes < limit) {
        const chunk = this.#queue[this.#head]!;
        const room = limit - bytes;
        if (chunk.length <= room) {
          chunks.push(chunk);
          bytes += chunk.length;
          this.#head++;
        } else {
          chunks.push(chunk.subarray(0, room));
          this.#queue[this.#head] = chunk.subarray(room);
          bytes += room;
        }
      }
      this.queuedBytes -= bytes;
      this.#outstanding += bytes;
      this.#send('data', chunks, bytes);
    }
    if (this.queuedBytes > 0) return;
    if (this.#queue.length > 0) {
      this.#queue = [];
      this.#head = 0;
    }
    if (this.#ending === 'asked') {
      this.#ending = 'sent';
      this.#send('end', [], 0);
    }
  }

  #send(kind: SegmentKind, chunks: Uint8Array[], bytes: number): void {
    const { node } = this.from;
    const { link } = this;
    // Headers of Ethernet, IP and TCP: about 5 % of full packets, and 66 bytes of the smallest.
    const wireBytes = 66 + bytes * 1.05;
    const local = node.localNs();
    const sentNs = Math.max(local, node.sendingUntilNs) + (wireBytes / node.profile.network.bytesPerSecond) * 1e9;
    node.sendingUntilNs = sentNs;
    let leftNs = sentNs;
    if (link.bytesPerSecond !== Infinity) {
      leftNs = Math.max(sentNs, link.sendingUntilNs) + (wireBytes / link.bytesPerSecond) * 1e9;
      link.sendingUntilNs = leftNs;
    }
    const segment = new Segment(this, kind, this.#nextIndex++, chunks, bytes);
    this.scheduleArrival(segment, Math.round(leftNs) + link.drawDelayNs());
  }

  /** TCP's patience with a peer that does not answer. */
  #giveUpLater(): void {
    if (this.#giveUpScheduled) return;
    this.#giveUpScheduled = true;
    const { node } = this.from;
    const stuckAt = this.#expected;
    const fire = (): boolean => {
      this.#giveUpScheduled = false;
      if (this.#expected !== stuckAt) return false;
      return this.from.failed('ETIMEDOUT');
    };
    const atNs = node.world.nowNs + node.profile.network.retransmitLimitNs;
    node.world.schedule(atNs, EventKind.connection, node.index, 0, { fire });
  }
}
