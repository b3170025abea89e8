import { isMap } from 'yaml';
import { kafkaConfig } from './kafka-config.ts';
import { nearest } from './nearest.ts';
import {
  conflict,
  filePath,
  isMapNode,
  isText,
  orNone,
  positiveDuration,
  rate,
  rateOrZero,
  recordBytes,
  share,
  topicName,
} from './scalars.ts';
import {
  below,
  boolean,
  decimal,
  either,
  entriesOf,
  type Fields,
  inherit,
  integer,
  list,
  map,
  object,
  oneOfWords,
  optional,
  placeOf,
  type Read,
  readFields,
  report,
  reportExpected,
  reportUnknownKey,
  required,
  type Schema,
  textOf,
  word,
} from './schema.ts';
import type {
  Arrival,
  KeySpec,
  ProducerSpec,
  Rate,
  RateStage,
  SizeSpec,
  TransactionSpec,
  ValueSpec,
} from './workload.ts';

const stage = object('a stage { rate, for }', {
  rate: required(rateOrZero, 'Records a second over all instances of the entry.'),
  for: required(positiveDuration, 'How long.'),
  ramp: optional(boolean, false, 'true: linear from the rate of the stage before (0 at first) to this one.'),
});

const stages: Schema<Rate> = map(
  object('stages', { stages: required(list(stage, { min: 1 }), 'One after another; the last rate stays.') }),
  (read, place): Rate | undefined => {
    const resolved: RateStage[] = [];
    let before = 0;
    for (const { rate: perSecond, for: forMs, ramp } of read.stages) {
      resolved.push({ fromPerSecond: ramp ? before : perSecond, toPerSecond: perSecond, forMs });
      before = perSecond;
    }
    if (resolved.every(({ fromPerSecond, toPerSecond }) => fromPerSecond === 0 && toPerSecond === 0)) {
      return report(place, 'value', `${place.path}: no stage has a rate above 0`);
    }
    return { kind: 'stages', stages: resolved };
  },
);

const rateSpec: Schema<Rate> = either<Rate>(
  'a rate such as 20_000/s, max, or stages: [{ rate, for }]',
  { when: (node) => textOf(node) === 'max', schema: map(word('max'), (): Rate => ({ kind: 'max' })) },
  { when: isText, schema: map(rate, (perSecond): Rate => ({ kind: 'fixed', perSecond })) },
  { when: isMapNode, schema: stages },
);

const ARRIVALS = ['constant', 'poisson', 'burst'] as const;
const DEFAULT_BURST = 100;

const arrival: Schema<Arrival> = either<Arrival>(
  'constant, poisson, burst, { burst: records } or { trace: file }',
  {
    when: isText,
    schema: map(word(...ARRIVALS), (kind): Arrival => (kind === 'burst' ? { kind, records: DEFAULT_BURST } : { kind })),
  },
  {
    when: isMapNode,
    schema: map(
      object('{ burst: records } or { trace: file }', {
        burst: optional(integer(1, 1_000_000), null, 'Records that arrive at once.'),
        trace: optional(
          filePath,
          null,
          'A file with one intended time a line, such as 1.5ms; from the start of the load.',
        ),
      }),
      (read, place): Arrival | undefined => {
        if (read.burst !== null && read.trace === null) return { kind: 'burst', records: read.burst };
        if (read.trace !== null && read.burst === null) return { kind: 'trace', file: read.trace };
        return reportExpected(place, 'conflict', 'either burst or trace');
      },
    ),
  },
);

/** A map whose other keys depend on the word at `distribution`. */
function byDistribution<T>(
  expected: string,
  variants: { readonly [kind: string]: { readonly fields: Fields; readonly make: (read: never) => T } },
): Schema<T> {
  const kinds = Object.keys(variants);
  return {
    expected,
    json: {
      oneOf: Object.entries(variants).map(([kind, { fields }]) => {
        const { json } = object(expected, fields);
        return {
          ...json,
          properties: { distribution: { const: kind }, ...(json.properties as object) },
          required: ['distribution', ...(json.required as string[])],
        };
      }),
    },
    read(place) {
      if (!isMap(place.node)) return reportExpected(place, 'type', expected);
      const entries = entriesOf(place, place.node);
      const tag = entries.find(({ key }) => key === 'distribution');
      if (tag === undefined) {
        for (const entry of entries) {
          if (nearest(entry.key, ['distribution']) !== null) reportUnknownKey(entry, place, ['distribution']);
        }
        return report(place, 'missing-key', `${place.path}: "distribution" is missing; expected ${oneOfWords(kinds)}`);
      }
      const kind = word(...kinds).read(below(place, tag.value, 'distribution'));
      if (kind === undefined) return undefined;
      const { fields, make } = variants[kind]!;
      const read = readFields(
        entries.filter((entry) => entry !== tag),
        place,
        fields,
      );
      return read === undefined ? undefined : make(inherit({ ...read }, read) as never);
    },
  };
}

