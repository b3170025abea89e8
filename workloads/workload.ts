import type { ForeignDriver } from './client-driver.ts';
import type { FaultPlan } from './fault.ts';

/**
 * A workload as every other room sees it: validated, every default filled in, every unit resolved to a number whose name
 * says the unit. `parse.ts` makes one from YAML, `omb.ts` from OpenMessaging Benchmark's files. Plain data: it survives
 * JSON and postMessage. Durations are milliseconds (fractions allowed) unless the name says Ns.
 *
 * Time zero is the moment the load starts, which is the start of the warm-up. The measured part follows the warm-up;
 * at its end producers stop, every fault is healed, and the drain runs until consumers have caught up or `drainMs` is over.
 */
export interface Workload {
  readonly name: string;
  /** An integer in [0, 2^53). In `sim` it fixes everything; elsewhere keys, payloads and arrival times. */
  readonly seed: number;
  readonly target: TargetKind;
  /** The client library of producers and consumers on live targets; absent: our own. */
  readonly driver?: ForeignDriver;
  /** "host:port" of the cluster under test; target kafka alone looks at it. */
  readonly bootstrap: readonly string[];
  readonly cluster: ClusterSpec;
  readonly topics: readonly TopicSpec[];
  readonly producers: readonly ProducerSpec[];
  readonly consumers: readonly ConsumerSpec[];
  readonly phases: PhaseSpec;
  readonly faults: FaultPlan;
  readonly expect: readonly Expectation[];
}

export type TargetKind = 'sim' | 'local' | 'kafka';

/** Names and values as in Kafka's .properties: "retention.ms" → "3600000". Only what the file sets. */
export type KafkaConfig = { readonly [name: string]: string };

export interface ClusterSpec {
  /** Broker ids are 1 … brokers. Target kafka: what the file says of the cluster, 0 when it says nothing. */
  readonly brokers: number;
  /** Broker id i stands in racks[(i - 1) % racks.length]; empty: no racks. */
  readonly racks: readonly string[];
  /** Latency and bandwidth of disks, links and CPU; `sim` alone looks at it. */
  readonly profile: ProfileName;
  /** Broker configs. */
  readonly config: KafkaConfig;
  /** Feature levels that the cluster is formatted with; absent: Kafka's own. */
  readonly features?: FeatureLevels;
}

export interface FeatureLevels {
  /** KIP-966. */
  readonly 'eligible.leader.replicas.version'?: number;
  /** KIP-853: 1 has the voters in the metadata log. */
  readonly 'kraft.version'?: number;
}

export type ProfileName = 'laptop' | 'cloud-nvme' | 'cloud-ebs' | 'wan';

export interface TopicSpec {
  readonly name: string;
  /** How many topics of this shape: 1 is the topic `name`; more are `name-0`, `name-1`, … (see topicNames). */
  readonly count: number;
  readonly partitions: number;
  /** -1: the cluster's own default (target kafka, KIP-464). */
  readonly replicationFactor: number;
  readonly config: KafkaConfig;
}

export interface ProducerSpec {
  /** `name` of a TopicSpec; all topics of that spec are written to (see topicsOfInstance). */
  readonly topic: string;
  /** Producer instances of this entry. */
  readonly count: number;
  /** Over all instances of this entry together. A trace has its own times: then this is `max` and nobody looks at it. */
  readonly rate: Rate;
  readonly arrival: Arrival;
  readonly keys: KeySpec;
  readonly value: ValueSpec;
  /** Producer configs that the file sets; settings.ts reads them with Kafka's defaults. */
  readonly client: KafkaConfig;
  readonly transaction: TransactionSpec | null;
}

export type Rate =
  | { readonly kind: 'fixed'; readonly perSecond: number }
  /** As fast as acknowledgements allow. There is no schedule, so intended time is the time of the send. */
  | { readonly kind: 'max' }
  /** One after another from the start of the measured part; the warm-up runs at the first one's start; the last one's end stays. */
  | { readonly kind: 'stages'; readonly stages: readonly RateStage[] };

