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
  readonly validation: ValidationRules;
}
