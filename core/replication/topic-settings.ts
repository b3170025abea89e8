import type { TopicConfig } from '../config/index.ts';
import type { LogConfig } from '../log/index.ts';
import type { ValidationRules } from '../records/index.ts';
import type { CompressionType } from '../runtime.ts';

/** What a topic's configuration means to the replicas of its partitions; one object serves all of them. */
export interface TopicSettings {
  readonly log: LogConfig;
  /** min.insync.replicas as configured; a partition with fewer replicas counts those (see Partition). */
  readonly minInsyncReplicas: number;
  /** 'producer': batches are stored as they were compressed. */
  readonly compressionType: 'producer' | CompressionType;
  /** Of that codec; absent: its default. */
  readonly compressionLevel?: number;
  readonly validation: ValidationRules;
}

const LEVELED: ReadonlySet<string> = new Set(['gzip', 'lz4', 'zstd']);
/** Kafka's -1 for gzip; for the others every number is a level. */
const DEFAULT_LEVEL = -1;

export function topicSettings(config: TopicConfig): TopicSettings {
  const log = config.logConfig();
  const compression = config.text('compression.type');
  const level = LEVELED.has(compression) ? config.number(`compression.${compression}.level`) : DEFAULT_LEVEL;
  return {
    log,
    minInsyncReplicas: config.minInsyncReplicas,
    // Kafka's 'uncompressed' is the codec 'none'; the other names are the codecs' own.
    compressionType: compression === 'uncompressed' ? 'none' : (compression as TopicSettings['compressionType']),
    ...(level === DEFAULT_LEVEL ? undefined : { compressionLevel: level }),
    validation: {
      maxMessageBytes: log.maxMessageBytes,
      timestampType: config.timestampType,
      timestampBeforeMaxMs: config.number('message.timestamp.before.max.ms'),
      timestampAfterMaxMs: config.number('message.timestamp.after.max.ms'),
      compacted: log.cleanupPolicy !== 'delete',
    },
  };
}
