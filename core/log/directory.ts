import type { Runtime } from '../runtime.ts';
import type { LogConfig } from './config.ts';
import type { Log } from './log.ts';
import type { LogFaults } from './outcomes.ts';

export interface LogDirectoryOptions {
  /** Absolute path of the `log.dirs` entry. */
  readonly path: string;
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'>;
  /** The configuration of a topic found on disk or created. */
  readonly configFor: (topic: string) => LogConfig;
  readonly nodeId: number;
  readonly clusterId: string;
  /** Told once: nothing more is acknowledged from this directory. */
  readonly onOffline?: (reason: Error) => void;
  /** `log.retention.check.interval.ms`, default 300000; the first look is 30 s after start. */
  readonly retentionCheckIntervalMs?: number;
  /** `log.flush.offset.checkpoint.interval.ms`, default 60000. */
  readonly checkpointIntervalMs?: number;
  readonly faults?: LogFaults;
}

export interface TopicPartitionLog {
  readonly topic: string;
  readonly partition: number;
  /** 16 bytes, or null when partition.metadata is missing. */
  readonly topicId: Uint8Array | null;
  readonly log: Log;
}

const later = (): never => {
  throw new Error('not written yet');
};

export class LogDirectory {
  private constructor() {}
  /** Reads meta.properties (writing it at first start), opens every partition found. Rejects with DiskError, and with
   * Error when meta.properties belongs to another node or cluster. */
  static open(_options: LogDirectoryOptions): Promise<LogDirectory> {
    return later();
  }
  readonly path!: string;
  /** `directory.id` of meta.properties. */
  readonly directoryId!: Uint8Array;
  readonly state!: { readonly kind: 'online' } | { readonly kind: 'offline'; readonly reason: string };
  /** Whether the previous run ended in order, and its broker epoch (-1 unknown), for BrokerRegistration. */
  readonly previousShutdown!: { readonly clean: boolean; readonly brokerEpoch: number };
  logs(): readonly TopicPartitionLog[] {
    return later();
  }
  get(_topic: string, _partition: number): Log | undefined {
    return later();
  }
  /** The high watermark that `replication-offset-checkpoint` held at start; 0 when none. */
  checkpointedHighWatermark(_topic: string, _partition: number): number {
    return later();
  }
  /** Creates the partition's directory and partition.metadata durably. An existing log is returned. */
  create(_topic: string, _partition: number, _topicId: Uint8Array): Promise<Log> {
    return later();
  }
  /** Renames to `-delete`, removes the files after fileDeleteDelayMs. */
  delete(_topic: string, _partition: number): Promise<void> {
    return later();
  }
  /** Starts the timers: flush.ms, retention, checkpoints, producer expiry. */
  start(): void {
    later();
  }
  runRetention(): void {
    later();
  }
  flushDueLogs(): Promise<void> {
    return later();
  }
  /** Recovery points, high watermarks, log start offsets. */
  writeCheckpoints(): Promise<void> {
    return later();
  }
  /** Closes every log, writes the checkpoints, then the clean-shutdown marker. */
  close(_brokerEpoch: number): Promise<void> {
    return later();
  }
}