const cardinality = optional(integer(1, 2 ** 40), 10_000, 'Distinct keys.');
const keyBytes = optional(integer(1, 65_536), 8, 'Length of a key.');
const keyFields = { cardinality, bytes: keyBytes };
const zipfFields = { exponent: optional(decimal(0, 10), 1, 'Skew: 0 is uniform, 1 is classic.'), ...keyFields };
const hotFields = {
  'hot-keys': optional(integer(1, 2 ** 40), 1, 'How many keys are hot.'),
  'hot-share': optional(share, 0.9, 'Their share of the records.'),
  ...keyFields,
};

const keyMaps = byDistribution<KeySpec | undefined>(
  'a key distribution such as { distribution: zipf, cardinality: 100_000 }',
  {
    none: { fields: {}, make: (): KeySpec => ({ kind: 'none' }) },
    uniform: { fields: keyFields, make: (read: Read<typeof keyFields>): KeySpec => ({ kind: 'uniform', ...read }) },
    zipf: { fields: zipfFields, make: (read: Read<typeof zipfFields>): KeySpec => ({ kind: 'zipf', ...read }) },
    sequential: {
      fields: keyFields,
      make: (read: Read<typeof keyFields>): KeySpec => ({ kind: 'sequential', ...read }),
    },
    hot: {
      fields: hotFields,
      make: (read: Read<typeof hotFields>): KeySpec | undefined => {
        const { 'hot-keys': hotKeys, 'hot-share': hotShare, cardinality: all, bytes } = read;
        if (hotKeys < all) return { kind: 'hot', hotKeys, hotShare, cardinality: all, bytes };
        const place = placeOf(read, 'hot-keys')!;
        return conflict(place, `${place.path}: ${hotKeys} hot keys are not fewer than cardinality ${all}`);
      },
    },
  },
);

/** The word alone takes the defaults. */
function bareKeys(kind: 'none' | 'uniform' | 'zipf' | 'sequential' | 'hot'): KeySpec {
  const base = { cardinality: 10_000, bytes: 8 };
  if (kind === 'none') return { kind };
  if (kind === 'zipf') return { kind, exponent: 1, ...base };
  if (kind === 'hot') return { kind, hotKeys: 1, hotShare: 0.9, ...base };
  return { kind, ...base };
}

const keys: Schema<KeySpec> = either<KeySpec>(
  'none, uniform, zipf, sequential, hot, or a map with distribution',
  { when: isText, schema: map(word('none', 'uniform', 'zipf', 'sequential', 'hot'), bareKeys) },
  { when: isMapNode, schema: map(keyMaps, (read) => read) },
);

const uniformSize = { min: required(recordBytes, 'Smallest.'), max: required(recordBytes, 'Largest.') };
const lognormalSize = {
  median: required(recordBytes, 'Half of the values are smaller.'),
  p99: required(recordBytes, '99 % of the values are smaller.'),
  max: required(recordBytes, 'Values are cut here.'),
};
const choiceSize = {
  of: required(
    list(
      object('a choice { size, weight }', {
        size: required(recordBytes, 'Size of this kind of value.'),
        weight: optional(decimal(0, 1e9), 1, 'How often, relative to the others.'),
      }),
      { min: 1 },
    ),
    'Kinds of value.',
  ),
};

