import { isMap, isSeq } from 'yaml';
import { DRIVER_NAMES, type DriverName } from './client-driver.ts';
import { expectations } from './expect.ts';
import type { FaultPlan } from './fault.ts';
import { faultPlan } from './faults.ts';
import { kafkaConfig } from './kafka-config.ts';
import { type MatrixAxis, matrix } from './matrix.ts';
import { entriesOf, type Fields, inherit, object, optional, readFields, required } from './object-schema.ts';
import { type ProducerRead, producer } from './producers.ts';
import {
  duration,
  groupName,
  hostPort,
  isText,
  orNone,
  positiveDuration,
  rackName,
  share,
  shortDuration,
  topicName,
  volume,
} from './scalars.ts';
import {
  boolean,
  either,
  integer,
  type JsonSchema,
  list,
  map,
  type Place,
  reportExpected,
  type Schema,
  word,
} from './schema.ts';
import type { Expectation, FeatureLevels, KafkaConfig, ProfileName, TargetKind } from './workload.ts';

/** The keys of a workload file. A new key is one more line here, in workload.ts, to-yaml.ts and the README's table. */

/** The file as written: units resolved, but what depends on other keys still open (null). */
export interface WorkloadFile {
  readonly seed: number;
  readonly target: TargetKind;
  readonly bootstrap: readonly string[];
  readonly client: { readonly driver: DriverName };
  readonly cluster: {
    readonly brokers: number | null;
    readonly racks: readonly string[];
    readonly profile: ProfileName;
    readonly config: KafkaConfig;
    readonly features: FeatureLevels | null;
  };
  readonly topics: readonly TopicRead[];
  readonly producers: readonly ProducerRead[];
  readonly consumers: readonly ConsumerRead[];
  readonly phases: {
    readonly warmup: number;
    readonly measure: number;
    readonly drain: number;
    readonly backlog: { readonly size: number; readonly drain: number } | null;
  };
  readonly faults: FaultPlan;
  readonly expect: readonly Expectation[];
  /** Of the command line alone: a run is one combination. */
  readonly matrix: readonly MatrixAxis[];
}

interface TopicRead {
  readonly name: string;
  readonly count: number;
  readonly partitions: number;
  readonly replicationFactor: number | null;
  readonly config: KafkaConfig;
}

interface ConsumerRead {
  readonly topic: string;
  /** Empty: not set. */
  readonly group: string | null;
  readonly groups: number;
  readonly groupPerTopic: boolean;
  readonly count: number;
  /** Milliseconds. */
  readonly processing: number;
  readonly start: number;
  readonly client: KafkaConfig;
}

const topicFields = {
  name: required(topicName, 'Topic name; with count, the prefix of `name-0`, `name-1`, ….'),
  count: optional(integer(1, 2_000_000), 1, 'How many topics of this shape.'),
  partitions: optional(integer(1, 1_000_000), 1, 'Partitions of each topic.'),
  replicationFactor: optional(integer(1, 32_767), null, 'Copies; default 3 or the number of brokers, if that is less.'),
  config: optional(kafkaConfig('topic'), {}, "Kafka's topic configs."),
} as const satisfies Fields;

const topic = map(object('a topic { name, partitions, … }', topicFields), (read) => inherit({ ...read }, read));

const consumerFields = {
  topic: required(topicName, 'Name of an entry of topics.'),
  group: optional(
    orNone(groupName),
    '',
    'Group id; `none`: no group, partitions shared out by hand. Default: `<topic>-readers`.',
  ),
  groups: optional(integer(1, 100_000), 1, 'Independent groups that each read everything (fan-out).'),
  groupPerTopic: optional(boolean, false, 'With count topics: one set of groups for each of them.'),
  count: optional(integer(1, 100_000), 1, 'Members of each group.'),
  processing: optional(shortDuration, 0, 'Work per record before it counts as processed; default 0.'),
  start: optional(duration, 0, 'When they start, from the start of the load; default 0.'),
  client: optional(
    kafkaConfig('consumer'),
    {},
    "Kafka's consumer configs; auto.offset.reset is earliest here unless set.",
  ),
} as const satisfies Fields;

const consumer = map(object('a consumer { topic, group, … }', consumerFields), (read) => inherit({ ...read }, read));

const featureFields = {
  'eligible.leader.replicas.version': optional(
    integer(0, 1),
    null,
    'KIP-966: 1, as new clusters have it, elects nobody who may have lost its tail.',
  ),
  'kraft.version': optional(
    integer(0, 1),
    null,
    'KIP-853: 1 has the voters in the metadata log, each with its disk; 0, the default, in the configuration.',
  ),
} as const satisfies Fields;

