import type { Random } from '../../core/runtime.ts';
import { maxValueBytes } from '../settings.ts';
import type { SizeSpec, ValueSpec } from '../workload.ts';
import { fitsInValue, writeEnvelope } from './envelope.ts';

/** Payloads made in advance take at most this much memory; larger pools have fewer distinct payloads. */
const MAX_POOL_BYTES = 64 * 2 ** 20;

/** Length of one stretch of random bytes with the compressible bytes that follow it. */
const STRETCH = 64;

/**
 * Values of one producer entry. Its instances share it: payloads are a function of (seed, index), made when first used;
 * sizes and choices come from each instance's own stream.
 */
export class Values {
  readonly #spec: ValueSpec;
  readonly #payloads: Random;
  readonly #corpus: Uint8Array | null;
  readonly #longest: number;
  readonly #pool: (Uint8Array | undefined)[];

  /** `corpus` are the bytes of spec.corpus; `random` is the entry's stream. */
  constructor(spec: ValueSpec, random: Random, corpus: Uint8Array | null = null) {
    if (spec.corpus !== null && (corpus === null || corpus.length === 0)) {
      throw new RangeError(`the corpus ${spec.corpus} has no bytes`);
    }
    this.#spec = spec;
    this.#payloads = random.fork('payloads');
    this.#corpus = spec.corpus === null ? null : corpus;
    this.#longest = maxValueBytes(spec.size);
    const affordable = Math.max(1, Math.floor(MAX_POOL_BYTES / Math.max(1, this.#longest)));
    this.#pool = new Array<Uint8Array | undefined>(Math.min(spec.poolSize, affordable)).fill(undefined);
  }

  /** What one instance draws from; its records are then told apart by their envelopes. */
  instance(random: Random): InstanceValues {
    return new InstanceValues(this, createSizes(this.#spec.size, random.fork('sizes')), random.fork('choice'));
  }

  get distinct(): number {
    return this.#pool.length;
  }

  /** Bytes of every value; null where they differ. */
  get onlySize(): number | null {
    return this.#spec.size.kind === 'fixed' ? this.#longest : null;
  }

  /**
   * Payload of the greatest size; shorter values are cut from its start. Must not be changed, but for the bytes that an
   * envelope takes.
   */
  payload(index: number): Uint8Array {
    let payload = this.#pool[index];
    if (payload === undefined) {
      const random = this.#payloads.fork(String(index));
      payload = new Uint8Array(this.#longest);
      if (this.#corpus === null) fillRandom(payload, this.#spec.compressible, random);
      else fillFrom(payload, this.#corpus, random);
      this.#pool[index] = payload;
    }
    return payload;
  }
}

export class InstanceValues {
  readonly #values: Values;
  readonly #nextSize: () => number;
  readonly #random: Random;
  /** The envelope is written into the payload itself, which has it in every value: nothing is copied. */
  readonly #inPlace: boolean;
  #room = new Uint8Array(0);
  #value = this.#room;

  constructor(values: Values, nextSize: () => number, random: Random) {
    this.#values = values;
    this.#inPlace = values.onlySize !== null && fitsInValue(values.onlySize);
    this.#nextSize = nextSize;
    this.#random = random;
  }

  /**
   * A value of the next size, with the envelope in the first bytes if it fits (fitsInValue). Its bytes stay until the next
   * call: an allocation for each record would cost more than all else here.
   */
  next(run: number, writer: number, sequence: number, intendedNs: number): Uint8Array {
    const size = this.#nextSize();
    const { distinct } = this.#values;
    const payload = this.#values.payload(distinct === 1 ? 0 : this.#random.below(distinct));
    if (this.#inPlace) {
      writeEnvelope(payload, 0, run, writer, sequence, intendedNs);
      return payload;
    }
    const value = this.#ofSize(size);
    value.set(payload.length === size ? payload : payload.subarray(0, size));
    if (fitsInValue(size)) writeEnvelope(value, 0, run, writer, sequence, intendedNs);
    return value;
  }

  #ofSize(size: number): Uint8Array {
    if (this.#value.length !== size) {
      if (this.#room.length < size) this.#room = new Uint8Array(size);
      this.#value = this.#room.subarray(0, size);
    }
    return this.#value;
  }
}

/**
 * Random bytes with runs of zeros between them, in the wanted proportion at every scale: any codec takes the zeros away
 * and nothing else, and a value cut anywhere has the same share.
 */
function fillRandom(payload: Uint8Array, compressible: number, random: Random): void {
  const randomPerStretch = STRETCH * (1 - compressible);
  let owed = 0;
  for (let start = 0; start < payload.length; start += STRETCH) {
    owed += randomPerStretch;
    const count = Math.round(owed);
    owed -= count;
    const end = Math.min(payload.length, start + count);
    let word = 0;
    for (let at = start; at < end; at++) {
      if (((at - start) & 3) === 0) word = random.uint32();
      payload[at] = word;
      word >>>= 8;
    }
  }
}

/** A piece of the corpus from a random place; a corpus shorter than the value is repeated. */
function fillFrom(payload: Uint8Array, corpus: Uint8Array, random: Random): void {
  if (corpus.length >= payload.length) {
    const start = random.below(corpus.length - payload.length + 1);
    payload.set(corpus.subarray(start, start + payload.length));
    return;
  }
  for (let at = 0; at < payload.length; at += corpus.length) {
    payload.set(corpus.subarray(0, Math.min(corpus.length, payload.length - at)), at);
  }
}

/** 99th percentile of the standard normal distribution. */
const Z99 = 2.3263478740408408;

/** Draws sizes in bytes. */
export function createSizes(spec: SizeSpec, random: Random): () => number {
  switch (spec.kind) {
    case 'fixed':
      return () => spec.bytes;
    case 'uniform':
      return () => spec.minBytes + random.below(spec.maxBytes - spec.minBytes + 1);
    case 'lognormal': {
      const spread = Math.log(spec.p99Bytes / spec.medianBytes) / Z99;
      return () => {
        const bytes = Math.round(spec.medianBytes * Math.exp(spread * standardNormal(random)));
        return Math.min(spec.maxBytes, Math.max(1, bytes));
      };
    }
    case 'choice': {
      const { choices } = spec;
      const total = choices.reduce((sum, { weight }) => sum + weight, 0);
      return () => {
        let left = random.float() * total;
        for (const { bytes, weight } of choices) {
          left -= weight;
          if (left < 0) return bytes;
        }
        return choices.findLast(({ weight }) => weight > 0)!.bytes;
      };
    }
  }
}

/** Box and Muller; one of the pair is thrown away, so that a draw always takes two numbers from the stream. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.float()));
  return radius * Math.cos(2 * Math.PI * random.float());
}
