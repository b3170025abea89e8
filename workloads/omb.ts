import { isMap } from 'yaml';
import { resolveWorkload } from './check.ts';
import { type Diagnostic, quote, sortDiagnostics } from './diagnostics.ts';
import { readFile } from './file.ts';
import { configTable, isManaged, normalizeConfig } from './kafka-config.ts';
import type { ConfigScope } from './kafka-configs.ts';
import { nearest } from './nearest.ts';
import { OMB_FIELDS, type OmbDriver, type OmbWorkload } from './omb-fields.ts';
import { parseProperties } from './properties.ts';
import {
  boolean,
  decimal,
  entriesOf,
  type Fields,
  integer,
  name,
  optional,
  type Place,
  placeOf,
  type Read,
  readFields,
  report,
  reportExpected,
  required,
  scalar,
} from './schema.ts';
import { Source } from './source.ts';
import { toYaml } from './to-yaml.ts';
import type { KafkaConfig, KeySpec, Workload } from './workload.ts';

/**
 * OpenMessaging Benchmark's workload and Kafka driver files, read as its own reader would: unset fields are Java's zero
 * or the class's initial value, unknown fields are passed over (here with a warning), an unknown keyDistributor is NO_KEY.
 * What it would only trip over while running (no payload, no topics, a backlog without a rate) is refused at once.
 */

const INT = 2_147_483_647;
const text = name('text', /^/);
const KEY_DISTRIBUTORS = ['NO_KEY', 'KEY_ROUND_ROBIN', 'RANDOM_NANO'] as const;

const keyDistributor = {
  ...scalar<OmbWorkload['keyDistributor']>('a key distributor', { enum: KEY_DISTRIBUTORS }, (word) => ({
    value: KEY_DISTRIBUTORS.find((known) => known === word) ?? 'NO_KEY',
  })),
};

