import type { TokenProvider } from '../security/index.ts';
import { ClientError } from './client-error.ts';
import { SECURITY_WITHOUT_EFFECT, securityRules } from './security-rules.ts';

/** One config of Kafka's: its type, default and bounds. Bounds are inclusive. */
export type ConfigRule =
  | { readonly type: 'int'; readonly default: number; readonly min: number; readonly max?: number }
  | { readonly type: 'bool'; readonly default: boolean }
  | { readonly type: 'text'; readonly default: string | null; readonly oneOf?: readonly string[] }
  | { readonly type: 'list'; readonly default: readonly string[] }
  /** Text that no message may repeat, or what gives it. */
  | { readonly type: 'secret'; readonly default: null };

export type ConfigRules = Readonly<Record<string, ConfigRule>>;

type ValueOf<R> = R extends { type: 'int' }
  ? number
  : R extends { type: 'bool' }
    ? boolean
    : R extends { type: 'list' }
      ? readonly string[]
      : R extends { type: 'secret' }
        ? string | TokenProvider | null
        : R extends { type: 'text'; default: string }
          ? string
          : string | null;

export type ConfigValues<R extends ConfigRules> = { readonly [K in keyof R]: ValueOf<R[K]> };

/** Values as a workload file or a program gives them, by Kafka's names; numbers and booleans also as text. */
export type ConfigInput = Readonly<Record<string, string | number | boolean | readonly string[] | TokenProvider>>;

const connectionRules = {
  'bootstrap.servers': { type: 'list', default: [] },
  'client.id': { type: 'text', default: '' },
  'metadata.max.age.ms': { type: 'int', default: 300000, min: 0 },
  'reconnect.backoff.max.ms': { type: 'int', default: 1000, min: 0 },
  'reconnect.backoff.ms': { type: 'int', default: 50, min: 0 },
  'request.timeout.ms': { type: 'int', default: 30000, min: 0 },
  'retry.backoff.max.ms': { type: 'int', default: 1000, min: 0 },
  'retry.backoff.ms': { type: 'int', default: 100, min: 0 },
  'socket.connection.setup.timeout.max.ms': { type: 'int', default: 30000, min: 0 },
  'socket.connection.setup.timeout.ms': { type: 'int', default: 10000, min: 0 },
} as const;

/** Configs of every client. */
export const commonRules: typeof connectionRules & typeof securityRules = { ...connectionRules, ...securityRules };

/**
 * Configs of Kafka's that have no meaning in this client and change nothing about what it promises: Java classes,
 * metrics, socket buffers, DNS, and a few that only tune. They are accepted, so that one properties file serves several clients.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'auto.include.jmx.reporter',
  'client.dns.lookup',
  'compression.lz4.level',
  'config.providers',
  'connections.max.idle.ms',
  'enable.metrics.push',
  'exclude.internal.topics',
  'interceptor.classes',
  'key.deserializer',
  'key.serializer',
  'metadata.max.idle.ms',
  'metadata.recovery.rebootstrap.trigger.ms',
  'metadata.recovery.strategy',
  'metric.reporters',
  'metrics.num.samples',
  'metrics.recording.level',
  'metrics.sample.window.ms',
  'partitioner.availability.timeout.ms',
  'partitioner.class',
  'receive.buffer.bytes',
  'security.providers',
  'send.buffer.bytes',
  'value.deserializer',
  'value.serializer',
]);

/** Whether every client takes this config. */
export function isCommonConfig(name: string): boolean {
  return Object.hasOwn(commonRules, name) || SECURITY_WITHOUT_EFFECT.has(name);
}

/** Reads `input` by `rules`. @throws ClientError 'configuration' naming the config and what it takes. */
export function readConfig<R extends ConfigRules>(rules: R, input: ConfigInput): ConfigValues<R> {
  const values: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) values[name] = rule.default;
  for (const [name, given] of Object.entries(input)) {
    const rule = rules[name];
    if (rule !== undefined) values[name] = readValue(name, rule, given);
    else if (!WITHOUT_EFFECT.has(name) && !SECURITY_WITHOUT_EFFECT.has(name))
      throw invalid(name, 'this client has no such config');
  }
  return values as ConfigValues<R>;
}

function readValue(
  name: string,
  rule: ConfigRule,
  given: ConfigInput[string],
): number | boolean | string | readonly string[] | TokenProvider {
  if (typeof given === 'function' && rule.type !== 'secret') throw invalid(name, 'a function is no value of it');
  switch (rule.type) {
    case 'int': {
      const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
      if (typeof value !== 'number' || !Number.isInteger(value)) throw invalid(name, `${given} is not an integer`);
      if (value < rule.min) throw invalid(name, `${value} is below ${rule.min}`);
      if (rule.max !== undefined && value > rule.max) throw invalid(name, `${value} is above ${rule.max}`);
      return value;
    }
    case 'bool':
      if (given === true || given === 'true') return true;
      if (given === false || given === 'false') return false;
      throw invalid(name, `${given} is neither true nor false`);
    case 'text': {
      const value = String(given);
      if (rule.oneOf === undefined) return value;
      const known = rule.oneOf.find((choice) => choice.toLowerCase() === value.toLowerCase());
      if (known === undefined) throw invalid(name, `${value} is not one of ${rule.oneOf.join(', ')}`);
      return known;
    }
    case 'secret':
      return typeof given === 'function' ? given : String(given);
    case 'list': {
      const items = typeof given === 'object' ? given : String(given).split(',');
      return items.map((item) => item.trim()).filter((item) => item !== '');
    }
  }
}

export function invalid(name: string, reason: string): ClientError {
  return new ClientError('configuration', `${name}: ${reason}`, -1, true);
}
