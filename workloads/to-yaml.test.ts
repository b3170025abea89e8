import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { EXPECTATION_NAMES } from './expect.ts';
import type { FaultAction, Selector } from './fault.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import { parseWorkload } from './parse.ts';
import { toYaml } from './to-yaml.ts';
import { formatBytes, formatMs, parseBytes, parseDurationMs, parseSignedDurationMs } from './units.ts';
import type { Arrival, KeySpec, Rate, SizeSpec, Workload } from './workload.ts';

const END_MS = 60_000;

/** Whole nanoseconds, as a file can say them. */
const ms = (min: number, max: number) =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.integer({ min: min * 1e6, max: max * 1e6 }).map((ns) => ns / 1e6),
  );
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const share = fc.oneof(
  fc.constantFrom(0, 1, 0.5, 0.05),
  fc.integer({ min: 0, max: 1000 }).map((number) => number / 1000),
);
const bytes = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }),
  fc.integer({ min: 1, max: 100 }).map((kib) => kib * 1024),
);
const perSecond = fc.oneof(
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.integer({ min: 1, max: 1000 }).map((number) => number / 8),
);

const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.constantFrom<Selector>({ kind: 'any' }, { kind: 'all' }, { kind: 'controller' }),
  fc
    .constantFrom('leader' as const, 'follower' as const)
    .map((kind): Selector => ({ kind, topic: 'orders', partition: 3 })),
  fc.integer({ min: 0, max: 4 }).map((index): Selector => ({ kind: 'leader', topic: `many-${index}`, partition: 0 })),
  fc.constantFrom('a', 'b').map((rack): Selector => ({ kind: 'rack', rack })),
  fc.integer({ min: 1, max: 3 }).map((id): Selector => ({ kind: 'broker', id })),
);

const forMs = orNull(ms(1, 10_000));
const byMs = fc.tuple(fc.boolean(), ms(1, 100_000)).map(([back, length]) => (back ? -length : length));
const restartAfterMs = orNull(ms(0, 10_000));
const factor = fc.integer({ min: 1, max: 1000 });

const action: fc.Arbitrary<FaultAction> = fc.constantFrom(...FAULT_KINDS).chain((kind): fc.Arbitrary<FaultAction> => {
  const target = selector;
  switch (kind) {
    case 'kill':
    case 'power-loss':
    case 'clean-stop':
    case 'disk-replace':
      return fc.record({ kind: fc.constant(kind), target, restartAfterMs });
    case 'disk-swap':
      return fc.record({
        kind: fc.constant(kind),
        target: fc.constant<Selector>({ kind: 'any' }),
        with: target,
        restartAfterMs,
      });
    case 'slow-cpu':
    case 'slow-disk':
      return fc.record({ kind: fc.constant(kind), target, factor, forMs });
    case 'partition':
      return fc.record({
        kind: fc.constant(kind),
        shape: fc.oneof(
          fc.record({
            kind: fc.constant('isolate' as const),
            target,
            clients: fc.boolean(),
            direction: fc.constantFrom('both' as const, 'in' as const, 'out' as const),
          }),
          fc.constantFrom({ kind: 'halves' as const }, { kind: 'bridge' as const }, { kind: 'majority-ring' as const }),
        ),
        flapMs: orNull(ms(1, 1000)),
        forMs,
      });
    case 'slow-link':
      return fc.record({
        kind: fc.constant(kind),
        target,
        delayMs: ms(0, 1000),
        jitterMs: ms(0, 1000),
        bytesPerSecond: orNull(bytes),
        forMs,
      });
    case 'disk-stall':
      return fc.record({
        kind: fc.constant(kind),
        target,
        operations: fc.constantFrom('all' as const, 'sync' as const),
        forMs,
      });
    case 'disk-error':
      return fc.record({
        kind: fc.constant(kind),
        target,
        operation: fc.constantFrom('open' as const, 'read' as const, 'directory-sync' as const),
      });
    case 'clock-jump':
      return fc.record({ kind: fc.constant(kind), target, byMs });
    case 'clock-offset':
      return fc.record({ kind: fc.constant(kind), target, byMs, forMs });
    case 'clock-drift':
      return fc.record({
        kind: fc.constant(kind),
        target,
        partsPerMillion: fc.integer({ min: -1000, max: 1000 }),
        forMs,
      });
    case 'restart':
    case 'connection-reset':
    case 'fsync-failure':
    case 'short-write':
    case 'bit-flip':
      return fc.record({ kind: fc.constant(kind), target });
    default:
      return fc.record({ kind: fc.constant(kind), target, forMs });
  }
});

const when = fc.oneof(
  ms(0, END_MS - 1).map((atMs) => ({ kind: 'at' as const, atMs })),
  fc.record({
    kind: fc.constant('every' as const),
    everyMs: ms(1, 10_000),
    arrival: fc.constantFrom('constant' as const, 'poisson' as const),
    fromMs: ms(0, 10_000),
    untilMs: orNull(ms(10_000, END_MS)),
  }),
);

