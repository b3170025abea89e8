import { isMap, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { quote } from './diagnostics.ts';
import { nearest } from './nearest.ts';
import {
  below,
  type JsonSchema,
  oneOfWords,
  type Place,
  report,
  reportExpected,
  type Schema,
  textOf,
} from './schema.ts';

/** One key of a map; `doc` is what the JSON Schema says of it. */
export interface Field<T> {
  readonly schema: Schema<T>;
  readonly required: boolean;
  readonly fallback: T | undefined;
  readonly doc: string;
}

export function required<T>(schema: Schema<T>, doc: string): Field<T> {
  return { schema, required: true, fallback: undefined, doc };
}

export function optional<T>(schema: Schema<T>, fallback: null, doc: string): Field<T | null>;
export function optional<T>(schema: Schema<T>, fallback: NoInfer<T>, doc: string): Field<T>;
export function optional<T>(schema: Schema<T>, fallback: T | null, doc: string): Field<T | null> {
  return { schema, required: false, fallback, doc };
}

export type Fields = { readonly [key: string]: Field<unknown> };
export type Read<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Where the fields of an object that was read stand, for the checks that come after reading. */
const places = new WeakMap<object, ReadonlyMap<string, Place>>();

/** The place of a key's value, of the object when the key is absent. */
export function placeOf(value: object, key?: string): Place | null {
  const known = places.get(value);
  return known === undefined ? null : ((key === undefined ? undefined : known.get(key)) ?? known.get('') ?? null);
}

/** Whether the file itself sets this key. */
export function isSet(value: object, key: string): boolean {
  return places.get(value)?.has(key) ?? false;
}

/** The object that stands for another one in the checks: same places. */
export function inherit<T extends object>(value: T, from: object): T {
  const known = places.get(from);
  if (known !== undefined) places.set(value, known);
  return value;
}

export function object<F extends Fields>(expected: string, fields: F): Schema<Read<F>> {
  return {
    expected,
    json: {
      type: 'object',
      additionalProperties: false,
      required: Object.keys(fields).filter((key) => fields[key]!.required),
      properties: Object.fromEntries(
        Object.entries(fields).map(([key, field]) => [
          key,
          {
            ...field.schema.json,
            description: field.doc,
            ...defaultOf(field),
          },
        ]),
      ),
    },
    read(place) {
      if (!isMap(place.node)) return reportExpected(place, 'type', expected);
      return readFields(entriesOf(place, place.node), place, fields);
    },
  };
}

/** Only where the value in memory is also how it is written: not for durations and sizes, whose docs name their default. */
function defaultOf({ fallback, schema }: Field<unknown>): JsonSchema {
  const written = typeof fallback === 'boolean' || (typeof fallback === 'string' && fallback !== '');
  const whole = typeof fallback === 'number' && !Array.isArray(schema.json.type);
  return written || whole ? { default: fallback } : {};
}

export interface Entry {
  readonly key: string;
  readonly keyNode: Node | null;
  readonly value: Node | null;
  /** Where messages say it stands, when that is not below the map it is read into. */
  readonly path?: string;
}

/** The pairs of a map: merge keys (`<<`) followed, duplicates and keys that are no words reported. */
export function entriesOf(place: Place, node: YAMLMap): Entry[] {
  const entries = new Map<string, Entry>();
  const merged: Entry[] = [];
  for (const pair of node.items as Pair<Node | null, Node | null>[]) {
    const keyNode = pair.key;
    const key = textOf(keyNode);
    if (key === undefined) {
      place.source.report(keyNode ?? node, place.path, 'type', `${inPath(place.path, 'a key here')} is not a word`);
      continue;
    }
    if (key === '<<') {
      merged.push(...mergedEntries(place, pair.value));
      continue;
    }
    const before = entries.get(key);
    if (before !== undefined) {
      const { line } = place.source.place(before.keyNode);
      const first = line > 0 ? ` (first on line ${line})` : '';
      place.source.report(keyNode, `${place.path}.${key}`, 'duplicate-key', `duplicate key ${quote(key)}${first}`);
      continue;
    }
    entries.set(key, { key, keyNode, value: pair.value });
  }
  for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry);
  return [...entries.values()];
}

function mergedEntries(place: Place, value: Node | null): Entry[] {
  const target = place.source.resolve(value, place.path);
  const maps = isSeq(target) ? target.items.map((item) => place.source.resolve(item as Node, place.path)) : [target];
  const entries: Entry[] = [];
  for (const node of maps) {
    if (!isMap(node)) {
      place.source.report(value, place.path, 'type', 'expected a map, or a list of maps, after <<');
      continue;
    }
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = textOf(pair.key);
      if (key !== undefined && key !== '<<') entries.push({ key, keyNode: pair.key, value: pair.value });
    }
  }
  return entries;
}

function inPath(path: string, what: string): string {
  return path === '' ? what : `${path}: ${what}`;
}

export function readFields<F extends Fields>(entries: readonly Entry[], place: Place, fields: F): Read<F> | undefined {
  const values: Record<string, unknown> = {};
  const known = new Map<string, Place>([['', place]]);
  let complete = true;
  for (const entry of entries) {
    if (!Object.hasOwn(fields, entry.key)) reportUnknownKey(entry, place, Object.keys(fields));
  }
  for (const [key, field] of Object.entries(fields)) {
    const entry = entries.find((candidate) => candidate.key === key);
    if (entry === undefined) {
      if (field.required) {
        complete = false;
        report(place, 'missing-key', inPath(place.path, `"${key}" is missing; expected ${field.schema.expected}`));
      } else values[key] = field.fallback;
      continue;
    }
    const at =
      entry.path === undefined
        ? below(place, entry.value, key)
        : { ...place, node: place.source.resolve(entry.value, entry.path), path: entry.path };
    known.set(key, at);
    const value = field.schema.read(at);
    if (value !== undefined) values[key] = value;
    else if (field.required) complete = false;
    else values[key] = field.fallback;
  }
  if (!complete) return undefined;
  places.set(values, known);
  return values as Read<F>;
}

export function reportUnknownKey(entry: Entry, place: Place, words: readonly string[]): void {
  if (place.source.full) return;
  const where = place.path === '' ? '' : ` in ${place.path}`;
  const suggestion = nearest(entry.key, words);
  const choice = suggestion === null ? `; expected ${oneOfWords(words)}` : '';
  const path = place.path === '' ? entry.key : `${place.path}.${entry.key}`;
  place.source.report(
    entry.keyNode,
    path,
    'unknown-key',
    `unknown key ${quote(entry.key)}${where}${choice}`,
    suggestion,
  );
}
