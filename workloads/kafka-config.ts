import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { quote } from './diagnostics.ts';
import { type ConfigRow, type ConfigScope, KAFKA_CONFIGS } from './kafka-configs.ts';
import { nearest } from './nearest.ts';
import { entriesOf } from './object-schema.ts';
import { below, oneOfWords, type Place, report, reportExpected, type Schema, textOf } from './schema.ts';
import { parseBytes, parseDurationMs, type Quantity } from './units.ts';
import type { KafkaConfig } from './workload.ts';

/** A workload is kept with every run and shown in its report: no place for secrets. */
const SECRET = 'secrets do not belong in a workload: use --client-config';
const SECRETS: { readonly [name: string]: string } = {
  'sasl.jaas.config': SECRET,
  'sasl.oauthbearer.client.credentials.client.secret': SECRET,
  'ssl.key.password': SECRET,
  'ssl.keystore.key': SECRET,
  'ssl.keystore.password': SECRET,
  'ssl.truststore.password': SECRET,
};

/** Names that the workload decides by keys of its own, or that depend on where a broker runs; with the remedy. */
const MANAGED: { readonly [S in ConfigScope]: { readonly [name: string]: string } } = {
  topic: {},
  broker: {
    'node.id': 'brokers are numbered from 1',
    'broker.id': 'brokers are numbered from 1',
    'broker.rack': 'use cluster.racks',
    'process.roles': 'the target decides it',
    listeners: 'the target decides it',
    'advertised.listeners': 'the target decides it',
    'log.dir': 'the target decides it',
    'log.dirs': 'the target decides it',
    'metadata.log.dir': 'the target decides it',
    'controller.listener.names': 'the target decides it',
    'controller.quorum.voters': 'the target decides it',
    'controller.quorum.bootstrap.servers': 'the target decides it',
  },
  producer: {
    ...SECRETS,
    'bootstrap.servers': 'use the top-level key bootstrap',
    'transactional.id': 'use transaction in the same producer',
    'key.serializer': 'keys are bytes',
    'value.serializer': 'values are bytes',
  },
  consumer: {
    ...SECRETS,
    'bootstrap.servers': 'use the top-level key bootstrap',
    'group.id': 'use group in the same consumer',
    'key.deserializer': 'keys are bytes',
    'value.deserializer': 'values are bytes',
  },
};

const tables = new Map<ConfigScope, ReadonlyMap<string, ConfigRow>>();

export function configTable(scope: ConfigScope): ReadonlyMap<string, ConfigRow> {
  let table = tables.get(scope);
  if (table === undefined) {
    table = new Map(KAFKA_CONFIGS[scope].map((row) => [row[0], row]));
    tables.set(scope, table);
  }
  return table;
}

/** The value that a client or broker with this config works with: set here, or Kafka's default; null when there is none. */
export function configValue(scope: ConfigScope, config: KafkaConfig, name: string): string | null {
  return Object.hasOwn(config, name) ? config[name]! : (configTable(scope).get(name)?.[2] ?? null);
}

export type ConfigProblem = { readonly expected: string; readonly suggestion: string | null; readonly unit: boolean };

/**
 * Kafka's text for a value as people write it (`1h` → `3600000` for retention.ms, `64KiB` → `65536` for batch.size), or
 * what was expected instead.
 */
export function normalizeConfig(scope: ConfigScope, name: string, text: string): { value: string } | ConfigProblem {
  const [, type, , valid = ''] = configTable(scope).get(name)!;
  switch (type) {
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower === 'true' || lower === 'false') return { value: lower };
      return { expected: 'true or false', suggestion: nearest(text, ['true', 'false']), unit: false };
    }
    case 'int':
    case 'long':
    case 'short':
    case 'double':
      return normalizeNumber(name, type, text, valid);
    case 'list':
    case 'string':
      return normalizeWords(type, text, valid);
    default:
      return { value: text };
  }
}

const WIDTH = { short: 32767n, int: 2147483647n, long: 9223372036854775807n } as const;

function normalizeNumber(
  name: string,
  type: 'int' | 'long' | 'short' | 'double',
  text: string,
  valid: string,
): { value: string } | ConfigProblem {
  const range = /^\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\]( or -1)?$/.exec(valid);
  const minimum = range === null ? undefined : Number(range[1]);
  const maximum = range?.[2] === undefined ? undefined : Number(range[2]);
  const unit = unitOf(name);
  const kind = type === 'double' ? 'a number' : unit === null ? 'a whole number' : unit.expected;
  const bounds = `${minimum === undefined ? '' : ` from ${minimum}`}${maximum === undefined ? '' : ` to ${maximum}`}`;
  const expected = `${kind}${bounds}${range?.[3] ?? ''}`;
  const problem: ConfigProblem = { expected, suggestion: null, unit: false };

  const digits = text.replaceAll('_', '');
  if (type === 'double') {
    const value = Number(digits);
    if (!/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(digits) || !Number.isFinite(value)) return problem;
    return inRange(value, minimum, maximum, range?.[3]) ? { value: digits } : problem;
  }
  let whole = digits;
  if (!/^-?\d{1,19}$/.test(digits)) {
    if (unit === null) return problem;
    const parsed = unit.parse(text);
    if (!parsed.ok) return { expected, suggestion: parsed.suggestion, unit: parsed.kind === 'unit' };
    if (!Number.isSafeInteger(parsed.value)) return problem;
    whole = String(parsed.value);
  }
  const value = BigInt(whole);
  if (value > WIDTH[type] || value < -WIDTH[type] - 1n) return problem;
  return inRange(Number(value), minimum, maximum, range?.[3]) ? { value: value.toString() } : problem;
}

