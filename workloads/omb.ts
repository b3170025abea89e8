import { resolveWorkload } from './check.ts';
import { type Diagnostic, sortDiagnostics } from './diagnostics.ts';
import { readFile } from './file.ts';
import { type Fields, optional, placeOf, type Read, required } from './object-schema.ts';
import { configsOf, DEFAULT_DRIVER, readDriver, readLeniently } from './omb-driver.ts';
import { OMB_FIELDS, type OmbDriver, type OmbWorkload } from './omb-fields.ts';
import { boolean, decimal, integer, name, type Place, report, scalar } from './schema.ts';
import { Source } from './source.ts';
import { toYaml } from './to-yaml.ts';
import type { KeySpec, Workload } from './workload.ts';

export { checkOmbDriver, describeOmbDriver } from './omb-driver.ts';

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

export function readOmbSource(source: Source, driverSource: Source | null, fileName: string): Workload | undefined {
  const read = readLeniently(source, workloadFields);
  const driver = driverSource === null ? DEFAULT_DRIVER : readDriver(driverSource);
  if (read === undefined || driver === undefined) return undefined;
  checkWorkload(read, source);
  return translate(read, driver, source, driverSource ?? source, fileName);
}

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

function translate(
  read: Read<typeof workloadFields>,
  driver: OmbDriver,
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
