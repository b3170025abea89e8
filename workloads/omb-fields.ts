import type { YAMLMap } from 'yaml';

/** OpenMessaging Benchmark's workload fields (Workload.java) in its order, with the values Java gives an unset one. */
export interface OmbWorkload {
  readonly name: string;
  readonly topics: number;
  readonly partitionsPerTopic: number;
  readonly keyDistributor: 'NO_KEY' | 'KEY_ROUND_ROBIN' | 'RANDOM_NANO';
  readonly messageSize: number;
  readonly useRandomizedPayloads: boolean;
  readonly randomBytesRatio: number;
  readonly randomizedPayloadPoolSize: number;
  readonly payloadFile: string | null;
  readonly subscriptionsPerTopic: number;
  readonly producersPerTopic: number;
  readonly consumerPerSubscription: number;
  readonly producerRate: number;
  readonly consumerBacklogSizeGB: number;
  readonly backlogDrainRatio: number;
  readonly testDurationMinutes: number;
  readonly warmupDurationMinutes: number;
}

/** A Kafka driver file (DriverConfiguration.java and the Kafka driver's Config.java); the configs are .properties text. */
export interface OmbDriver {
  readonly name: string;
  readonly driverClass: string;
  readonly replicationFactor: number;
  readonly reset: boolean;
  readonly topicConfig: string;
  readonly commonConfig: string;
  readonly producerConfig: string;
  readonly consumerConfig: string;
}

export const OMB_FIELDS: readonly (keyof OmbWorkload)[] = [
  'name',
  'topics',
  'partitionsPerTopic',
  'keyDistributor',
  'messageSize',
  'useRandomizedPayloads',
  'randomBytesRatio',
  'randomizedPayloadPoolSize',
  'payloadFile',
  'subscriptionsPerTopic',
  'producersPerTopic',
  'consumerPerSubscription',
  'producerRate',
  'consumerBacklogSizeGB',
  'backlogDrainRatio',
  'testDurationMinutes',
  'warmupDurationMinutes',
];

export function isOmbField(name: string): name is keyof OmbWorkload {
  return (OMB_FIELDS as readonly string[]).includes(name);
}

/** A file of theirs: more keys of theirs than the two names that ours has as well, and none that only ours has. */
export function looksLikeOmb(root: YAMLMap): boolean {
  const own = OMB_FIELDS.filter((field) => field !== 'name' && field !== 'topics');
  return own.some((field) => root.has(field)) && !['producers', 'consumers', 'phases'].some((key) => root.has(key));
}

/** A driver file of theirs. */
export function looksLikeOmbDriver(root: YAMLMap): boolean {
  return root.has('driverClass');
}
