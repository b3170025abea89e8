import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import type { Arrival, KeySpec, Rate, SizeSpec, ValueSpec } from '../workload.ts';
import { createSchedule } from './arrivals.ts';
import { ENVELOPE_BYTES, type Envelope, readEnvelope, writeEnvelope } from './envelope.ts';
import { createKeys, encodeKey, keyBytesNeeded } from './keys.ts';
import { parseTrace } from './trace.ts';
import { createSizes, Values } from './values.ts';

const fixed = (perSecond: number): Rate => ({ kind: 'fixed', perSecond });

function times(
  rate: Rate,
  arrival: Arrival,
  count: number,
  options: { instance?: number; instances?: number; warmupMs?: number; seed?: number; timesNs?: Float64Array } = {},
): number[] {
  const { instance = 0, instances = 1, warmupMs = 0, seed = 1 } = options;
  const random = createRandom(seed).fork(`producer ${instance}`);
  const schedule = createSchedule({
    rate,
    arrival,
    phases: { warmupMs },
    instance,
    instances,
    random,
    ...(options.timesNs === undefined ? {} : { timesNs: options.timesNs }),
  })!;
  return Array.from({ length: count }, () => schedule.next());
}

/** Records before `untilNs` over all instances. */
function countUntil(rate: Rate, arrival: Arrival, untilNs: number, instances: number, seed = 1, warmupMs = 0): number {
  let count = 0;
  for (let instance = 0; instance < instances; instance++) {
    const random = createRandom(seed).fork(`producer ${instance}`);
    const schedule = createSchedule({ rate, arrival, phases: { warmupMs }, instance, instances, random })!;
    while (schedule.next() < untilNs) count++;
  }
  return count;
}

const kinds: Arrival[] = [{ kind: 'constant' }, { kind: 'poisson' }, { kind: 'burst', records: 7 }];

