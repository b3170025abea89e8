import type { BrokerConfig } from '../config/index.ts';
import type { CompressionType } from '../runtime.ts';

/** What the coordinator takes from the broker's configuration. */
export interface GroupSettings {
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly initialRebalanceDelayMs: number;
  readonly groupSizeMax: number;
  readonly offsetMetadataBytesMax: number;
  readonly offsetsRetentionMs: number;
  readonly retentionCheckIntervalMs: number;
  readonly commitTimeoutMs: number;
  readonly compression: CompressionType;
}

const codecs: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export function groupSettings(config: BrokerConfig): GroupSettings {
  return {
    minSessionTimeoutMs: config.number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: config.number('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: Math.max(config.number('group.initial.rebalance.delay.ms'), 0),
    groupSizeMax: config.number('group.max.size'),
    offsetMetadataBytesMax: config.number('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.number('offsets.retention.minutes') * 60_000,
    retentionCheckIntervalMs: config.number('offsets.retention.check.interval.ms'),
    commitTimeoutMs: config.number('offsets.commit.timeout.ms'),
    compression: codecs[config.number('offsets.topic.compression.codec')] ?? 'none',
  };
}