const faults: fc.Arbitrary<Workload['faults']> = fc.oneof(
  fc
    .array(fc.record({ when, oneOf: fc.array(action, { minLength: 1, maxLength: 3 }) }), { maxLength: 4 })
    .map((list) => ({
      kind: 'list' as const,
      faults: list.map((fault, index) => ({ id: `f${index + 1}`, ...fault })),
    })),
  fc.record({
    kind: fc.constant('swarm' as const),
    everyMs: ms(1, 60_000),
    kinds: fc.subarray([...FAULT_KINDS], { minLength: 1 }),
  }),
);

const rate: fc.Arbitrary<Rate> = fc.oneof(
  perSecond.map((number): Rate => ({ kind: 'fixed', perSecond: number })),
  fc.array(fc.tuple(perSecond, ms(1, 10_000), fc.boolean()), { minLength: 1, maxLength: 4 }).map((steps): Rate => {
    let before = 0;
    const stages = steps.map(([toPerSecond, length, ramp]) => {
      const fromPerSecond = ramp ? before : toPerSecond;
      before = toPerSecond;
      return { fromPerSecond, toPerSecond, forMs: length };
    });
    return { kind: 'stages', stages };
  }),
);

const arrival: fc.Arbitrary<Arrival> = fc.oneof(
  fc.constantFrom<Arrival>({ kind: 'constant' }, { kind: 'poisson' }),
  fc.integer({ min: 1, max: 1000 }).map((records): Arrival => ({ kind: 'burst', records })),
);

const schedule: fc.Arbitrary<{ rate: Rate; arrival: Arrival }> = fc.oneof(
  fc.record({ rate, arrival }),
  fc.constantFrom<{ rate: Rate; arrival: Arrival }>(
    { rate: { kind: 'max' }, arrival: { kind: 'constant' } },
    { rate: { kind: 'max' }, arrival: { kind: 'trace', file: 'a b.txt' } },
  ),
);

const cardinality = fc.integer({ min: 11, max: 1_000_000 });
const keyBytes = fc.integer({ min: 4, max: 64 });
const keys: fc.Arbitrary<KeySpec> = fc.oneof(
  fc.constant<KeySpec>({ kind: 'none' }),
  fc.record({ kind: fc.constantFrom('uniform' as const, 'sequential' as const), cardinality, bytes: keyBytes }),
  fc.record({
    kind: fc.constant('zipf' as const),
    exponent: fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 10),
    cardinality,
    bytes: keyBytes,
  }),
  fc.record({
    kind: fc.constant('hot' as const),
    hotKeys: fc.integer({ min: 1, max: 10 }),
    hotShare: share,
    cardinality,
    bytes: keyBytes,
  }),
);

const size: fc.Arbitrary<SizeSpec> = fc.oneof(
  bytes.map((number): SizeSpec => ({ kind: 'fixed', bytes: number })),
  fc
    .tuple(bytes, bytes)
    .map(([a, b]): SizeSpec => ({ kind: 'uniform', minBytes: Math.min(a, b), maxBytes: Math.max(a, b) })),
  fc.tuple(bytes, bytes, bytes).map((three): SizeSpec => {
    const [medianBytes, p99Bytes, maxBytes] = three.sort((a, b) => a - b) as [number, number, number];
    return { kind: 'lognormal', medianBytes, p99Bytes, maxBytes };
  }),
  fc
    .array(fc.record({ bytes, weight: fc.integer({ min: 1, max: 9 }) }), { minLength: 1, maxLength: 3 })
    .map((choices): SizeSpec => ({ kind: 'choice', choices })),
);

const client = fc.constantFrom(
  {},
  { acks: 'all', 'linger.ms': '5' },
  { 'compression.type': 'zstd', 'batch.size': '65536' },
);