describe('arrivals', () => {
  test('constant times are computed, not summed up: no drift after hours', () => {
    const schedule = createSchedule({
      rate: fixed(3),
      arrival: { kind: 'constant' },
      phases: { warmupMs: 0 },
      instance: 0,
      instances: 1,
      random: createRandom(1),
    })!;
    let last = 0;
    for (let index = 0; index <= 300_000; index++) last = schedule.next();
    expect(last).toBe(100_000e9);
  });

  test('instances take turns and together are as even as one', () => {
    const all = [0, 1, 2].flatMap((instance) =>
      times(fixed(1000), { kind: 'constant' }, 100, { instance, instances: 3 }),
    );
    expect(all.sort((a, b) => a - b)).toEqual(times(fixed(1000), { kind: 'constant' }, 300));
  });

  test('every kind is whole nanoseconds, never falls, and is the same again', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e7, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        fc.constantFrom(...kinds),
        (perSecond, instances, seed, arrival) => {
          const run = () => times(fixed(perSecond), arrival, 200, { instance: instances - 1, instances, seed });
          const first = run();
          expect(run()).toEqual(first);
          for (let at = 0; at < first.length; at++) {
            expect(Number.isSafeInteger(first[at]!)).toBe(true);
            expect(first[at]!).toBeGreaterThanOrEqual(first[at - 1] ?? 0);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('every kind meets its rate over all instances', () => {
    for (const arrival of kinds) {
      for (const instances of [1, 4]) {
        const count = countUntil(fixed(5000), arrival, 4e9, instances);
        // Five standard deviations of a Poisson count of 20,000; constant ones are exact, bursts to one burst each.
        const slack = arrival.kind === 'poisson' ? 5 * Math.sqrt(20_000) : arrival.kind === 'burst' ? 7 * instances : 0;
        expect(Math.abs(count - 20_000)).toBeLessThanOrEqual(slack);
      }
    }
  });

  test('Poisson gaps are exponential: mean and standard deviation agree, and a share of e^-1 exceeds the mean', () => {
    const at = times(fixed(1000), { kind: 'poisson' }, 40_000);
    const gaps = at.slice(1).map((time, index) => (time - at[index]!) / 1e6);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation).toBeCloseTo(1, 1);
    expect(gaps.filter((gap) => gap > 1).length / gaps.length).toBeCloseTo(Math.exp(-1), 2);
  });

  test('seeds and instances have streams of their own', () => {
    const a = times(fixed(100), { kind: 'poisson' }, 5);
    expect(times(fixed(100), { kind: 'poisson' }, 5, { seed: 2 })).not.toEqual(a);
    expect(times(fixed(100), { kind: 'poisson' }, 5, { instance: 1, instances: 2 })).not.toEqual(a);
  });

  test('bursts come together, then silence', () => {
    expect(times(fixed(1000), { kind: 'burst', records: 3 }, 7)).toEqual([0, 0, 0, 3e6, 3e6, 3e6, 6e6]);
    expect(times(fixed(1000), { kind: 'burst', records: 3 }, 4, { instance: 1, instances: 2 })).toEqual([
      3e6, 3e6, 3e6, 9e6,
    ]);
  });

  test('stages: the warm-up at the first rate, steps, ramps, and the last rate stays', () => {
    const rate: Rate = {
      kind: 'stages',
      stages: [
        { fromPerSecond: 1000, toPerSecond: 1000, forMs: 1000 },
        { fromPerSecond: 1000, toPerSecond: 3000, forMs: 2000 },
        { fromPerSecond: 0, toPerSecond: 0, forMs: 1000 },
        { fromPerSecond: 500, toPerSecond: 500, forMs: 1000 },
      ],
    };
    const until = (seconds: number, arrival: Arrival = { kind: 'constant' }) =>
      countUntil(rate, arrival, seconds * 1e9, 2, 1, 1000);
    expect(until(1)).toBe(1000);
    expect(until(2)).toBe(2000);
    expect(until(3)).toBe(2000 + 1500);
    expect(until(4)).toBe(6000);
    expect(until(5)).toBe(6000);
    expect(until(6)).toBe(6500);
    expect(until(16)).toBe(11_500);
    expect(Math.abs(until(16, { kind: 'poisson' }) - 11_500)).toBeLessThan(5 * Math.sqrt(11_500));
  });

  test('a rate that ends at zero ends the schedule', () => {
    const rate: Rate = {
      kind: 'stages',
      stages: [
        { fromPerSecond: 2, toPerSecond: 2, forMs: 1000 },
        { fromPerSecond: 0, toPerSecond: 0, forMs: 1000 },
      ],
    };
    expect(times(rate, { kind: 'constant' }, 4)).toEqual([
      0,
      0.5e9,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('a trace is dealt out in turn and ends; max has no schedule', () => {
    const trace = parseTrace('# header\n0\n1.5ms\n\n2\n1s\n');
    if (!('timesNs' in trace)) throw new Error(trace.problem);
    const deal = (instance: number) =>
      times({ kind: 'max' }, { kind: 'trace', file: 'x' }, 3, { instance, instances: 2, timesNs: trace.timesNs });
    expect(deal(0)).toEqual([0, 2e6, Number.POSITIVE_INFINITY]);
    expect(deal(1)).toEqual([1.5e6, 1e9, Number.POSITIVE_INFINITY]);
    expect(
      createSchedule({
        rate: { kind: 'max' },
        arrival: { kind: 'constant' },
        phases: { warmupMs: 0 },
        instance: 0,
        instances: 1,
        random: createRandom(1),
      }),
    ).toBeNull();
    expect(parseTrace('1ms\nsoon')).toEqual({ problem: 'expected a time such as 1.5ms', line: 2 });
    expect(parseTrace('2ms\n1ms')).toEqual({ problem: 'earlier than the line before', line: 2 });
    expect(parseTrace('# none')).toMatchObject({ problem: 'no times in it' });
  });
});

describe('keys', () => {
  const draw = (spec: KeySpec, count: number): number[] => {
    const keys = createKeys(spec, createRandom(5));
    return Array.from({ length: count }, () => keys.next());
  };

  test.each([0, 0.5, 0.99, 1, 1 + 1e-10, 1.2, 3])('zipf of exponent %s: frequencies follow the law', (exponent) => {
    const n = 50;
    const count = 60_000;
    const seen = new Array<number>(n).fill(0);
    for (const key of draw({ kind: 'zipf', exponent, cardinality: n, bytes: 8 }, count)) seen[key]!++;
    const weights = seen.map((_, index) => (index + 1) ** -exponent);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let chiSquare = 0;
    for (let rank = 0; rank < n; rank++) {
      const expected = (count * weights[rank]!) / total;
      if (expected >= 5) chiSquare += (seen[rank]! - expected) ** 2 / expected;
    }
    // 49 degrees of freedom: above 100 with probability below 0.0001, and the seed is fixed.
    expect(chiSquare).toBeLessThan(100);
  });

  test('zipf over a trillion keys needs no table', () => {
    const drawn = draw({ kind: 'zipf', exponent: 1.1, cardinality: 2 ** 40, bytes: 8 }, 20_000);
    expect(drawn.every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 40)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(5_000);
    expect(drawn.filter((key) => key === 0).length).toBeGreaterThan(500);
  });

  test('uniform, sequential, hot and none', () => {
    const uniform = draw({ kind: 'uniform', cardinality: 4, bytes: 1 }, 8000);
    for (const key of [0, 1, 2, 3])
      expect(Math.abs(uniform.filter((drawn) => drawn === key).length - 2000)).toBeLessThan(200);
    expect(draw({ kind: 'sequential', cardinality: 3, bytes: 1 }, 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    const hot = draw({ kind: 'hot', hotKeys: 2, hotShare: 0.8, cardinality: 100, bytes: 2 }, 10_000);
    expect(hot.filter((key) => key < 2).length / 10_000).toBeCloseTo(0.8, 1);
    expect(new Set(hot).size).toBe(100);
    expect(draw({ kind: 'none' }, 1)).toEqual([-1]);
  });

  test('key bytes are distinct, of one length, and as short as keyBytesNeeded says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 40 }), (cardinality) => {
        const length = keyBytesNeeded(cardinality);
        const text = (key: number) => new TextDecoder().decode(encodeKey(key, length));
        expect(Number.parseInt(text(cardinality - 1), 36)).toBe(cardinality - 1);
        expect(text(0)).toHaveLength(length);
        expect(length === 1 || 36 ** (length - 1) < cardinality).toBe(true);
      }),
    );
    const keys = createKeys({ kind: 'uniform', cardinality: 1e6, bytes: 8 }, createRandom(1));
    expect(keys.bytes(5)).toBe(keys.bytes(5));
    expect(new TextDecoder().decode(keys.bytes(999_999))).toBe('0000lflr');
  });
});

describe('envelope', () => {
  const blank = (): Envelope => ({ writer: -1, sequence: -1, intendedNs: -1 });
  const safe = fc.oneof(
    fc.nat(),
    fc.maxSafeInteger().map(Math.abs),
    fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  );
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  test('reads what was written', () => {
    fc.assert(
      fc.property(word, word, safe, safe, (run, writer, sequence, intendedNs) => {
        const bytes = new Uint8Array(ENVELOPE_BYTES + 5);
        writeEnvelope(bytes, 3, run, writer, sequence, intendedNs);
        const read = blank();
        expect(readEnvelope(bytes.subarray(3), run, read)).toBe(true);
        expect(read).toEqual({ writer, sequence, intendedNs });
      }),
    );
  });

  test('any one flipped bit, another run and foreign bytes are refused', () => {
    fc.assert(
      fc.property(
        word,
        word,
        safe,
        safe,
        fc.nat({ max: ENVELOPE_BYTES * 8 - 1 }),
        (run, writer, sequence, intendedNs, bit) => {
          const bytes = new Uint8Array(ENVELOPE_BYTES);
          writeEnvelope(bytes, 0, run, writer, sequence, intendedNs);
          const into = blank();
          expect(readEnvelope(bytes, run ^ 1, into)).toBe(false);
          expect(readEnvelope(bytes.subarray(1), run, into)).toBe(false);
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          expect(readEnvelope(bytes, run, into)).toBe(false);
          expect(into).toEqual(blank());
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => !readEnvelope(bytes, 0, blank())));
  });
});

describe('values', () => {
  const spec = (change: Partial<ValueSpec> = {}): ValueSpec => ({
    size: { kind: 'fixed', bytes: 1000 },
    compressible: 0.5,
    poolSize: 10,
    corpus: null,
    ...change,
  });
  const draw = (size: SizeSpec, count = 20_000): number[] => {
    const next = createSizes(size, createRandom(3));
    return Array.from({ length: count }, next);
  };

  test('values carry their envelope, have their size, and repeat by seed alone', () => {
    const make = (seed: number) => {
      const instance = new Values(spec(), createRandom(seed)).instance(createRandom(seed).fork('instance'));
      return [0, 1, 2].map((sequence) => instance.next(7, 3, sequence, sequence * 1000).slice());
    };
    const values = make(1);
    for (const [sequence, value] of values.entries()) {
      const read: Envelope = { writer: 0, sequence: 0, intendedNs: 0 };
      expect(value).toHaveLength(1000);
      expect(readEnvelope(value, 7, read)).toBe(true);
      expect(read).toEqual({ writer: 3, sequence, intendedNs: sequence * 1000 });
    }
    expect(make(1)).toEqual(values);
    expect(make(2)).not.toEqual(values);
  });

  test('values shorter than the envelope keep their size and carry none', () => {
    const instance = new Values(spec({ size: { kind: 'fixed', bytes: 10 } }), createRandom(1)).instance(
      createRandom(1),
    );
    expect(instance.next(1, 1, 1, 1)).toHaveLength(10);
    expect(
      new Values(spec({ size: { kind: 'fixed', bytes: 0 } }), createRandom(1))
        .instance(createRandom(1))
        .next(1, 1, 1, 1),
    ).toHaveLength(0);
  });

  test.each([0, 0.3, 0.5, 0.9, 1])('a share of %s is zeros, at every scale', (compressible) => {
    const payload = new Values(spec({ size: { kind: 'fixed', bytes: 64_000 }, compressible }), createRandom(1)).payload(
      0,
    );
    for (const length of [6_400, 64_000]) {
      const zeros = payload.subarray(0, length).filter((byte) => byte === 0).length / length;
      // Random bytes are zero once in 256.
      expect(Math.abs(zeros - compressible - (1 - compressible) / 256)).toBeLessThan(0.01);
    }
  });

  test('payloads of a pool differ, and a pool is bounded in memory', () => {
    const values = new Values(spec(), createRandom(1));
    expect(new Set(Array.from({ length: 10 }, (_, index) => values.payload(index).join())).size).toBe(10);
    expect(
      new Values(spec({ size: { kind: 'fixed', bytes: 8 * 2 ** 20 }, poolSize: 1000 }), createRandom(1)).distinct,
    ).toBe(8);
  });

  test("a corpus of the value's size is the value; longer ones are cut, shorter ones repeated", () => {
    const corpus = Uint8Array.from({ length: 100 }, (_, index) => index);
    const payload = (bytes: number) =>
      new Values(spec({ corpus: 'f', size: { kind: 'fixed', bytes } }), createRandom(4), corpus).payload(0);
    expect(payload(100)).toEqual(corpus);
    const cut = payload(10);
    expect([...cut]).toEqual(Array.from({ length: 10 }, (_, index) => cut[0]! + index));
    expect([...payload(250)].slice(200)).toEqual([...corpus.subarray(0, 50)]);
    expect(() => new Values(spec({ corpus: 'f' }), createRandom(1), null)).toThrow(RangeError);
  });

  test('sizes follow their distribution', () => {
    const uniform = draw({ kind: 'uniform', minBytes: 10, maxBytes: 12 });
    expect([...new Set(uniform)].sort()).toEqual([10, 11, 12]);
    const lognormal = draw({ kind: 'lognormal', medianBytes: 1000, p99Bytes: 10_000, maxBytes: 20_000 }).sort(
      (a, b) => a - b,
    );
    expect(Math.abs(lognormal[10_000]! / 1000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(lognormal[19_800]! / 10_000 - 1)).toBeLessThan(0.1);
    expect(lognormal.at(-1)).toBeLessThanOrEqual(20_000);
    const choice = draw({
      kind: 'choice',
      choices: [
        { bytes: 1, weight: 3 },
        { bytes: 2, weight: 1 },
        { bytes: 3, weight: 0 },
      ],
    });
    expect(choice.filter((size) => size === 1).length / choice.length).toBeCloseTo(0.75, 1);
    expect(choice).not.toContain(3);
  });
});