const features: Schema<FeatureLevels> = map(object('a map of feature levels', featureFields), (read) => {
  const given = Object.entries(read).filter((entry): entry is [string, number] => entry[1] !== null);
  return Object.fromEntries(given);
});

const clusterFields = {
  brokers: optional(integer(1, 1_000), null, 'Brokers, numbered from 1; default 1.'),
  racks: optional<readonly string[]>(list(rackName), [], 'Racks, given to the brokers in turn.'),
  profile: optional(
    word('laptop', 'cloud-nvme', 'cloud-ebs', 'wan'),
    'laptop',
    'sim: latency and bandwidth of disks, links and CPU.',
  ),
  config: optional(kafkaConfig('broker'), {}, "Kafka's broker configs."),
  features: optional(
    features,
    null,
    'Levels of features that the cluster is formatted with, as `kafka-storage format --feature` takes them.',
  ),
} as const satisfies Fields;

const cluster = map(object('a map { brokers, racks, profile, config, features }', clusterFields), (read) =>
  inherit({ ...read }, read),
);

const backlogFields = {
  size: required(volume, 'Volume of values that waits before consumers go on, summed over the groups.'),
  drain: optional(share, 1, 'Share of it that must be read for the backlog to count as drained.'),
} as const satisfies Fields;

const phaseFields = {
  warmup: optional(duration, 5_000, 'Load that is not measured; default 5s.'),
  measure: optional(positiveDuration, 30_000, 'The measured part; default 30s.'),
  drain: optional(duration, 30_000, 'At most this long to catch up afterwards; default 30s.'),
  backlog: optional(
    orNone(object('a map { size, drain }', backlogFields)),
    null,
    'Catch-up reads: consumers pause until this much waits.',
  ),
} as const satisfies Fields;

const phases = map(object('a map { warmup, measure, drain, backlog }', phaseFields), (read) =>
  inherit({ ...read }, read),
);

const DEFAULT_PHASES: WorkloadFile['phases'] = { warmup: 5_000, measure: 30_000, drain: 30_000, backlog: null };
const DEFAULT_CLUSTER: WorkloadFile['cluster'] = {
  brokers: null,
  racks: [],
  profile: 'laptop',
  config: {},
  features: null,
};

const bootstrap: Schema<readonly string[]> = either<readonly string[]>(
  'a list of host:port',
  { when: isSeq, schema: list(hostPort, { min: 1 }) },
  { when: isText, schema: map(hostPort, (only) => [only]) },
);

const clientFields = {
  driver: optional(
    word(...DRIVER_NAMES),
    'faultline',
    'local, kafka: the client library of producers and consumers; default our own.',
  ),
} as const satisfies Fields;

const fileFields = {
  seed: optional(integer(0), 1, 'sim: fixes everything; elsewhere keys, payloads and arrival times.'),
  target: optional(word('sim', 'local', 'kafka'), 'sim', 'Which world runs it; `--target` overrides it.'),
  bootstrap: optional(bootstrap, [], 'kafka: where the cluster is.'),
  client: optional(
    object<typeof clientFields>('a map { driver }', clientFields),
    { driver: 'faultline' },
    'What all clients of the workload have in common.',
  ),
  cluster: optional(cluster, DEFAULT_CLUSTER, 'The cluster that sim and local build; for kafka, what exists.'),
  topics: required(
    list(topic, { min: 1, expected: 'a list of topics, at least one' }),
    'Topics, created before the load.',
  ),
  producers: optional(list(producer), [], 'Who writes.'),
  consumers: optional(list(consumer), [], 'Who reads.'),
  phases: optional(phases, DEFAULT_PHASES, 'How long.'),
  faults: optional(
    faultPlan,
    { kind: 'list', faults: [] },
    '`swarm`, `{ swarm: { every, kinds } }`, or a list of faults.',
  ),
  expect: optional(expectations, [], 'Thresholds; a breach sets the exit code.'),
  matrix: optional(matrix, [], 'Field paths with lists of values: `bench run` runs every combination.'),
} as const satisfies Fields;

const whole: Schema<WorkloadFile> = object('a workload: a map with topics, producers, consumers, …', fileFields);

/** Keys that begin with x- are the author's own: a place for anchors. */
export function readFile(place: Place): WorkloadFile | undefined {
  if (!isMap(place.node)) return reportExpected(place, 'type', whole.expected);
  const entries = entriesOf(place, place.node).filter(({ key }) => !key.startsWith('x-'));
  const read: WorkloadFile | undefined = readFields(entries, place, fileFields);
  return read;
}

/** JSON Schema (draft 2020-12) of a workload file, for editors. */
export function jsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Faultline workload',
    ...whole.json,
    patternProperties: { '^x-': {} },
  };
}
