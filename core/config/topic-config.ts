import type { LogConfig } from '../log/index.ts';
import { type BrokerConfig, ConfigSource, type SourcedValue } from './broker-config.ts';
import { topicDefinitions, topicSynonyms } from './definitions.ts';
import { type ConfigValue, parseValue } from './value.ts';

const noOverrides: ReadonlyMap<string, string> = new Map();

/**
 * A topic's settings as they count on one broker: the topic's own, else what the broker's synonym says, else Kafka's
 * default. A snapshot: made anew when one of them changes.
 */
export class TopicConfig {
  readonly #overrides: ReadonlyMap<string, string>;
  readonly #broker: BrokerConfig;

  constructor(broker: BrokerConfig, overrides: ReadonlyMap<string, string> = noOverrides) {
    this.#broker = broker;
    this.#overrides = overrides;
  }

  /** The value that counts, in the topic's units, named as the topic setting. */
  effective(name: string): SourcedValue {
    const definition = topicDefinitions.get(name);
    if (definition === undefined) throw new Error(`no topic setting is called ${name}`);
    const first = this.synonyms(name)[0];
    if (first === undefined) return { name, value: definition.defaultValue, source: ConfigSource.defaultValue };
    const factor = topicSynonyms.get(name)?.find((synonym) => synonym.name === first.name)?.toTopicUnits ?? 1;
    const inUnits = factor === 1 || first.source === ConfigSource.topic ? first.value : toUnits(first.value, factor);
    return { name, value: inUnits, source: first.source };
  }

  /** Every place that gives it a value, the one that counts first, each in its own units and under its own name. */
  synonyms(name: string): readonly SourcedValue[] {
    const found: SourcedValue[] = [];
    const own = this.#overrides.get(name);
    if (own !== undefined) found.push({ name, value: own, source: ConfigSource.topic });
    const sourced = (topicSynonyms.get(name) ?? []).map((synonym) => this.#broker.sources(synonym.name));
    // An explicit setting of any unit counts before the default of another.
    for (const explicit of [true, false]) {
      for (const values of sourced) {
        found.push(...values.filter((value) => (value.source !== ConfigSource.defaultValue) === explicit));
      }
    }
    return found;
  }

  number(name: string): number {
    const value = this.#value(name);
    if (typeof value !== 'number') throw new Error(`topic setting ${name} is no number`);
    return value;
  }
  boolean(name: string): boolean {
    return this.#value(name) === true;
  }
  text(name: string): string {
    return this.effective(name).value ?? '';
  }
  list(name: string): readonly string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value : [];
  }

  get minInsyncReplicas(): number {
    return this.number('min.insync.replicas');
  }
  get uncleanLeaderElection(): boolean {
    return this.boolean('unclean.leader.election.enable');
  }
  get timestampType(): 'CreateTime' | 'LogAppendTime' {
    return this.text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime';
  }

  /** What core/log needs of it. */
  logConfig(tailCacheBytes: number = 1 << 18): LogConfig {
    const policy = this.list('cleanup.policy');
    const compact = policy.includes('compact');
    return {
      segmentBytes: this.number('segment.bytes'),
      segmentMs: this.number('segment.ms'),
      segmentJitterMs: this.number('segment.jitter.ms'),
      segmentIndexBytes: this.number('segment.index.bytes'),
      indexIntervalBytes: this.number('index.interval.bytes'),
      maxMessageBytes: this.number('max.message.bytes'),
      retentionBytes: this.number('retention.bytes'),
      retentionMs: this.number('retention.ms'),
      cleanupPolicy: !compact ? 'delete' : policy.includes('delete') ? 'compact,delete' : 'compact',
      deleteRetentionMs: this.number('delete.retention.ms'),
      minCompactionLagMs: this.number('min.compaction.lag.ms'),
      maxCompactionLagMs: this.number('max.compaction.lag.ms'),
      minCleanableDirtyRatio: this.number('min.cleanable.dirty.ratio'),
      fileDeleteDelayMs: this.number('file.delete.delay.ms'),
      flushMessages: this.number('flush.messages'),
      flushMs: this.number('flush.ms'),
      producerIdExpirationMs: this.#broker.number('producer.id.expiration.ms'),
      transactionVerification: this.#broker.boolean('transaction.partition.verification.enable'),
      tailCacheBytes,
    };
  }

  #value(name: string): ConfigValue | null {
    const { value } = this.effective(name);
    if (value === null) return null;
    const parsed = parseValue(topicDefinitions.get(name)!, value);
    return parsed.kind === 'value' ? parsed.value : null;
  }
}

function toUnits(value: string | null, factor: number): string | null {
  if (value === null) return null;
  const number = Number(value);
  return number < 0 ? value : String(number * factor);
}

/** Checks a topic's own settings together; null when they can stand, else Kafka's message. */
export function topicConfigObjection(values: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of values) {
    const definition = topicDefinitions.get(name);
    if (definition === undefined) return `Unknown topic config name: ${name}`;
    if (value === null) return `Null value not supported for topic configs: ${name}`;
    const parsed = parseValue(definition, value);
    if (parsed.kind === 'refused') return parsed.message;
  }
  if (values.get('remote.storage.enable') === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  const minLag = values.get('min.compaction.lag.ms') ?? '0';
  const maxLag = values.get('max.compaction.lag.ms');
  if (maxLag !== undefined && maxLag !== null && BigInt(minLag) > BigInt(maxLag)) {
    return `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`;
  }
  return null;
}
