import type { Random } from '../../core/runtime.ts';
import { type DelayProfile, drawDelayNs } from '../draws.ts';
import type { SimNode } from '../node.ts';
import type { Pipe, Segment } from './pipe.ts';

/** Linux: TCP_RTO_MIN doubled at every try, up to TCP_RTO_MAX. */
const FIRST_RETRANSMIT_NS = 200e6;
const LONGEST_RETRANSMIT_NS = 120e9;

/** One direction between two nodes. */
export class Link {
  readonly from: SimNode;
  readonly to: SimNode;
  /** Added to every delay, and a factor for it. */
  extraDelayNs = 0;
  delayFactor = 1;
  /** Up to this much more, evenly drawn. */
  jitterNs = 0;
  /** Data arrives in pieces, every other one of a few bytes. */
  inPieces = false;
  /** Bytes per second of this link alone; Infinity leaves the sender's own limit. */
  bytesPerSecond: number = Infinity;
  sendingUntilNs = 0;
  readonly #delay: DelayProfile;
  readonly #random: Random;
  #cuts = 0;
  /** What waits for the link to be whole again, in the order of its loss. */
  #heldSegments: Segment[] = [];
  #heldPipes: Pipe[] = [];

  constructor(from: SimNode, to: SimNode) {
    this.from = from;
    this.to = to;
    const { network } = from.profile;
    this.#delay =
      from.host === to.host
        ? network.loopback.delay
        : from.rack === to.rack
          ? network.sameRack.delay
          : network.betweenRacks.delay;
    this.#random = from.world.random(`link:${from.name}>${to.name}`, 'delay');
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  drawDelayNs(): number {
    const jitterNs = this.jitterNs > 0 ? this.#random.float() * this.jitterNs : 0;
    return Math.round(drawDelayNs(this.#delay, this.#random) * this.delayFactor + this.extraDelayNs + jitterNs);
  }

  /** True with the given chance, by this link's own draws. */
  happens(chance: number): boolean {
    return chance > 0 && this.#random.uint32() < chance * 4294967296;
  }

  drawBelow(bound: number): number {
    return this.#random.below(bound);
  }

  /** Nothing passes until every cut is undone; returns what undoes this one. */
  cut(): () => void {
    this.#cuts++;
    let undone = false;
    return () => {
      if (undone || this.#cuts === 0) return;
      undone = true;
      this.#cuts--;
      if (this.#cuts === 0) this.#mend();
    };
  }

  /** Undoes all cuts and all slowness. */
  heal(): void {
    this.extraDelayNs = 0;
    this.delayFactor = 1;
    this.jitterNs = 0;
    this.inPieces = false;
    this.bytesPerSecond = Infinity;
    if (this.#cuts === 0) return;
    this.#cuts = 0;
    this.#mend();
  }

  hold(segment: Segment): void {
    this.#heldSegments.push(segment);
  }

  /** The pipe's acknowledgements travel on this link. */
  holdAcknowledgements(pipe: Pipe): void {
    this.#heldPipes.push(pipe);
  }

  #mend(): void {
    const segments = this.#heldSegments;
    const pipes = this.#heldPipes;
    this.#heldSegments = [];
    this.#heldPipes = [];
    for (const segment of segments) segment.retransmit();
    for (const pipe of pipes) pipe.acknowledgementsPass();
  }
}

/** When TCP tries again, at or after `nowNs`, what it first lost at `lostNs`. */
export function nextRetransmissionNs(lostNs: number, nowNs: number): number {
  let timeout = FIRST_RETRANSMIT_NS;
  let at = lostNs + timeout;
  while (at < nowNs) {
    timeout = Math.min(timeout * 2, LONGEST_RETRANSMIT_NS);
    at += timeout;
  }
  return at;
}
