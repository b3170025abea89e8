import { configValue } from './kafka-config.ts';
import type { ConsumerSpec, KafkaConfig, KeySpec, ProducerSpec, SizeSpec } from './workload.ts';

/** A producer's Kafka configs as numbers and words, with Kafka's defaults and Kafka's rules for what implies what. */
export interface ProducerSettings {
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly bufferBytes: number;
  readonly maxRequestBytes: number;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** null: the codec's own default level. */
  readonly compressionLevel: number | null;
  readonly maxInFlight: number;
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly requestTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  readonly maxBlockMs: number;
  readonly transactionTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
  readonly clientId: string | null;
}

export interface ConsumerSettings {
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly offsetReset: string;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly groupProtocol: 'classic' | 'consumer';
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollRecords: number;
  readonly maxPollIntervalMs: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly maxPartitionFetchBytes: number;
  readonly requestTimeoutMs: number;
  readonly checkCrcs: boolean;
  readonly clientRack: string | null;
  readonly clientId: string | null;
}

export function producerSettings(producer: Pick<ProducerSpec, 'client' | 'transaction'>): ProducerSettings {
  const { client, transaction } = producer;
  const text = (name: string): string => configValue('producer', client, name) ?? '';
  const number = (name: string): number => Number(text(name));
  const compression = text('compression.type') as ProducerSettings['compression'];
  const level = client[`compression.${compression}.level`];
  return {
    acks: acksOf(client),
    idempotent: transaction !== null || idempotent(client),
    lingerMs: number('linger.ms'),
    batchBytes: number('batch.size'),
    bufferBytes: number('buffer.memory'),
    maxRequestBytes: number('max.request.size'),
    compression,
    compressionLevel: level === undefined ? null : Number(level),
    maxInFlight: number('max.in.flight.requests.per.connection'),
    retries: number('retries'),
    retryBackoffMs: number('retry.backoff.ms'),
    requestTimeoutMs: number('request.timeout.ms'),
    deliveryTimeoutMs: number('delivery.timeout.ms'),
    maxBlockMs: number('max.block.ms'),
    transactionTimeoutMs: number('transaction.timeout.ms'),
    metadataMaxAgeMs: number('metadata.max.age.ms'),
    clientId: text('client.id') || null,
  };
}

export function consumerSettings(consumer: Pick<ConsumerSpec, 'client'>): ConsumerSettings {
  const { client } = consumer;
  const text = (name: string): string => configValue('consumer', client, name) ?? '';
  const number = (name: string): number => Number(text(name));
  return {
    isolation: text('isolation.level') as ConsumerSettings['isolation'],
    offsetReset: text('auto.offset.reset'),
    autoCommit: text('enable.auto.commit') === 'true',
    autoCommitIntervalMs: number('auto.commit.interval.ms'),
    groupProtocol: text('group.protocol').toLowerCase() as ConsumerSettings['groupProtocol'],
    groupInstanceId: text('group.instance.id') || null,
    sessionTimeoutMs: number('session.timeout.ms'),
    heartbeatIntervalMs: number('heartbeat.interval.ms'),
    maxPollRecords: number('max.poll.records'),
    maxPollIntervalMs: number('max.poll.interval.ms'),
    fetchMinBytes: number('fetch.min.bytes'),
    fetchMaxBytes: number('fetch.max.bytes'),
    fetchMaxWaitMs: number('fetch.max.wait.ms'),
    maxPartitionFetchBytes: number('max.partition.fetch.bytes'),
    requestTimeoutMs: number('request.timeout.ms'),
    checkCrcs: text('check.crcs') === 'true',
    clientRack: text('client.rack') || null,
    clientId: text('client.id') || null,
  };
}

export function acksOf(client: KafkaConfig): -1 | 0 | 1 {
  const acks = configValue('producer', client, 'acks');
  return acks === '0' ? 0 : acks === '1' ? 1 : -1;
}

/** Kafka 3.0 and later: on unless another setting that was made excludes it; asked for, the exclusion is an error instead. */
function idempotent(client: KafkaConfig): boolean {
  const asked = client['enable.idempotence'];
  if (asked !== undefined) return asked === 'true';
  const inFlight = Number(configValue('producer', client, 'max.in.flight.requests.per.connection'));
  return acksOf(client) === -1 && client.retries !== '0' && inFlight <= 5;
}

export function maxValueBytes(size: SizeSpec): number {
  switch (size.kind) {
    case 'fixed':
      return size.bytes;
    case 'choice':
      return size.choices.reduce((largest, { bytes }) => Math.max(largest, bytes), 0);
    default:
      return size.maxBytes;
  }
}

function keyBytes(keys: KeySpec): number {
  return keys.kind === 'none' ? 0 : keys.bytes;
}

/** Kafka's bound (AbstractRecords.estimateSizeInBytesUpperBound): batch header, record overhead, key, value. */
export function maxRecordBytes(producer: Pick<ProducerSpec, 'keys' | 'value'>): number {
  return 61 + 21 + keyBytes(producer.keys) + maxValueBytes(producer.value.size);
}