const sizeMaps = byDistribution<SizeSpec | undefined>(
  'a size distribution such as { distribution: lognormal, median, p99, max }',
  {
    uniform: {
      fields: uniformSize,
      make: (read: Read<typeof uniformSize>): SizeSpec | undefined => {
        if (read.min <= read.max) return { kind: 'uniform', minBytes: read.min, maxBytes: read.max };
        const place = placeOf(read, 'min')!;
        return conflict(place, `${place.path}: above max`);
      },
    },
    lognormal: {
      fields: lognormalSize,
      make: (read: Read<typeof lognormalSize>): SizeSpec | undefined => {
        const { median, p99, max } = read;
        if (median >= 1 && median <= p99 && p99 <= max) {
          return { kind: 'lognormal', medianBytes: median, p99Bytes: p99, maxBytes: max };
        }
        const place = placeOf(read)!;
        return conflict(place, `${place.path}: median, p99 and max must rise, from 1B`);
      },
    },
    choice: {
      fields: choiceSize,
      make: (read: Read<typeof choiceSize>): SizeSpec | undefined => {
        const choices = read.of.map(({ size, weight }) => ({ bytes: size, weight }));
        if (choices.some(({ weight }) => weight > 0)) return { kind: 'choice', choices };
        const place = placeOf(read, 'of')!;
        return report(place, 'value', `${place.path}: no weight is above 0`);
      },
    },
  },
);

const size: Schema<SizeSpec> = either<SizeSpec>(
  'a size such as 1KiB, or a map with distribution',
  { when: isText, schema: map(recordBytes, (bytes): SizeSpec => ({ kind: 'fixed', bytes })) },
  { when: isMapNode, schema: map(sizeMaps, (read) => read) },
);

const DEFAULT_POOL = 1_000;
const DEFAULT_VALUE: ValueSpec = {
  size: { kind: 'fixed', bytes: 1024 },
  compressible: 0,
  poolSize: DEFAULT_POOL,
  corpus: null,
};

const value: Schema<ValueSpec> = either<ValueSpec>(
  'a size such as 1KiB, or a map { size, compressible, pool, corpus }',
  {
    when: isText,
    schema: map(recordBytes, (bytes): ValueSpec => ({ ...DEFAULT_VALUE, size: { kind: 'fixed', bytes } })),
  },
  {
    when: isMapNode,
    schema: map(
      object('a map { size, compressible, pool, corpus }', {
        size: optional(size, DEFAULT_VALUE.size, 'Size of a value; default 1KiB.'),
        compressible: optional(share, 0, 'Share of a value that compresses away.'),
        pool: optional(integer(1, 100_000), DEFAULT_POOL, 'Distinct payloads made in advance.'),
        corpus: optional(
          orNone(filePath),
          null,
          'File that payload bytes are cut from, relative to the workload file.',
        ),
      }),
      (read): ValueSpec => ({
        size: read.size,
        compressible: read.compressible,
        poolSize: read.pool,
        corpus: read.corpus,
      }),
    ),
  },
);

const transaction: Schema<TransactionSpec> = map(
  object('a map { records, abort }', {
    records: optional(integer(1, 1_000_000), 100, 'Records per transaction.'),
    abort: optional(share, 0, 'Share of transactions aborted on purpose.'),
  }),
  (read): TransactionSpec => ({ records: read.records, abortShare: read.abort }),
);

/** As read: `rate` may be missing, which is right beside a trace and nowhere else. */
export type ProducerRead = Omit<ProducerSpec, 'rate'> & { readonly rate: Rate | null };

export const producer: Schema<ProducerRead> = map(
  object('a producer { topic, rate, … }', {
    topic: required(topicName, 'Name of an entry of topics.'),
    count: optional(integer(0, 10_000_000), 1, 'Producer instances; the rate is split over them.'),
    rate: optional(
      rateSpec,
      null,
      'Records a second over the whole entry: `N/s`, `max`, or `{ stages: [{ rate, for, ramp }] }`.',
    ),
    arrival: optional(
      arrival,
      { kind: 'constant' },
      'Spacing of intended times: `constant`, `poisson`, `burst`, `{ burst: N }`, `{ trace: file }`.',
    ),
    keys: optional(
      keys,
      { kind: 'none' },
      'Key distribution: `none`, `uniform`, `zipf`, `sequential`, `hot`, or a map with `distribution`, `cardinality`, `bytes`, `exponent`, `hot-keys`, `hot-share`.',
    ),
    value: optional(
      value,
      DEFAULT_VALUE,
      'A size, or `{ size, compressible, pool, corpus }`; `size` may be `{ distribution: uniform | lognormal | choice, … }`.',
    ),
    client: optional(kafkaConfig('producer'), {}, "Kafka's producer configs, with units where the name has one."),
    transaction: optional(
      orNone(transaction),
      null,
      '`{ records, abort }`: records per transaction and share aborted on purpose.',
    ),
  }),
  (read): ProducerRead => inherit({ ...read }, read),
);
