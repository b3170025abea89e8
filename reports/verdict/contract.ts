import type { LoggedFault } from './faults.ts';

export type ConfigValue = string | number | boolean;
export type Config = Readonly<Record<string, ConfigValue>>;

/** The configuration of a run in Kafka's own names. Values are plain: milliseconds, bytes, `true`. */
export interface RunConfigs {
  /** Broker ids. */
  readonly brokers: readonly number[];
  /** Broker (and cluster) settings, the defaults of every topic. */
  readonly broker: Config;
  readonly topics: readonly {
    readonly name: string;
    readonly replicationFactor: number;
    /** Broker ids of each partition's replicas; where absent, any broker may hold any partition, and less is decided. */
    readonly replicas?: readonly (readonly number[])[];
    readonly config?: Config;
  }[];
  /** Client settings by actor name. */
  readonly clients?: Readonly<Record<string, Config>>;
}

/** What a topic's configuration promises about a record once it is acknowledged. */
export interface TopicPromise {
  readonly topic: string;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly uncleanElection: boolean;
  /** KIP-966: a member of the ISR that lost unsynced bytes is not elected while min.insync.replicas others live. */
  readonly eligibleLeaderReplicas: boolean;
  /** A partition syncs once so many records are unsynced; Infinity: never for that reason. */
  readonly flushMessages: number;
  /** A record is synced at the latest so long after its append; Infinity: never for that reason. */
  readonly flushMs: number;
  /** Infinity: kept for ever. */
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly compacted: boolean;
  /** Whether retention deletes whole segments here (`cleanup.policy` holds `delete`). */
  readonly deletes: boolean;
  /** Brokers that may hold a partition. */
  replicas(partition: number): readonly number[];
}

export interface Contract {
  readonly faults: readonly LoggedFault[];
  /** Voters of the metadata quorum: where a bench looks inside, every broker is one. */
  readonly controllers: readonly number[];
  /** KIP-853: a voter is its disk too, and an empty one has no vote. */
  readonly votersHaveDisks: boolean;
  topic(name: string): TopicPromise;
  /** The promise about committed offsets. */
  readonly offsets: TopicPromise;
  readonly offsetsRetentionMs: number;
  client(actor: string, key: string): ConfigValue | undefined;
}

const INT64_MAX = 2 ** 63 - 1;
const HOUR_MS = 3_600_000;

/** A setting that is not what Kafka would accept; the caller's workload is wrong. */
export class ContractError extends Error {
  constructor(key: string, value: ConfigValue, expected: string) {
    super(`${key}=${value} is not ${expected}`);
    this.name = 'ContractError';
  }
}

/**
 * What was promised, before anything is judged. `faultLog` is read when the verdict is finished, so it may grow while
 * the run goes on. Throws ContractError for a value that is not of its setting's type.
 */
export function contract(configs: RunConfigs, faultLog: readonly LoggedFault[]): Contract {
  const promises = new Map<string, TopicPromise>();
  for (const topic of configs.topics) {
    promises.set(
      topic.name,
      promiseOf(topic.name, topic.replicationFactor, topic.config ?? {}, configs, topic.replicas),
    );
  }
  const offsetsFactor = Math.min(number(configs.broker, 'offsets.topic.replication.factor', 3), configs.brokers.length);
  return {
    faults: faultLog,
    controllers: configs.brokers,
    votersHaveDisks: number(configs.broker, 'kraft.version', 0) >= 1,
    topic(name) {
      const known = promises.get(name);
      if (known !== undefined) return known;
      const factor = number(configs.broker, 'default.replication.factor', 1);
      const promise = promiseOf(name, factor, {}, configs, undefined);
      promises.set(name, promise);
      return promise;
    },
    offsets: promiseOf('__consumer_offsets', offsetsFactor, { 'cleanup.policy': 'compact' }, configs, undefined),
    offsetsRetentionMs: number(configs.broker, 'offsets.retention.minutes', 10_080) * 60_000,
    client: (actor, key) => configs.clients?.[actor]?.[key],
  };
}

function promiseOf(
  topic: string,
  replicationFactor: number,
  config: Config,
  configs: RunConfigs,
  replicas: readonly (readonly number[])[] | undefined,
): TopicPromise {
  const { broker, brokers } = configs;
  // Kafka flushes by time only from a scheduler, whose interval is by default for ever.
  const flushMs = number(config, 'flush.ms', number(broker, 'log.flush.interval.ms', INT64_MAX));
  const schedulerMs = number(broker, 'log.flush.scheduler.interval.ms', INT64_MAX);
  const policies = text(config, 'cleanup.policy', text(broker, 'log.cleanup.policy', 'delete')).split(',');
  return {
    topic,
    replicationFactor,
    minInsyncReplicas: number(config, 'min.insync.replicas', number(broker, 'min.insync.replicas', 1)),
    uncleanElection: flag(
      config,
      'unclean.leader.election.enable',
      flag(broker, 'unclean.leader.election.enable', false),
    ),
    eligibleLeaderReplicas: number(broker, 'eligible.leader.replicas.version', 1) >= 1,
    flushMessages: endless(number(config, 'flush.messages', number(broker, 'log.flush.interval.messages', INT64_MAX))),
    flushMs: endless(flushMs) + endless(schedulerMs),
    retentionMs: unlimited(number(config, 'retention.ms', brokerRetentionMs(broker))),
    retentionBytes: unlimited(number(config, 'retention.bytes', number(broker, 'log.retention.bytes', -1))),
    compacted: policies.some((policy) => policy.trim() === 'compact'),
    deletes: policies.some((policy) => policy.trim() === 'delete'),
    replicas: (partition) => replicas?.[partition] ?? brokers,
  };
}

function brokerRetentionMs(broker: Config): number {
  const hours = number(broker, 'log.retention.hours', 168);
  const minutes = number(broker, 'log.retention.minutes', (hours * HOUR_MS) / 60_000);
  return number(broker, 'log.retention.ms', minutes * 60_000);
}

function number(config: Config, key: string, fallback: number): number {
  const value = config[key];
  if (value === undefined) return fallback;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value.replaceAll('_', '')) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) throw new ContractError(key, value, 'a number');
  return parsed;
}

function flag(config: Config, key: string, fallback: boolean): boolean {
  const value = config[key];
  if (value === undefined) return fallback;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new ContractError(key, value, 'true or false');
}

function text(config: Config, key: string, fallback: string): string {
  return String(config[key] ?? fallback);
}

function endless(value: number): number {
  return value >= INT64_MAX ? Number.POSITIVE_INFINITY : value;
}

function unlimited(value: number): number {
  return value < 0 ? Number.POSITIVE_INFINITY : endless(value);
}