const workloads: fc.Arbitrary<Workload> = fc.record({
  name: fc.constant('orders'),
  seed: fc.maxSafeInteger().map(Math.abs),
  target: fc.constant('sim' as const),
  bootstrap: fc.constantFrom([], ['a:9092', '[::1]:19092']),
  cluster: fc.record({
    brokers: fc.constant(3),
    racks: fc.constant(['a', 'b']),
    profile: fc.constantFrom('laptop' as const, 'wan' as const),
    config: fc.constantFrom({}, { 'min.insync.replicas': '2', 'log.flush.interval.messages': '9223372036854775807' }),
    features: fc.constant({ 'eligible.leader.replicas.version': 0 }),
  }),
  topics: fc.constant([
    { name: 'orders', count: 1, partitions: 4, replicationFactor: 3, config: { 'retention.ms': '-1' } },
    { name: 'many', count: 5, partitions: 1, replicationFactor: 2, config: {} },
  ]),
  producers: fc.array(
    fc
      .record({
        topic: fc.constantFrom('orders', 'many'),
        count: fc.integer({ min: 1, max: 100 }),
        schedule,
        keys,
        value: fc.record({
          size,
          compressible: share,
          poolSize: fc.integer({ min: 1, max: 1000 }),
          corpus: fc.constantFrom(null, 'x y#z.bin'),
        }),
        client,
        transaction: fc.constant(null),
      })
      .map(({ schedule: { rate: own, arrival: spacing }, ...rest }) => ({ ...rest, rate: own, arrival: spacing })),
    { minLength: 1, maxLength: 3 },
  ),
  consumers: fc.array(
    fc.record({
      topic: fc.constantFrom('orders', 'many'),
      group: fc.constantFrom(null, 'billing', 'no', '12', 'a: b'),
      groups: fc.integer({ min: 1, max: 5 }),
      groupPerTopic: fc.boolean(),
      count: fc.constant(1),
      processingNs: fc.integer({ min: 0, max: 1_000_000 }),
      startMs: ms(0, END_MS - 1),
      client: fc.constantFrom(
        { 'auto.offset.reset': 'earliest' },
        { 'auto.offset.reset': 'latest', 'max.poll.records': '10' },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  phases: fc.record({
    warmupMs: fc.constant(1_000),
    measureMs: fc.constant(END_MS - 1_000),
    drainMs: ms(0, 60_000),
    backlog: orNull(fc.record({ bytes: fc.integer({ min: 1, max: 2 ** 40 }), drainRatio: share })),
  }),
  faults,
  expect: fc.constant([]),
});

test('parse ∘ toYaml is the identity', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      const text = toYaml(workload);
      const result = parseWorkload(text, { file: 'orders.yaml' });
      if (!result.ok) throw new Error(`${result.diagnostics.map(formatDiagnostic).join('\n')}\n${text}`);
      expect(result.workload).toEqual(workload);
    }),
    { numRuns: 150 },
  );
});

test('transactions survive the way to YAML and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), share, (records, abortShare) => {
      const head = `target: kafka\nbootstrap: ['a:1']\ntopics: [{ name: a }]\n`;
      const first = parseWorkload(`${head}producers: [{ topic: a, rate: max, transaction: {} }]\n`, { file: 'a.yaml' });
      if (!first.ok) throw new Error(first.diagnostics.map(formatDiagnostic).join('\n'));
      const [producer] = first.workload.producers;
      const workload = { ...first.workload, producers: [{ ...producer!, transaction: { records, abortShare } }] };
      expect(parseWorkload(toYaml(workload), { file: 'a.yaml' })).toMatchObject({ ok: true, workload });
    }),
  );
});

test('every threshold survives the way to YAML and back', () => {
  for (const name of EXPECTATION_NAMES) {
    if (name === 'durability') continue;
    const limit = !name.startsWith('throughput') ? '< 1.5ms' : name.endsWith('bytes') ? '>= 10MiB/s' : '>= 19_500/s';
    const text = `target: kafka\nbootstrap: ['a:1']\ntopics: [{ name: a }]\nproducers: [{ topic: a, rate: 100/s, transaction: {} }]\nconsumers: [{ topic: a }]\nexpect: { ${name}: "${limit}" }\n`;
    const first = parseWorkload(text, { file: 'a.yaml' });
    if (!first.ok) throw new Error(first.diagnostics.map(formatDiagnostic).join('\n'));
    expect(first.workload.expect).toHaveLength(1);
    expect(parseWorkload(toYaml(first.workload), { file: 'a.yaml' })).toMatchObject({
      ok: true,
      workload: first.workload,
    });
  }
});

test('durations and sizes are read as they are written', () => {
  fc.assert(
    fc.property(ms(0, 1_000_000), fc.nat({ max: 2 ** 31 - 1 }), byMs, (duration, length, signed) => {
      expect(parseDurationMs(formatMs(duration))).toEqual({ ok: true, value: duration });
      expect(parseBytes(formatBytes(length))).toEqual({ ok: true, value: length });
      expect(parseSignedDurationMs(`${signed < 0 ? '-' : ''}${formatMs(Math.abs(signed))}`)).toEqual({
        ok: true,
        value: signed,
      });
    }),
  );
  expect(parseDurationMs('1m30s')).toEqual({ ok: true, value: 90_000 });
  expect(parseDurationMs('0.1ms')).toEqual({ ok: true, value: 0.1 });
  expect(parseDurationMs('5 sec')).toEqual({ ok: false, kind: 'unit', suggestion: '5s' });
  expect(parseBytes('10kb')).toEqual({ ok: false, kind: 'unit', suggestion: '10KiB' });
});