const workloadFields = {
  name: optional(text, null, 'Name of the run.'),
  topics: required(integer(1, INT), 'Number of topics.'),
  partitionsPerTopic: required(integer(1, INT), 'Partitions of each topic.'),
  keyDistributor: optional(keyDistributor, 'NO_KEY', 'NO_KEY, KEY_ROUND_ROBIN or RANDOM_NANO.'),
  messageSize: required(integer(0, INT), 'Bytes of a value.'),
  useRandomizedPayloads: optional(boolean, false, 'Random bytes, then zeros, instead of payloadFile.'),
  randomBytesRatio: optional(decimal(0, 1), 0, 'Share of random bytes.'),
  randomizedPayloadPoolSize: optional(integer(0, INT), 0, 'Distinct payloads.'),
  payloadFile: optional(text, null, 'File with one payload of messageSize bytes.'),
  subscriptionsPerTopic: required(integer(0, INT), 'Groups of each topic.'),
  producersPerTopic: required(integer(0, INT), 'Producers of each topic.'),
  consumerPerSubscription: required(integer(0, INT), 'Members of each group.'),
  producerRate: optional(integer(0, INT), 0, 'Records a second over all producers; 0: as fast as possible.'),
  consumerBacklogSizeGB: optional(integer(0, 8_000_000), 0, 'Backlog to build, in GiB, before consumers go on.'),
  backlogDrainRatio: optional(decimal(0, 1), 1, 'Share of the backlog that must be read.'),
  testDurationMinutes: required(integer(1, 500_000), 'The measured part.'),
  warmupDurationMinutes: optional(integer(0, 500_000), 1, 'Load before it.'),
} as const satisfies Fields;

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
function readLeniently<F extends Fields>(source: Source, fields: F): Read<F> | undefined {
  const place: Place = { source, node: source.root, path: '' };
  if (source.root === null) return undefined;
  if (!isMap(source.root)) return reportExpected(place, 'type', 'a map');
  const entries = entriesOf(place, source.root);
  const words = Object.keys(fields);
  for (const { key, keyNode } of entries) {
    if (words.includes(key)) continue;
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

export function readOmbSource(source: Source, driverSource: Source | null, fileName: string): Workload | undefined {
  const read = readLeniently(source, workloadFields);
  const driver = driverSource === null ? DEFAULT_DRIVER : readLeniently(driverSource, driverFields);
  if (driverSource !== null && driver !== undefined) checkDriver(driver, driverSource);
  if (read === undefined || driver === undefined) return undefined;
  checkWorkload(read, source);
  return translate(read, driver, source, driverSource ?? source, fileName);
}

const DEFAULT_DRIVER: Read<typeof driverFields> = {
  name: '',
  driverClass: 'KafkaBenchmarkDriver',
  replicationFactor: 1,
  reset: false,
  topicConfig: '',
  commonConfig: '',
  producerConfig: '',
  consumerConfig: '',
};

function checkWorkload(read: Read<typeof workloadFields>, source: Source): void {
  const root: Place = { source, node: source.root, path: '' };
  if (!read.useRandomizedPayloads && read.payloadFile === null) {
    report(root, 'missing-key', '"payloadFile" is missing; it is needed unless useRandomizedPayloads is true');
  }
  if (read.useRandomizedPayloads && read.randomizedPayloadPoolSize === 0) {
    report(
      placeOf(read, 'randomizedPayloadPoolSize')!,
      'value',
      'randomizedPayloadPoolSize: expected a whole number from 1 with useRandomizedPayloads',
    );
  }
  if (read.consumerBacklogSizeGB > 0 && read.producerRate === 0) {
    report(placeOf(read, 'consumerBacklogSizeGB')!, 'conflict', 'consumerBacklogSizeGB: needs a producerRate above 0');
  }
  if (read.consumerBacklogSizeGB > 0 && read.subscriptionsPerTopic * read.consumerPerSubscription === 0) {
    report(placeOf(read, 'consumerBacklogSizeGB')!, 'conflict', 'consumerBacklogSizeGB: there are no consumers');
  }
}

function checkDriver(driver: Read<typeof driverFields>, source: Source): void {
  if (/(^|\.)Kafka\w*Driver$/.test(driver.driverClass)) return;
  const place = placeOf(driver, 'driverClass')!;
  source.report(
    place.node,
    'driverClass',
    'unsupported',
    `driverClass: expected a Kafka driver, found ${quote(driver.driverClass)}`,
  );
}

function translate(
  read: Read<typeof workloadFields>,
  driver: Read<typeof driverFields>,
  source: Source,
  driverSource: Source,
  fileName: string,
): Workload | undefined {
  const { common, topicConfig, producerClient, consumerClient } = configsOf(driver, driverSource);
  const bootstrap = (common['bootstrap.servers'] ?? '')
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  const topic = 'test-topic';
  const producers = read.producersPerTopic * read.topics;
  const random = read.useRandomizedPayloads;
  const draft: Workload = {
    name: read.name === null || read.name === '' ? fileName : read.name,
    seed: 1,
    target: bootstrap.length > 0 ? 'kafka' : 'local',
    bootstrap,
    cluster: { brokers: driver.replicationFactor, racks: [], profile: 'laptop', config: {} },
    topics: [
      {
        name: topic,
        count: read.topics,
        partitions: read.partitionsPerTopic,
        replicationFactor: driver.replicationFactor,
        config: topicConfig,
      },
    ],
    producers:
      producers === 0
        ? []
        : [
            {
              topic,
              count: producers,
              rate: read.producerRate === 0 ? { kind: 'max' } : { kind: 'fixed', perSecond: read.producerRate },
              arrival: { kind: 'constant' },
              keys: KEYS[read.keyDistributor],
              value: {
                size: { kind: 'fixed', bytes: read.messageSize },
                compressible: random ? 1 - read.randomBytesRatio : 0,
                poolSize: random ? Math.max(1, Math.min(read.randomizedPayloadPoolSize, 100_000)) : 1,
                corpus: random ? null : read.payloadFile,
              },
              client: producerClient,
              transaction: null,
            },
          ],
    consumers:
      read.subscriptionsPerTopic * read.consumerPerSubscription === 0
        ? []
        : [
            {
              topic,
              group: 'sub',
              groups: read.subscriptionsPerTopic,
              groupPerTopic: true,
              count: read.consumerPerSubscription,
              processingNs: 0,
              startMs: 0,
              client: consumerClient,
            },
          ],
    phases: {
      warmupMs: read.warmupDurationMinutes * 60_000,
      measureMs: read.testDurationMinutes * 60_000,
      drainMs: 30_000,
      backlog:
        read.consumerBacklogSizeGB === 0
          ? null
          : { bytes: read.consumerBacklogSizeGB * 2 ** 30, drainRatio: read.backlogDrainRatio },
    },
    faults: { kind: 'list', faults: [] },
    expect: [],
  };
  return source.diagnostics.concat(driverSource.diagnostics).some(({ severity }) => severity === 'error')
    ? undefined
    : verified(draft, source);
}

/** The driver's four texts as configs; reports what Kafka would refuse or ignore. */
function configsOf(
  driver: Read<typeof driverFields>,
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

/** RANDOM_NANO takes the clock modulo the keys, which is uniform; both draw from 10,000 keys of seven bytes. */
const KEYS: { readonly [K in OmbWorkload['keyDistributor']]: KeySpec } = {
  NO_KEY: { kind: 'none' },
  KEY_ROUND_ROBIN: { kind: 'sequential', cardinality: 10_000, bytes: 7 },
  RANDOM_NANO: { kind: 'uniform', cardinality: 10_000, bytes: 7 },
};

/** Holds the translation to the rules of our own files; what breaks one is reported for the file as a whole. */
function verified(draft: Workload, source: Source): Workload | undefined {
  const translated = new Source(toYaml(draft), source.file);
  const place: Place = { source: translated, node: translated.root, path: '' };
  const file = readFile(place);
  const workload = file === undefined ? undefined : resolveWorkload(file, draft.name, place);
  for (const { code, message, path, severity } of translated.diagnostics) {
    source.report(null, path, code, message, null, severity);
  }
  return workload;
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

export type OmbResult =
  | { readonly ok: true; readonly workload: Workload; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A workload file of theirs with a Kafka driver file, or none (one broker of our own, Kafka's client defaults). */
export function readOmb(
  workloadText: string,
  driverText: string | null,
  files: { workload: string; driver: string } = { workload: 'workload.yaml', driver: 'driver.yaml' },
): OmbResult {
  const source = new Source(workloadText, files.workload);
  const driver = driverText === null ? null : new Source(driverText, files.driver);
  const base = files.workload
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\.ya?ml$/i, '');
  const workload = readOmbSource(source, driver, base);
  const diagnostics = sortDiagnostics([...source.diagnostics, ...(driver?.diagnostics ?? [])]);
  if (workload === undefined || diagnostics.some(({ severity }) => severity === 'error'))
    return { ok: false, diagnostics };
  return { ok: true, workload, warnings: diagnostics };
}

/** What their reader would hold after reading the file: their names, their defaults. null when it is no such file. */
export function describeOmb(workloadText: string, file = 'workload.yaml'): OmbWorkload | null {
  const read = readLeniently(new Source(workloadText, file), workloadFields);
  if (read === undefined) return null;
  const all = { ...read, name: read.name ?? '' };
  return Object.fromEntries(OMB_FIELDS.map((field) => [field, all[field]])) as unknown as OmbWorkload;
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
