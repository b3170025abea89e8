import { isMap } from 'yaml';
import { type Diagnostic, quote, sortDiagnostics } from './diagnostics.ts';
import { configTable, isManaged, isSecret, normalizeConfig } from './kafka-config.ts';
import type { ConfigScope } from './kafka-configs.ts';
import { nearest } from './nearest.ts';
import { entriesOf, type Fields, optional, placeOf, type Read, readFields, required } from './object-schema.ts';
import type { OmbDriver } from './omb-fields.ts';
import { parseProperties } from './properties.ts';
import { boolean, integer, name, type Place, reportExpected } from './schema.ts';
import { Source } from './source.ts';
import type { KafkaConfig } from './workload.ts';

const text = name('text', /^/);

const driverFields = {
  name: optional(text, '', 'Name of the driver.'),
  driverClass: required(text, 'Java class of the driver.'),
  replicationFactor: optional(integer(1, 32_767), 1, 'Copies of each partition.'),
  reset: optional(boolean, false, 'Delete all topics first; here each run brings its own topics.'),
  topicConfig: optional(text, '', 'Properties.'),
  commonConfig: optional(text, '', 'Properties of all clients.'),
  producerConfig: optional(text, '', 'Properties.'),
  consumerConfig: optional(text, '', 'Properties.'),
} as const satisfies Fields;

/** Their reader ignores what it does not know; a typist would still like to hear of it. */
export function readLeniently<F extends Fields>(source: Source, fields: F): Read<F> | undefined {
  const place: Place = { source, node: source.root, path: '' };
  if (source.root === null) return undefined;
  if (!isMap(source.root)) return reportExpected(place, 'type', 'a map');
  const entries = entriesOf(place, source.root);
  const words = Object.keys(fields);
  for (const { key, keyNode } of entries) {
    if (words.includes(key) || source.full) continue;
    source.report(
      keyNode,
      key,
      'unknown-key',
      `unknown field ${quote(key)} is ignored, as OpenMessaging Benchmark does`,
      nearest(key, words),
      'warning',
    );
  }
  return readFields(
    entries.filter(({ key }) => words.includes(key)),
    place,
    fields,
  );
}

export const DEFAULT_DRIVER: OmbDriver = {
  name: '',
  driverClass: 'KafkaBenchmarkDriver',
  replicationFactor: 1,
  reset: false,
  topicConfig: '',
  commonConfig: '',
  producerConfig: '',
  consumerConfig: '',
};

function checkDriver(driver: OmbDriver, source: Source): void {
  if (/(^|\.)Kafka\w*Driver$/.test(driver.driverClass)) return;
  const place = placeOf(driver, 'driverClass')!;
  source.report(
    place.node,
    'driverClass',
    'unsupported',
    `driverClass: expected a Kafka driver, found ${quote(driver.driverClass)}`,
  );
}

/** The driver's four texts as configs; reports what Kafka would refuse or ignore. */
export function configsOf(
  driver: OmbDriver,
  source: Source,
): { common: KafkaConfig; topicConfig: KafkaConfig; producerClient: KafkaConfig; consumerClient: KafkaConfig } {
  const common = parseProperties(driver.commonConfig);
  const place = (key: keyof OmbDriver) => ({ place: placeOf(driver, key), source, key });
  const topicConfig = configOf('topic', parseProperties(driver.topicConfig), place('topicConfig'));
  const producerClient = configOf(
    'producer',
    { ...common, ...parseProperties(driver.producerConfig) },
    place('producerConfig'),
    common,
  );
  const consumerClient = configOf(
    'consumer',
    { ...common, ...parseProperties(driver.consumerConfig) },
    place('consumerConfig'),
    common,
  );
  return { common, topicConfig, producerClient, consumerClient };
}

interface ConfigPlace {
  readonly place: Place | null;
  readonly source: Source;
  readonly key: keyof OmbDriver;
}

/** Kafka's client warns of a name it does not know and goes on; a wrong value it refuses. */
function configOf(
  scope: ConfigScope,
  properties: KafkaConfig,
  { place, source, key }: ConfigPlace,
  common: KafkaConfig = {},
): KafkaConfig {
  const config: Record<string, string> = {};
  const node = place?.node ?? null;
  for (const [configName, value] of Object.entries(properties)) {
    if (source.full) break;
    if (isSecret(configName)) {
      const text = `${key}: ${configName} is left out: secrets do not belong in a workload; use --client-config`;
      // Common configs are read for each kind of client: said once.
      if (scope === 'producer' || !Object.hasOwn(common, configName))
        source.reportWithin(node, configName, key, 'conflict', text, null, 'warning');
      continue;
    }
    if (isManaged(scope, configName)) continue;
    if (!configTable(scope).has(configName)) {
      // Names of the other client are to be expected in commonConfig.
      if (Object.hasOwn(common, configName)) continue;
      source.reportWithin(
        node,
        configName,
        key,
        'unknown-key',
        `${key}: unknown ${scope} config ${quote(configName)} is ignored, as Kafka does`,
        nearest(configName, configTable(scope).keys()),
        'warning',
      );
      continue;
    }
    // OpenMessaging Benchmark puts the worker's zone into this placeholder.
    const normalized = normalizeConfig(scope, configName, value.replaceAll('{zone.id}', ''));
    if ('value' in normalized) config[configName] = normalized.value;
    else
      source.reportWithin(
        node,
        configName,
        key,
        'value',
        `${key}: ${configName}: expected ${normalized.expected}, found ${quote(value)}`,
        normalized.suggestion,
      );
  }
  return config;
}

/** What is wrong with a Kafka driver file, and what Kafka would ignore in it. */
export function checkOmbDriver(driverText: string, file = 'driver.yaml'): Diagnostic[] {
  const source = new Source(driverText, file);
  const read = readLeniently(source, driverFields);
  if (read !== undefined) {
    checkDriver(read, source);
    configsOf(read, source);
  }
  return sortDiagnostics(source.diagnostics);
}

/** A Kafka driver file with its defaults; null when checkOmbDriver finds an error. */
export function describeOmbDriver(driverText: string, file = 'driver.yaml'): OmbDriver | null {
  if (checkOmbDriver(driverText, file).some(({ severity }) => severity === 'error')) return null;
  const read = readLeniently(new Source(driverText, file), driverFields);
  return read === undefined ? null : { ...read };
}

/** A driver source as its own reader would hold it. */
export function readDriver(source: Source): OmbDriver | undefined {
  const read: OmbDriver | undefined = readLeniently(source, driverFields);
  if (read !== undefined) checkDriver(read, source);
  return read;
}
