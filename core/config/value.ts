import type { ConfigDefinition, ConfigType } from './definitions.ts';

/** A checked value: numbers as numbers (a long beyond 2^53 as Infinity), a list as its trimmed elements. */
export type ConfigValue = string | number | boolean | readonly string[];

export type ParsedValue =
  | { readonly kind: 'value'; readonly value: ConfigValue }
  | { readonly kind: 'refused'; readonly message: string };

const limits: Readonly<Partial<Record<ConfigType, readonly [min: bigint, max: bigint]>>> = {
  short: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  long: [-9223372036854775808n, 9223372036854775807n],
};

/** Reads `text` as the definition wants it; the refusals are worded as Kafka's. */
export function parseValue(definition: ConfigDefinition, text: string): ParsedValue {
  const { type } = definition;
  const trimmed = text.trim();
  switch (type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      if (lower === 'true' || lower === 'false') return accept(definition, text, lower === 'true');
      return refuse(definition, text, 'Expected value to be either true or false');
    }
    case 'short':
    case 'int':
    case 'long': {
      const number = parseInteger(trimmed);
      const [min, max] = limits[type]!;
      if (number === null || number < min || number > max) {
        return refuse(definition, text, `Not a number of type ${type.toUpperCase()}`);
      }
      return accept(definition, text, toNumber(number));
    }
    case 'double': {
      const number = trimmed === '' ? Number.NaN : Number(trimmed);
      if (Number.isNaN(number)) return refuse(definition, text, 'Not a number of type DOUBLE');
      return accept(definition, text, number);
    }
    case 'list':
      return accept(definition, text, splitList(trimmed));
    case 'string':
    case 'class':
    case 'password':
      return accept(definition, text, trimmed);
  }
}

export function splitList(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((element) => element.trim());
}

function parseInteger(text: string): bigint | null {
  return /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.startsWith('+') ? text.slice(1) : text) : null;
}

function toNumber(value: bigint): number {
  if (value > 9007199254740991n) return Number.POSITIVE_INFINITY;
  if (value < -9007199254740991n) return Number.NEGATIVE_INFINITY;
  return Number(value);
}

function refuse(definition: ConfigDefinition, text: string, reason: string): ParsedValue {
  return { kind: 'refused', message: `Invalid value ${text} for configuration ${definition.name}: ${reason}` };
}

function accept(definition: ConfigDefinition, text: string, value: ConfigValue): ParsedValue {
  const reason = objection(definition, value);
  return reason === null ? { kind: 'value', value } : refuse(definition, shown(definition, text, value), reason);
}

/** The value as Kafka's refusal prints it: a double with a point, of a list the first element that is not taken. */
function shown(definition: ConfigDefinition, text: string, value: ConfigValue): string {
  const { accepts, type } = definition;
  if (type === 'double' && Number.isInteger(value)) return `${String(value)}.0`;
  if (!Array.isArray(value)) return text;
  if (accepts.kind === 'throttledReplicas') return `[${value.join(', ')}]`;
  return accepts.kind === 'oneOf' ? (value.find((word) => !accepts.values.includes(word)) ?? text) : text;
}

function objection(definition: ConfigDefinition, value: ConfigValue): string | null {
  const { accepts } = definition;
  switch (accepts.kind) {
    case 'any':
      return null;
    case 'nonEmpty':
      return value === '' ? 'String must be non-empty' : null;
    case 'range':
      if (typeof value !== 'number' || value === accepts.orElse) return null;
      if (accepts.orElse !== null) {
        const within = value >= accepts.min && (accepts.max === null || value <= accepts.max);
        return within ? null : `Value must be between ${accepts.min} and ${accepts.max} or equal to ${accepts.orElse}`;
      }
      if (value < accepts.min) return `Value must be at least ${accepts.min}`;
      return accepts.max !== null && value > accepts.max ? `Value must be no more than ${accepts.max}` : null;
    case 'oneOf': {
      const given = Array.isArray(value) ? value : [String(value)];
      const fold = (word: string): string => (accepts.ignoreCase ? word.toUpperCase() : word);
      const known = accepts.values.map(fold);
      if (given.every((word) => known.includes(fold(word)))) return null;
      return `String must be one of${accepts.ignoreCase ? ' (case insensitive)' : ''}: ${accepts.values.join(', ')}`;
    }
    case 'throttledReplicas': {
      if (!Array.isArray(value) || value.length === 0 || (value.length === 1 && value[0] === '*')) return null;
      return value.every((pair) => /^\d+:\d+$/.test(pair))
        ? null
        : `${definition.name} must be the literal '*' or a list of replicas in the following format: ` +
            '[partitionId]:[brokerId],[partitionId]:[brokerId],...';
    }
  }
}
