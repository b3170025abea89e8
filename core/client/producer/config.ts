import type { CompressionType } from '../../runtime.ts';
import { type ConfigInput, type ConfigValues, commonRules, invalid, readConfig } from '../config.ts';

/** Kafka's producer configs (ProducerConfig) that this producer has, with Kafka's defaults. */
export const producerRules = {
  acks: { type: 'text', default: 'all', oneOf: ['all', '-1', '0', '1'] },
  'batch.size': { type: 'int', default: 16384, min: 0 },
  'buffer.memory': { type: 'int', default: 33554432, min: 0 },
  'compression.gzip.level': { type: 'int', default: -1, min: -1, max: 9 },
  'compression.type': { type: 'text', default: 'none', oneOf: ['none', 'gzip', 'snappy', 'lz4', 'zstd'] },
  'compression.zstd.level': { type: 'int', default: 3, min: -131072, max: 22 },
  'delivery.timeout.ms': { type: 'int', default: 120000, min: 0 },
  'enable.idempotence': { type: 'bool', default: true },
  'linger.ms': { type: 'int', default: 5, min: 0 },
  'max.block.ms': { type: 'int', default: 60000, min: 0 },
  'max.in.flight.requests.per.connection': { type: 'int', default: 5, min: 1 },
  'max.request.size': { type: 'int', default: 1048576, min: 0 },
  'partitioner.adaptive.partitioning.enable': { type: 'bool', default: true },
  'partitioner.ignore.keys': { type: 'bool', default: false },
  retries: { type: 'int', default: 2147483647, min: 0, max: 2147483647 },
  'transaction.timeout.ms': { type: 'int', default: 60000, min: 0 },
  'transactional.id': { type: 'text', default: null },
} as const;

const allRules = { ...commonRules, ...producerRules };

export type ProducerConfigValues = ConfigValues<typeof commonRules> & ConfigValues<typeof producerRules>;

export interface ProducerConfig {
  readonly values: ProducerConfigValues;
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  /** Every record belongs to a transaction of this id; null: none does. */
  readonly transactionalId: string | null;
  readonly compression: CompressionType;
  /** Undefined: the codec's own default. */
  readonly compressionLevel: number | undefined;
  readonly maxInFlight: number;
}

/** With idempotence the broker remembers this many batches of a producer and partition (ProducerStateEntry). */
export const MAX_IN_FLIGHT_IDEMPOTENT = 5;

/** @throws ClientError 'configuration' for a value or a combination that Kafka refuses too. */
export function readProducerConfig(input: ConfigInput): ProducerConfig {
  const values = readConfig(allRules, input);
  const acks = values.acks === 'all' || values.acks === '-1' ? -1 : values.acks === '1' ? 1 : 0;
  const transactionalId = values['transactional.id'];
  if (transactionalId === '') throw invalid('transactional.id', 'an empty one names no producer');
  // As in Java, a conflicting setting switches idempotence off unless it was asked for (KIP-679).
  const conflict =
    acks !== -1
      ? `acks=${values.acks}`
      : values.retries === 0
        ? 'retries=0'
        : values['max.in.flight.requests.per.connection'] > MAX_IN_FLIGHT_IDEMPOTENT
          ? `max.in.flight.requests.per.connection above ${MAX_IN_FLIGHT_IDEMPOTENT}`
          : null;
  const asked = 'enable.idempotence' in input && values['enable.idempotence'];
  if (conflict !== null && asked) throw invalid('enable.idempotence', `is impossible with ${conflict}`);
  if (transactionalId !== null) {
    if (conflict !== null) throw invalid('transactional.id', `is impossible with ${conflict}`);
    if (!values['enable.idempotence']) throw invalid('transactional.id', 'needs enable.idempotence');
  }
  const leastMs = values['linger.ms'] + values['request.timeout.ms'];
  if (values['delivery.timeout.ms'] < leastMs && 'delivery.timeout.ms' in input) {
    throw invalid('delivery.timeout.ms', `must be at least linger.ms + request.timeout.ms = ${leastMs}`);
  }
  const compression = values['compression.type'] as CompressionType;
  return {
    values,
    acks,
    idempotent: values['enable.idempotence'] && conflict === null,
    transactionalId,
    compression,
    compressionLevel: levelOf(compression, values),
    maxInFlight: values['max.in.flight.requests.per.connection'],
  };
}

function levelOf(compression: CompressionType, values: ProducerConfigValues): number | undefined {
  if (compression === 'gzip') {
    const level = values['compression.gzip.level'];
    if (level === 0) throw invalid('compression.gzip.level', '0 is neither -1 nor in 1..9');
    return level === -1 ? undefined : level;
  }
  return compression === 'zstd' ? values['compression.zstd.level'] : undefined;
}
