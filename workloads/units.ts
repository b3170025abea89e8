import { nearest } from './nearest.ts';

/**
 * Quantities as people write them: `5s`, `1m30s`, `10KiB`, `20_000/s`, `5%`. A reader gives the number in one fixed
 * unit, or says what is wrong and, where it can, what was probably meant.
 */
export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly kind: 'unit' | 'value'; readonly suggestion: string | null };

const NUMBER = String.raw`\d[\d_]*(?:\.\d[\d_]*)?(?:e[-+]?\d{1,2})?`;

const DURATION_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1e3],
  ['m', 60e3],
  ['min', 60e3],
  ['h', 3600e3],
  ['d', 86400e3],
]);

/** What people write instead of our duration units. */
const DURATION_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ns: 'nanos nanosecond nanoseconds nsec',
    us: 'micros microsecond microseconds usec',
    ms: 'millis millisecond milliseconds msec msecs',
    s: 'sec secs second seconds S',
    m: 'mins minute minutes M',
    h: 'hr hrs hour hours H',
    d: 'day days D',
  }).flatMap(([unit, words]) => words.split(' ').map((word): [string, string] => [word, unit])),
);

const BYTES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KB', 1e3],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

const BYTES_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    B: 'b byte bytes Bytes',
    KiB: 'k K kib KIB kb Kb Kib',
    MiB: 'm M mib MIB mb Mb Mib',
    GiB: 'g G gib GIB gb Gb Gib',
  }).flatMap(([unit, words]) => words.split(' ').map((word): [string, string] => [word, unit])),
);

const PER_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['min', 60],
  ['m', 60],
  ['h', 3600],
]);

const MULTIPLIERS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1e3],
  ['K', 1e3],
  ['M', 1e6],
]);

const wrong = (kind: 'unit' | 'value', suggestion: string | null = null): Quantity => ({ ok: false, kind, suggestion });
const right = (value: number): Quantity => (Number.isFinite(value) ? { ok: true, value } : wrong('value'));

/** Digits with `_` between them, as a number. */
function plainNumber(text: string): number {
  return Number(text.replaceAll('_', ''));
}

const DURATION = new RegExp(`^(?:${NUMBER}(?:ns|us|µs|ms|s|min|m|h|d) ?){1,7}$`);
const DURATION_PART = new RegExp(`(${NUMBER})(ns|us|µs|ms|s|min|m|h|d)`, 'g');

/** Milliseconds, exact to the nanosecond. `0` needs no unit. */
export function parseDurationMs(text: string): Quantity {
  const trimmed = text.trim();
  if (/^0+$/.test(trimmed)) return right(0);
  if (trimmed.length > 60) return wrong('value');
  if (DURATION.test(trimmed)) {
    let sum = 0;
    for (const [, number, unit] of trimmed.matchAll(DURATION_PART))
      sum += plainNumber(number!) * DURATION_MS.get(unit!)!;
    return right(roundMs(sum));
  }
  const parts = new RegExp(`^(${NUMBER}) ?([a-zA-Zµ]*)$`).exec(trimmed);
  if (parts === null) return wrong('value');
  const [, number, unit] = parts;
  if (unit === '') return wrong('unit', `${number}ms`);
  const known = DURATION_MS.has(unit!) ? unit! : (DURATION_WORDS.get(unit!) ?? nearest(unit!, DURATION_MS.keys()));
  return wrong('unit', known === null ? null : `${number}${known}`);
}

/** To the nanosecond: sums of decimal fractions do not keep their rounding noise. */
function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e6;
}

/** Whole bytes. A bare number is bytes. */
export function parseBytes(text: string): Quantity {
  const parts = new RegExp(`^(${NUMBER}) ?([a-zA-Z]*)$`).exec(text.trim().slice(0, 60));
  if (parts === null) return wrong('value');
  const [, number, unit] = parts;
  const factor = BYTES.get(unit!);
  if (factor === undefined) {
    const known = BYTES_WORDS.get(unit!) ?? nearest(unit!, [...BYTES.keys()].slice(1));
    return wrong('unit', known === null ? null : `${number}${known}`);
  }
  const bytes = plainNumber(number!) * factor;
  return Number.isSafeInteger(bytes) ? right(bytes) : wrong('value');
}

/** Events a second: `20_000/s`, `20k/s`, `600/min`. */
export function parseRatePerSecond(text: string): Quantity {
  const parts = new RegExp(`^(${NUMBER}) ?([kKM]?) ?(?:/ ?([a-z]+))?$`).exec(text.trim().slice(0, 60));
  if (parts === null) return wrong('value');
  const [, number, multiplier, per] = parts;
  const seconds = per === undefined ? undefined : PER_SECONDS.get(per);
  if (seconds === undefined) return wrong('unit', `${number}${multiplier}/s`);
  return right((plainNumber(number!) * MULTIPLIERS.get(multiplier!)!) / seconds);
}

/** Bytes a second: `10MiB/s`. */
export function parseBytesPerSecond(text: string): Quantity {
  const parts = /^([^/]+)(\/ ?s)?$/.exec(text.trim().slice(0, 60));
  if (parts === null) return wrong('value');
  const bytes = parseBytes(parts[1]!);
  if (!bytes.ok) return bytes.suggestion === null ? bytes : wrong(bytes.kind, `${bytes.suggestion}/s`);
  return parts[2] === undefined ? wrong('unit', `${parts[1]}/s`) : bytes;
}

/** `5%` or a plain fraction, 0 … 1. */
export function parseShare(text: string): Quantity {
  const parts = new RegExp(`^(${NUMBER}) ?(%?)$`).exec(text.trim().slice(0, 60));
  if (parts === null) return wrong('value');
  const number = plainNumber(parts[1]!);
  if (parts[2] === '%') return number <= 100 ? right(number / 100) : wrong('value');
  return number <= 1 ? right(number) : wrong('value', number <= 100 ? `${parts[1]}%` : null);
}

/** A signed duration: `-3s`, `+500ms`. */
export function parseSignedDurationMs(text: string): Quantity {
  const trimmed = text.trim();
  const negative = trimmed.startsWith('-');
  const unsigned = parseDurationMs(trimmed.replace(/^[-+]/, ''));
  if (unsigned.ok) return negative && unsigned.value !== 0 ? right(-unsigned.value) : unsigned;
  return wrong(unsigned.kind, unsigned.suggestion === null ? null : `${negative ? '-' : ''}${unsigned.suggestion}`);
}

/** The shortest text that parseDurationMs reads as exactly this: `90s`, `1.5ms`. */
export function formatMs(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  for (const [unit, factor] of [
    ['h', 3600e3],
    ['m', 60e3],
    ['s', 1e3],
  ] as const) {
    if (milliseconds % factor === 0) return `${milliseconds / factor}${unit}`;
  }
  return `${milliseconds}ms`;
}

/** The shortest text that parseBytes reads as exactly this. */
export function formatBytes(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const factor = BYTES.get(unit)!;
    if (bytes !== 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
