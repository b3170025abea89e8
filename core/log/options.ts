import type { Clock, Codecs, Disk, DiskError } from '../runtime.ts';
import type { LogConfig } from './config.ts';
import type { LogFaults } from './outcomes.ts';

export interface LogOptions {
  /** The partition's directory, `<log directory>/<topic>-<partition>`. Made when missing. */
  readonly directory: string;
  /** Whoever opens the log has just made its directory durably, and no log was ever in it: nothing is looked for. */
  readonly neverUsed?: boolean;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly config: LogConfig;
  /** From `recovery-point-offset-checkpoint`: everything below is durable. 0 when unknown. */
  readonly recoveryPoint: number;
  /** The directory was closed in order: nothing needs checking. */
  readonly cleanShutdown: boolean;
  /** From `log-start-offset-checkpoint`. */
  readonly logStartOffset?: number;
  /** In [0, 1): this log's share of segmentJitterMs. Default 0. */
  readonly jitter?: number;
  /** Told once, at the first disk error. The log has gone offline by then. */
  readonly onDiskError?: (error: DiskError) => void;
  /** Makes a lowered recovery point durable before a truncation below it. LogDirectory passes its own. */
  readonly lowerRecoveryPoint?: (recoveryPoint: number) => Promise<void>;
  /** Told of every batch that recovery has checked and keeps, in order; the bytes are valid during the call only. */
  readonly onRecovered?: (bytes: Uint8Array, at: number, size: number) => void;
  readonly faults?: LogFaults;
}
