import { isMap, isScalar } from 'yaml';
import { name, type Place, quantity, report, type Schema, textOf } from './schema.ts';
import { parseBytes, parseBytesPerSecond, parseDurationMs, parseRatePerSecond, parseShare } from './units.ts';

/** The kinds of value that several keys share. */

const YEAR_MS = 366 * 86400e3;

export const duration: Schema<number> = quantity('a duration such as 5s, 500ms or 1m30s', parseDurationMs, {
  max: YEAR_MS,
});

export const positiveDuration: Schema<number> = quantity('a duration above 0, such as 5s or 500ms', parseDurationMs, {
  above: 0,
  max: YEAR_MS,
});

/** Per-record work is kept in whole nanoseconds. */
export const shortDuration: Schema<number> = quantity('a duration of at most 10m, such as 50us', parseDurationMs, {
  max: 600e3,
});

/** A record above a gigabyte fits no segment. */
export const recordBytes: Schema<number> = quantity('a size such as 100B, 1KiB or 1MiB', parseBytes, {
  max: 2 ** 30,
  json: { type: ['string', 'integer'], minimum: 0 },
});

export const volume: Schema<number> = quantity('a size above 0, such as 10GiB', parseBytes, { above: 0 });

export const rate: Schema<number> = quantity('a rate such as 20_000/s', parseRatePerSecond, { above: 0, max: 1e9 });

/** A stage may be silent. */
export const rateOrZero: Schema<number> = quantity('a rate such as 20_000/s', parseRatePerSecond, { max: 1e9 });

export const bandwidth: Schema<number> = quantity('a bandwidth such as 10MiB/s', parseBytesPerSecond, { above: 0 });

export const share: Schema<number> = quantity('a share such as 5% or 0.05', parseShare, {
  json: { type: ['string', 'number'] },
});

/** Kafka's own rule for topic names, Topic.validate. */
export const topicName: Schema<string> = name(
  'a topic name (letters, digits, ".", "_" and "-", at most 249)',
  /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/,
);

export const groupName: Schema<string> = name('a group name', /^[^\p{Cc}]{1,249}$/u);

export const rackName: Schema<string> = name('a rack name', /^[\w.-]{1,100}$/);

export const hostPort: Schema<string> = name('host:port', /^(\[[0-9a-fA-F:.]+\]|[\w.-]+):([1-9]\d{0,4})$/);

/** Relative to the workload file; where it leads is the caller's business (ParseOptions.readFile). */
export const filePath: Schema<string> = name('a file name', /^[^\p{Cc}]{1,1000}$/u);

/** null for YAML's null and the word `none`. */
export function orNone<T>(schema: Schema<T>): Schema<T | null> {
  return {
    expected: `${schema.expected}, or none`,
    json: { anyOf: [schema.json, { const: 'none' }, { type: 'null' }] },
    read(place) {
      const { node } = place;
      if (node === null || (isScalar(node) && (node.value === null || node.value === 'none'))) return null;
      return schema.read(place);
    },
  };
}

export function isText(node: Place['node']): boolean {
  return textOf(node) !== undefined;
}

export function isMapNode(node: Place['node']): boolean {
  return isMap(node);
}

/** Numbers that are each possible but not together. */
export function conflict(place: Place, message: string): undefined {
  return report(place, 'conflict', message);
}