/** Linear from one rate to the other; a plain stage has both equal. */
export interface RateStage {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  readonly forMs: number;
}

export type Arrival =
  | { readonly kind: 'constant' }
  | { readonly kind: 'poisson' }
  /** `records` at once, then silence until the rate is met again. */
  | { readonly kind: 'burst'; readonly records: number }
  /** Intended times from a file (load/trace.ts), from the start of the load; the rate is then that of the file. */
  | { readonly kind: 'trace'; readonly file: string };

export type KeySpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'uniform'; readonly cardinality: number; readonly bytes: number }
  /** Key of rank k (1 …) with probability ∝ k^-exponent. */
  | { readonly kind: 'zipf'; readonly exponent: number; readonly cardinality: number; readonly bytes: number }
  /** 0, 1, 2, … modulo the cardinality, per instance. */
  | { readonly kind: 'sequential'; readonly cardinality: number; readonly bytes: number }
  /** `hotKeys` of the keys take `hotShare` (0 … 1) of the records; the others share the rest evenly. */
  | {
      readonly kind: 'hot';
      readonly hotKeys: number;
      readonly hotShare: number;
      readonly cardinality: number;
      readonly bytes: number;
    };

export interface ValueSpec {
  readonly size: SizeSpec;
  /** Share of the payload, 0 … 1, that compresses away; the rest is random bytes. */
  readonly compressible: number;
  /** Distinct payloads made in advance; each record takes one of them. */
  readonly poolSize: number;
  /** Payload bytes are cut from this file instead; path relative to the workload file. */
  readonly corpus: string | null;
}

export type SizeSpec =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'uniform'; readonly minBytes: number; readonly maxBytes: number }
  /** Log-normal by its median and 99th percentile, cut at maxBytes. */
  | {
      readonly kind: 'lognormal';
      readonly medianBytes: number;
      readonly p99Bytes: number;
      readonly maxBytes: number;
    }
  | { readonly kind: 'choice'; readonly choices: readonly { readonly bytes: number; readonly weight: number }[] };

export interface TransactionSpec {
  /** Records per transaction. */
  readonly records: number;
  /** Share of transactions that are aborted on purpose, 0 … 1. */
  readonly abortShare: number;
}

export interface ConsumerSpec {
  /** `name` of a TopicSpec; all topics of that spec are read. */
  readonly topic: string;
  /** null: no group; the members share out the partitions by hand and commit nothing. */
  readonly group: string | null;
  /** Independent groups that each read everything (fan-out); see consumerGroups for their names. */
  readonly groups: number;
  /** One set of groups for each topic of the spec, as OpenMessaging Benchmark has it, instead of groups over all topics. */
  readonly groupPerTopic: boolean;
  /** Members of each group. */
  readonly count: number;
  /** Virtual or real work per record before it counts as processed. */
  readonly processingNs: number;
  /** When these consumers start, from time zero. */
  readonly startMs: number;
  /** Consumer configs; always has auto.offset.reset (earliest unless the file says otherwise). */
  readonly client: KafkaConfig;
}

export interface PhaseSpec {
  /** Load that is not measured. */
  readonly warmupMs: number;
  readonly measureMs: number;
  /** At most this long after the load has stopped. */
  readonly drainMs: number;
  /**
   * Catch-up reads: when the measured part begins consumers pause until `bytes` of values wait, summed over all groups,
   * then read on; the backlog counts as drained when (1 - drainRatio) of it, or 1,000 records if that is more, is left.
   * The measured part goes on for `measureMs` after that.
   */
  readonly backlog: { readonly bytes: number; readonly drainRatio: number } | null;
}

/** One line of `expect`: a breach sets the exit code. */
export type Expectation = DurabilityExpectation | MetricExpectation;

