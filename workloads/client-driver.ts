import type { WorkloadFile } from './file.ts';
import { placeOf } from './object-schema.ts';
import { conflict } from './scalars.ts';
import type { Place } from './schema.ts';
import type { KafkaConfig, Workload } from './workload.ts';

/** Client libraries that can carry a workload on a live target, by the word that a file has for them. */
export const DRIVER_NAMES = ['faultline', 'kafkajs', 'platformatic'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];
export type ForeignDriver = Exclude<DriverName, 'faultline'>;

/** What a foreign library can be told in Kafka's words; whatever it has no name for is refused, and not left out. */
interface DriverSkills {
  /** The npm package. */
  readonly package: string;
  /** Configs by name; a list holds the only values that the library can do. */
  readonly producer: Skills;
  readonly consumer: Skills;
}

type Skills = { readonly [config: string]: 'any' | readonly string[] };

/** Done by the load generator for every library: it gathers records into batches, commits, and sets the pace. */
const GATHERED: Skills = {
  'linger.ms': 'any',
  'batch.size': 'any',
  'buffer.memory': 'any',
  'max.in.flight.requests.per.connection': 'any',
  // What Kafka's own producer checks before it sends; the workload was checked against it.
  'max.request.size': 'any',
  'client.id': 'any',
};
const COMMITTED: Skills = { 'enable.auto.commit': 'any', 'auto.commit.interval.ms': 'any', 'client.id': 'any' };

/** What both libraries have a name for; their consumers differ in no config. */
const CONSUMER: Skills = {
  ...COMMITTED,
  'auto.offset.reset': ['earliest', 'latest'],
  'isolation.level': 'any',
  'group.protocol': ['classic'],
  'session.timeout.ms': 'any',
  'heartbeat.interval.ms': 'any',
  'max.poll.interval.ms': 'any',
  'fetch.min.bytes': 'any',
  'fetch.max.bytes': 'any',
  'fetch.max.wait.ms': 'any',
  'max.partition.fetch.bytes': 'any',
  'request.timeout.ms': 'any',
  'retry.backoff.ms': 'any',
  'metadata.max.age.ms': 'any',
  'client.rack': 'any',
};

export const DRIVERS: { readonly [name in ForeignDriver]: DriverSkills } = {
  kafkajs: {
    package: 'kafkajs',
    producer: {
      ...GATHERED,
      acks: 'any',
      'enable.idempotence': 'any',
      'compression.type': ['none', 'gzip'],
      retries: 'any',
      'retry.backoff.ms': 'any',
      'retry.backoff.max.ms': 'any',
      'request.timeout.ms': 'any',
      'metadata.max.age.ms': 'any',
    },
    consumer: CONSUMER,
  },
  platformatic: {
    package: '@platformatic/kafka',
    producer: {
      ...GATHERED,
      acks: 'any',
      'enable.idempotence': 'any',
      'compression.type': 'any',
      retries: 'any',
      'retry.backoff.ms': 'any',
      'request.timeout.ms': 'any',
      'metadata.max.age.ms': 'any',
    },
    consumer: CONSUMER,
  },
};

/** Refuses what the chosen library cannot do, before anything starts. */
export function checkDriver(file: WorkloadFile, workload: Workload): void {
  const { driver } = workload;
  if (driver === undefined) return;
  const skills = DRIVERS[driver];
  const place = placeOf(file, 'client');
  if (workload.target === 'sim' && place !== null) {
    conflict(
      place,
      `client.driver: ${driver} needs a real network; target sim runs our own client alone (targets local and kafka take any)`,
    );
  }
  workload.producers.forEach(({ client, transaction }, index) => {
    const read = file.producers[index]!;
    checkConfigs(driver, 'producer', client, skills.producer, placeOf(read, 'client'));
    const at = placeOf(read, 'transaction');
    if (transaction !== null && at !== null) {
      conflict(at, `${at.path}: client.driver ${driver} writes no transactions here`);
    }
  });
  workload.consumers.forEach(({ client, group }, index) => {
    const read = file.consumers[index]!;
    checkConfigs(driver, 'consumer', client, skills.consumer, placeOf(read, 'client'));
    const at = placeOf(read, 'group');
    if (group === null && at !== null) {
      conflict(at, `${at.path}: ${driver} reads in a group alone, and cannot be given partitions by hand`);
    }
  });
}

function checkConfigs(
  driver: ForeignDriver,
  kind: 'producer' | 'consumer',
  client: KafkaConfig,
  skills: Skills,
  place: Place | null,
): void {
  if (place === null) return;
  for (const [name, value] of Object.entries(client)) {
    const known = skills[name];
    if (known === 'any' || known?.includes(value) === true) continue;
    conflict(
      place,
      known === undefined
        ? `${place.path}: the ${kind} of ${driver} has no name for ${name}`
        : `${place.path}: ${driver} cannot do ${name} ${value}; it does ${known.join(', ')}`,
    );
  }
}
