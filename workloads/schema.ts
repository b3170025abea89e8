import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { DiagnosticCode } from './diagnostics.ts';
import { quote } from './diagnostics.ts';
import { nearest } from './nearest.ts';
import type { Source } from './source.ts';
import type { Quantity } from './units.ts';

/** JSON Schema, draft 2020-12, as far as we write it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * One declaration for a piece of the file: reads it with positions, describes it as JSON Schema and in messages. A read
 * that fails has reported why and gives undefined; reading goes on beside it, so that one run names every mistake.
 */
export interface Schema<T> {
  /** Completes "expected …". */
  readonly expected: string;
  readonly json: JsonSchema;
  read(place: Place): T | undefined;
}

/** A value in the file: its node and its path, with the source to report to. */
export interface Place {
  readonly node: Node | null;
  readonly path: string;
  readonly source: Source;
}

export function below(place: Place, node: Node | null, step: string | number): Place {
  const path = typeof step === 'number' ? `${place.path}[${step}]` : place.path === '' ? step : `${place.path}.${step}`;
  return { source: place.source, path, node: place.source.resolve(node, path) };
}

export function report(
  place: Place,
  code: DiagnosticCode,
  message: string,
  suggestion: string | null = null,
): undefined {
  place.source.report(place.node, place.path, code, message, suggestion);
}

/** `topics[0].partitions: expected a whole number from 1, found "twelve"`. */
export function reportExpected(
  place: Place,
  code: DiagnosticCode,
  expected: string,
  suggestion: string | null = null,
): undefined {
  const where = place.path === '' ? '' : `${place.path}: `;
  report(place, code, `${where}expected ${expected}, found ${describe(place.node)}`, suggestion);
}

function describe(node: Node | null): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  return quote(scalarText(node));
}

/** A scalar as it was typed: `1e3` stays `1e3`, `all` is `all`. */
function scalarText(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** The text of a scalar that is not null; otherwise undefined, nothing reported. */
export function textOf(node: Node | null): string | undefined {
  return isScalar(node) && node.value !== null && node.value !== undefined ? scalarText(node) : undefined;
}

/** A schema over the text of a scalar. */
export function scalar<T>(
  expected: string,
  json: JsonSchema,
  parse: (text: string) => { value: T } | { code: DiagnosticCode; suggestion?: string | null },
): Schema<T> {
  return {
    expected,
    json,
    read(place) {
      const text = textOf(place.node);
      if (text === undefined) return reportExpected(place, 'type', expected);
      const parsed = parse(text);
      if ('value' in parsed) return parsed.value;
      return reportExpected(place, parsed.code, expected, parsed.suggestion ?? null);
    },
  };
}

/** A number in the unit that `parse` gives, within bounds. */
export function quantity(
  expected: string,
  parse: (text: string) => Quantity,
  bounds: { min?: number; above?: number; max?: number; json?: JsonSchema } = {},
): Schema<number> {
  const json = bounds.json ?? { type: ['string', 'number'], description: expected };
  return scalar(expected, json, (text) => {
    const parsed = parse(text);
    if (!parsed.ok) return { code: parsed.kind, suggestion: parsed.suggestion };
    const { value } = parsed;
    if (bounds.min !== undefined && value < bounds.min) return { code: 'value' };
    if (bounds.above !== undefined && value <= bounds.above) return { code: 'value' };
    if (bounds.max !== undefined && value > bounds.max) return { code: 'value' };
    return { value };
  });
}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return scalar(
    `a whole number from ${min}${upTo}`,
    {
      anyOf: [
        { type: 'integer', minimum: min, maximum: max },
        { type: 'string', pattern: '^[0-9][0-9_]*$' },
      ],
    },
    (text) => {
      if (!/^-?\d[\d_]*$/.test(text)) return { code: 'type' };
      const value = Number(text.replaceAll('_', ''));
      return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : { code: 'value' };
    },
  );
}

export function decimal(min: number, max: number): Schema<number> {
  return scalar(`a number from ${min} to ${max}`, { type: 'number', minimum: min, maximum: max }, (text) => {
    if (!/^[-+]?\d[\d_]*(\.\d+)?(e[-+]?\d{1,3})?$/i.test(text)) return { code: 'type' };
    const value = Number(text.replaceAll('_', ''));
    return value >= min && value <= max ? { value } : { code: 'value' };
  });
}

export const boolean: Schema<boolean> = scalar('true or false', { type: 'boolean' }, (text) => {
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  if (/^(yes|on|y|1)$/i.test(text)) return { code: 'type', suggestion: 'true' };
  return { code: 'type', suggestion: /^(no|off|n|0)$/i.test(text) ? 'false' : nearest(text, ['true', 'false']) };
});

export function word<const W extends string>(...words: readonly W[]): Schema<W> {
  return scalar(oneOfWords(words), { enum: words }, (text) => {
    const found = words.find((candidate) => candidate === text);
    return found === undefined ? { code: 'value', suggestion: nearest(text, words) } : { value: found };
  });
}

export function oneOfWords(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export function name(expected: string, pattern: RegExp): Schema<string> {
  // Editors do not all read Unicode classes; a pattern with them is ours alone.
  const type = ['string', 'integer'];
  const json = pattern.unicode ? { type } : { type, pattern: pattern.source };
  return scalar(expected, json, (text) => (pattern.test(text) ? { value: text } : { code: 'value' }));
}

/** Keeps the checks that hold every item against every other one short. */
const MAX_ITEMS = 5_000;

/** A list; elements that fail are left out, so an absence proves nothing. */
export function list<T>(element: Schema<T>, options: { min?: number; expected?: string } = {}): Schema<T[]> {
  const expected = options.expected ?? `a list, each ${element.expected}`;
  return {
    expected,
    json: { type: 'array', items: element.json, ...(options.min === undefined ? {} : { minItems: options.min }) },
    read(place) {
      const { node } = place;
      if (!isSeq(node)) return reportExpected(place, 'type', expected);
      if (node.items.length < (options.min ?? 0)) return reportExpected(place, 'value', expected);
      if (node.items.length > MAX_ITEMS) {
        return report(place, 'limit', `${place.path}: ${node.items.length} items; at most ${MAX_ITEMS}`);
      }
      const values: T[] = [];
      for (const [index, item] of node.items.entries()) {
        const value = element.read(below(place, item as Node | null, index));
        if (value !== undefined) values.push(value);
      }
      return values;
    },
  };
}

/** The first reader whose `when` holds; what matches none is expected to be `expected`. */
export function either<T>(
  expected: string,
  ...cases: readonly { readonly when: (node: Node | null) => boolean; readonly schema: Schema<T> }[]
): Schema<T> {
  return {
    expected,
    json: { anyOf: cases.map(({ schema }) => schema.json) },
    read(place) {
      const found = cases.find(({ when }) => when(place.node));
      return found === undefined ? reportExpected(place, 'type', expected) : found.schema.read(place);
    },
  };
}

export function map<A, B>(schema: Schema<A>, convert: (value: A, place: Place) => B | undefined): Schema<B> {
  return {
    expected: schema.expected,
    json: schema.json,
    read(place) {
      const value = schema.read(place);
      return value === undefined ? undefined : convert(value, place);
    },
  };
}