interface DurabilityExpectation {
  readonly kind: 'durability';
  readonly name: 'durability';
  /** The worst verdict that still is fine: `allowed` accepts losses that the configuration permits. */
  readonly worst: 'pass' | 'allowed';
}

export interface MetricExpectation {
  readonly kind: 'metric';
  /** As in the file: "publish.p99", "throughput". */
  readonly name: string;
  readonly metric: MetricName;
  readonly statistic: LatencyStatistic | ThroughputStatistic;
  readonly comparison: '<' | '<=' | '>' | '>=';
  /** Milliseconds for latencies, per second for throughput. */
  readonly limit: number;
  readonly unit: 'ms' | 'records/s' | 'bytes/s';
  /** The limit for humans: "< 20ms". */
  readonly text: string;
}

type MetricName = LatencyMetric | 'throughput';
/** publish: intended send → ack; publishService: actual send → ack; endToEnd: intended send → poll returned it. */
export type LatencyMetric = 'publish' | 'publishService' | 'endToEnd' | 'commit' | 'transaction' | 'fetch';
export type LatencyStatistic = 'min' | 'mean' | 'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99.9' | 'p99.99' | 'max';
/** Records a second by who saw them, or bytes of values acknowledged a second. */
export type ThroughputStatistic = 'sent' | 'acked' | 'consumed' | 'bytes';

/** The topics that a spec stands for, in order. */
export function topicNames(topic: TopicSpec): string[] {
  if (topic.count === 1) return [topic.name];
  return Array.from({ length: topic.count }, (_, index) => `${topic.name}-${index}`);
}

/**
 * Which of a spec's topics (by index into topicNames) one of `instances` producers writes to: its own share of the
 * topics, in turn, or the one topic it has together with others when there are more instances than topics.
 */
export function topicsOfInstance(topicCount: number, instance: number, instances: number): number[] {
  if (instances >= topicCount) return [instance % topicCount];
  const own: number[] = [];
  for (let index = instance; index < topicCount; index += instances) own.push(index);
  return own;
}

export interface ConsumerGroup {
  /** null: no group. */
  readonly group: string | null;
  readonly topics: readonly string[];
  readonly members: number;
}

/** The groups that a consumer entry stands for; `topic` is the TopicSpec it names. */
export function consumerGroups(consumer: ConsumerSpec, topic: TopicSpec): ConsumerGroup[] {
  const names = topicNames(topic);
  const groups: ConsumerGroup[] = [];
  const sets = consumer.groupPerTopic ? names.map((name) => [name]) : [names];
  for (const topics of sets) {
    const suffix = consumer.groupPerTopic && names.length > 1 ? `-${topics[0]}` : '';
    for (let index = 0; index < consumer.groups; index++) {
      const number = consumer.groups > 1 ? `-${index}` : '';
      groups.push({
        group: consumer.group === null ? null : `${consumer.group}${suffix}${number}`,
        topics,
        members: consumer.count,
      });
    }
  }
  return groups;
}

export function brokerIds(cluster: ClusterSpec): number[] {
  return Array.from({ length: cluster.brokers }, (_, index) => index + 1);
}

/** The rack of a broker, or null without racks. */
export function rackOf(cluster: ClusterSpec, brokerId: number): string | null {
  const { racks } = cluster;
  return racks.length === 0 ? null : racks[(brokerId - 1) % racks.length]!;
}

/** The spec that a concrete topic name belongs to. */
export function specOfTopic(topics: readonly TopicSpec[], name: string): TopicSpec | undefined {
  return topics.find((topic) => (topic.count === 1 ? topic.name === name : isMember(topic, name)));
}

function isMember(topic: TopicSpec, name: string): boolean {
  const match = /^(.*)-(0|[1-9]\d*)$/.exec(name);
  return match !== null && match[1] === topic.name && Number(match[2]) < topic.count;
}