function inRange(
  value: number,
  minimum: number | undefined,
  maximum: number | undefined,
  or: string | undefined,
): boolean {
  if (or !== undefined && value === -1) return true;
  return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum);
}

/** Kafka puts the unit into the name; then a quantity with a unit of its own may be written. */
function unitOf(name: string): { expected: string; parse: (text: string) => Quantity } | null {
  const per = (divisor: number) => (text: string) => {
    const parsed = parseDurationMs(text);
    return parsed.ok ? { ...parsed, value: parsed.value / divisor } : parsed;
  };
  if (/(^|\.)(ms|millis)$/.test(name)) return { expected: 'a duration such as 5s, or milliseconds', parse: per(1) };
  if (/\.seconds$/.test(name)) return { expected: 'a duration such as 5s, or seconds', parse: per(1e3) };
  if (/\.minutes$/.test(name)) return { expected: 'a duration such as 5m, or minutes', parse: per(60e3) };
  if (/\.hours$/.test(name)) return { expected: 'a duration such as 5h, or hours', parse: per(3600e3) };
  if (/(^|\.)(bytes|memory)$|(request|batch|buffer)\.size$/.test(name)) {
    return { expected: 'a size such as 64KiB, or bytes', parse: parseBytes };
  }
  return null;
}

function normalizeWords(type: 'list' | 'string', text: string, valid: string): { value: string } | ConfigProblem {
  const words = /^(\(case insensitive\) )?\[([\w-]+(?:, [\w-]+)*(?:, by_duration:\S+)?)\]$/.exec(valid);
  if (words === null) {
    if (/^non-empty/.test(valid) && text === '')
      return { expected: 'a value that is not empty', suggestion: null, unit: false };
    return { value: text };
  }
  const allowed = words[2]!.split(', ');
  const anyCase = words[1] !== undefined;
  const given = type === 'list' ? text.split(',').map((part) => part.trim()) : [text];
  for (const value of given) {
    const known = allowed.some(
      (candidate) =>
        candidate === value ||
        (anyCase && candidate.toLowerCase() === value.toLowerCase()) ||
        (candidate.startsWith('by_duration:') && /^by_duration:P[\dA-Z.]+$/.test(value)),
    );
    if (!known) return { expected: oneOfWords(allowed), suggestion: nearest(value, allowed), unit: false };
  }
  return { value: given.join(',') };
}

/** A map of Kafka's names in one scope. */
export function kafkaConfig(scope: ConfigScope): Schema<KafkaConfig> {
  const expected = `a map of Kafka's ${scope} configs`;
  return {
    expected,
    get json() {
      const properties = KAFKA_CONFIGS[scope]
        .filter(([name]) => !Object.hasOwn(MANAGED[scope], name))
        .map(([name, type, fallback, valid]) => [
          name,
          {
            description: `${type}${valid === undefined ? '' : `, ${valid}`}${fallback === null ? '' : `; default ${fallback}`}`,
          },
        ]);
      return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
    },
    read(place) {
      if (!isMap(place.node)) return reportExpected(place, 'type', expected);
      const config: Record<string, string> = {};
      for (const { key, keyNode, value } of entriesOf(place, place.node)) {
        const named: Place = { ...place, node: keyNode, path: `${place.path}.${key}` };
        if (!checkName(named, scope, key, place.path)) continue;
        const text = valueText(below(place, value, key));
        if (text === undefined) continue;
        const normalized = normalizeConfig(scope, key, text);
        if ('value' in normalized) config[key] = normalized.value;
        else {
          const code = normalized.unit ? 'unit' : 'value';
          reportExpected(below(place, value, key), code, normalized.expected, normalized.suggestion);
        }
      }
      return config;
    },
  };
}

function checkName(place: Place, scope: ConfigScope, name: string, path: string): boolean {
  if (isManaged(scope, name)) {
    const managed = MANAGED[scope][name]!;
    report(place, 'conflict', `${path}: ${name} cannot be set here: ${managed}`);
    return false;
  }
  if (configTable(scope).has(name)) return true;
  if (place.source.full) return false;
  const elsewhere = (['producer', 'consumer', 'topic', 'broker'] as const).find((other) =>
    configTable(other).has(name),
  );
  const suggestion = nearest(name, configTable(scope).keys());
  const hint = elsewhere === undefined ? '' : ` (it is a ${elsewhere} config)`;
  report(place, 'unknown-key', `unknown ${scope} config ${quote(name)} in ${path}${hint}`, suggestion);
  return false;
}

/** A scalar's text; a list becomes Kafka's comma-separated form. */
function valueText(place: Place): string | undefined {
  const { node } = place;
  if (isSeq(node)) {
    const parts = node.items.map((item) => textOf(item as Node));
    if (parts.every((part) => part !== undefined)) return parts.join(',');
    return reportExpected(place, 'type', 'a list of words');
  }
  if (isScalar(node) && node.value !== null) return textOf(node);
  return reportExpected(place, 'type', 'a value');
}

/** Whether a value of this name must not be kept with a run. */
export function isSecret(name: string): boolean {
  return Object.hasOwn(SECRETS, name);
}

/** Whether the workload or the target decides this one, so that a foreign file's value for it is left aside. */
export function isManaged(scope: ConfigScope, name: string): boolean {
  return Object.hasOwn(MANAGED[scope], name);
}
