import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from './file.ts';

type Node = { readonly [keyword: string]: unknown };

/** The keywords of JSON Schema that ours uses, so that it is held to our files without a dependency. */
function accepts(schema: Node, value: unknown): boolean {
  for (const [keyword, argument] of Object.entries(schema)) {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the test knows no keyword ${keyword}`);
    if (!check(argument as never, value, schema)) return false;
  }
  return true;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string[] => {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number'];
  return [typeof value];
};

const KEYWORDS: Record<string, (argument: never, value: unknown, schema: Node) => boolean> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (types: string | string[], value) => [types].flat().some((type) => typeOf(value).includes(type)),
  enum: (values: unknown[], value) => values.includes(value),
  const: (only: unknown, value) => value === only,
  pattern: (source: string, value) => typeof value !== 'string' || new RegExp(source).test(value),
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  items: (schema: Node, value) => !Array.isArray(value) || value.every((item) => accepts(schema, item)),
  anyOf: (schemas: Node[], value) => schemas.some((schema) => accepts(schema, value)),
  oneOf: (schemas: Node[], value) => schemas.filter((schema) => accepts(schema, value)).length === 1,
  required: (keys: string[], value) => !isObject(value) || keys.every((key) => Object.hasOwn(value, key)),
  properties: (properties: Record<string, Node>, value) =>
    !isObject(value) ||
    Object.entries(value).every(([key, inner]) => properties[key] === undefined || accepts(properties[key], inner)),
  patternProperties: (patterns: Record<string, Node>, value) =>
    !isObject(value) ||
    Object.entries(patterns).every(([source, schema]) =>
      Object.entries(value).every(([key, inner]) => !new RegExp(source).test(key) || accepts(schema, inner)),
    ),
  additionalProperties: (others: false | Node, value, { properties, patternProperties }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([key, inner]) =>
        Object.hasOwn((properties ?? {}) as object, key) ||
        Object.keys((patternProperties ?? {}) as object).some((source) => new RegExp(source).test(key)) ||
        (others !== false && accepts(others, inner)),
    ),
};

const schema = jsonSchema();
const ready = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.yaml'));

test.each(ready)('the JSON Schema accepts %s', (file) => {
  expect(accepts(schema, parse(readFileSync(new URL(file, import.meta.url), 'utf8')))).toBe(true);
});

test.each([
  ['no topics', {}],
  ['an unknown key', { topics: [{ name: 'a', partition: 1 }] }],
  ['an unknown Kafka config', { topics: [{ name: 'a', config: { 'retention.msec': 1 } }] }],
  ['a wrong word', { topics: [{ name: 'a' }], target: 'simulator' }],
  ['a fault without time', { topics: [{ name: 'a' }], faults: [{ kill: 'any' }] }],
  ['an unknown fault', { topics: [{ name: 'a' }], faults: [{ at: '1s', kil: 'any' }] }],
  ['an unknown distribution', { topics: [{ name: 'a' }], producers: [{ topic: 'a', keys: { distribution: 'zip' } }] }],
  ['an axis without values', { topics: [{ name: 'a' }], matrix: { 'topics[0].partitions': [] } }],
  ['an unknown threshold', { topics: [{ name: 'a' }], expect: { 'publish.99': '< 1ms' } }],
  ['a threshold without comparison', { topics: [{ name: 'a' }], expect: { 'publish.p99': '1ms' } }],
])('the JSON Schema refuses %s', (_, value) => {
  expect(accepts(schema, value)).toBe(false);
});

test("an editor may take the author's own keys and an override of any default that is shown", () => {
  expect(accepts(schema, { topics: [{ name: 'a' }], 'x-mine': [1] })).toBe(true);
  const visit = (node: unknown): void => {
    if (!isObject(node)) return;
    if (Object.hasOwn(node, 'default') && Object.hasOwn(node, 'description'))
      expect(accepts(node, node.default)).toBe(true);
    for (const inner of Object.values(node)) {
      if (Array.isArray(inner)) inner.forEach(visit);
      else visit(inner);
    }
  };
  visit(schema);
});
