import { isMap } from 'yaml';
import { nearest } from './nearest.ts';
import {
  entriesOf,
  type Fields,
  inherit,
  object,
  optional,
  placeOf,
  type Read,
  readFields,
  reportUnknownKey,
  required,
} from './object-schema.ts';
import { conflict, filePath, isMapNode, isText, orNone, recordBytes, share } from './scalars.ts';
import {
  below,
  decimal,
  either,
  integer,
  list,
  map,
  oneOfWords,
  report,
  reportExpected,
  type Schema,
  word,
} from './schema.ts';
import type { KeySpec, SizeSpec, ValueSpec } from './workload.ts';

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

export const keys: Schema<KeySpec> = either<KeySpec>(
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
export const DEFAULT_VALUE: ValueSpec = {
  size: { kind: 'fixed', bytes: 1024 },
  compressible: 0,
  poolSize: DEFAULT_POOL,
  corpus: null,
};

export const value: Schema<ValueSpec> = either<ValueSpec>(
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
