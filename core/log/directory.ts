import { DiskError, type Runtime } from '../runtime.ts';
import { CheckpointedOffsets } from './checkpointed-offsets.ts';
import type { LogConfig } from './config.ts';
import { claimDirectory } from './directory-claim.ts';
import { makeDurableDirectory, placeFile, readText, replaceFile } from './durable-file.ts';
import { PARTITION_METADATA_FILE } from './file-names.ts';
import { Log } from './log.ts';
import { Maintenance } from './maintenance.ts';
import {
  formatPartitionMetadata,
  formatShutdownMarker,
  parseShutdownMarker,
  readPartitionMetadata,
} from './metadata-files.ts';
import type { LogFaults } from './outcomes.ts';
import {
  deletedDirectoryName,
  isDeletedDirectory,
  parsePartitionDirectory,
  partitionKey,
  type TopicPartition,
} from './partition-directory.ts';
import { SharedSync } from './shared-sync.ts';
import { sideBySide } from './side-by-side.ts';

const CLEAN_SHUTDOWN = '.kafka_cleanshutdown';
/** KRaft's own log: its owner opens it with snapshots and a vote beside it. */
const METADATA_TOPIC = '__cluster_metadata';
/** So many logs are closed at a time: their syncs share the device's. */
const CLOSED_TOGETHER = 32;

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

type DirectoryState = { readonly kind: 'online' } | { readonly kind: 'offline'; readonly reason: string };

/** One entry of `log.dirs`: many partitions' logs, their checkpoints, and the marker of an orderly end. */
export class LogDirectory {
  readonly path: string;
  /** `directory.id` of meta.properties. */
  readonly directoryId: Uint8Array;
  /** Whether the previous run ended in order, and its broker epoch (-1 unknown), for BrokerRegistration. */
  readonly previousShutdown: { readonly clean: boolean; readonly brokerEpoch: number };
  readonly #options: LogDirectoryOptions;
  readonly #logs = new Map<string, TopicPartitionLog>();
  readonly #creating = new Map<string, Promise<Log>>();
  readonly #offsets: CheckpointedOffsets;
  /** Of this directory's own entries: the partitions made at the same time share one. */
  readonly #entries: SharedSync;
  #state: DirectoryState = { kind: 'online' };
  #failure: DiskError | null = null;
  readonly #maintenance: Maintenance;
  #closed = false;
  /** The fault lateMarkerDeletion; else nothing. */
  #beforeCheckpoints: () => Promise<void> = () => Promise.resolve();

  private constructor(options: LogDirectoryOptions, directoryId: Uint8Array, previousBrokerEpoch: number | null) {
    const { path, runtime } = options;
    this.path = path;
    this.directoryId = directoryId;
    this.previousShutdown = { clean: previousBrokerEpoch !== null, brokerEpoch: previousBrokerEpoch ?? -1 };
    this.#options = options;
    this.#offsets = new CheckpointedOffsets(runtime.disk, path, () => this.logs());
    this.#entries = new SharedSync(() => runtime.disk.syncDirectory(path));
    this.#maintenance = new Maintenance({
      runtime,
      retentionCheckIntervalMs: options.retentionCheckIntervalMs ?? 300_000,
      checkpointIntervalMs: options.checkpointIntervalMs ?? 60_000,
      logs: () => this.#logs.values(),
      writeCheckpoints: () => this.writeCheckpoints(),
      failed: (error) => this.#goOffline(error),
    });
  }

  /**
   * Reads meta.properties (writing it at first start), opens every partition found. Rejects with DiskError, and with
   * Error when meta.properties belongs to another node or cluster.
   */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { path, runtime, faults } = options;
    const { disk } = runtime;
    await makeDurableDirectory(disk, path);
    const directoryId = await claimDirectory(options);
    const marker = readText(disk, `${path}/${CLEAN_SHUTDOWN}`);
    const directory = new LogDirectory(options, directoryId, marker === null ? null : parseShutdownMarker(marker));
    const forgetMarker = async (): Promise<void> => {
      if (marker !== null) disk.unlink(`${path}/${CLEAN_SHUTDOWN}`);
      // Without a marker too: meta.properties is new, or checkpoints that an earlier life renamed into place may be seen and not yet be durable.
      await disk.syncDirectory(path);
    };
    // Before any log is touched: a crash from here on must not look like an orderly end (KAFKA-15375).
    if (faults?.lateMarkerDeletion === true) {
      directory.#beforeCheckpoints = forgetMarker;
      await disk.syncDirectory(path);
    } else {
      await forgetMarker();
    }
    await directory.#load();
    return directory;
  }

  async #load(): Promise<void> {
    const { disk, log } = this.#options.runtime;
    this.#offsets.read();
    for (const name of disk.list(this.path)) {
      if (disk.stat(`${this.path}/${name}`)?.kind !== 'directory') continue;
      if (isDeletedDirectory(name)) disk.removeTree(`${this.path}/${name}`);
      const found = parsePartitionDirectory(name);
      if (found === null || found.topic === METADATA_TOPIC) continue;
      const opened = await this.#open(found, this.previousShutdown.clean);
      const { recovery, health } = opened.log;
      if (recovery.batchesChecked > 0 || recovery.truncatedBytes > 0) log.info(`recovered ${name}`, { ...recovery });
      if (health.kind === 'corrupt') log.error(`${name} is damaged`, { ...health });
    }
  }

  async #open(found: TopicPartition, cleanShutdown: boolean, neverUsed = false): Promise<TopicPartitionLog> {
    const { runtime, configFor, faults } = this.#options;
    const { clock, codecs, disk, random } = runtime;
    const key = partitionKey(found.topic, found.partition);
    const directory = `${this.path}/${key}`;
    const logStartOffset = this.#offsets.logStartAtStart(key);
    const log = await Log.open({
      directory,
      disk,
      clock,
      codecs,
      config: configFor(found.topic),
      recoveryPoint: this.#offsets.recoveryPointAtStart(key),
      cleanShutdown,
      neverUsed,
      ...(logStartOffset === undefined ? {} : { logStartOffset }),
      jitter: random.fork(`segment.jitter.ms ${key}`).float(),
      onDiskError: (error) => this.#goOffline(error),
      lowerRecoveryPoint: () => this.#offsets.writeRecoveryPoints(),
      ...(faults === undefined ? {} : { faults }),
    });
    log.setHighWatermark(this.#offsets.highWatermarkAtStart(key));
    const opened = { ...found, topicId: readPartitionMetadata(disk, directory), log };
    this.#logs.set(key, opened);
    return opened;
  }

  get state(): DirectoryState {
    return this.#state;
  }

  logs(): readonly TopicPartitionLog[] {
    return [...this.#logs.values()];
  }

  get logCount(): number {
    return this.#logs.size;
  }

  get(topic: string, partition: number): Log | undefined {
    return this.entry(topic, partition)?.log;
  }

  entry(topic: string, partition: number): TopicPartitionLog | undefined {
    return this.#logs.get(partitionKey(topic, partition));
  }

  /** The high watermark that `replication-offset-checkpoint` held at start; 0 when none. The log begins with it. */
  checkpointedHighWatermark(topic: string, partition: number): number {
    return this.#offsets.highWatermarkAtStart(partitionKey(topic, partition));
  }

  /** Creates the partition's directory and partition.metadata durably. An existing log is returned. */
  create(topic: string, partition: number, topicId: Uint8Array): Promise<Log> {
    const key = partitionKey(topic, partition);
    const existing = this.#logs.get(key)?.log;
    if (existing !== undefined) return Promise.resolve(existing);
    const pending = this.#creating.get(key);
    if (pending !== undefined) return pending;
    const creating = this.#guarded(() => this.#create({ topic, partition }, topicId)).finally(() => {
      this.#creating.delete(key);
    });
    this.#creating.set(key, creating);
    return creating;
  }

  async #create(wanted: TopicPartition, topicId: Uint8Array): Promise<Log> {
    const { disk } = this.#options.runtime;
    const key = partitionKey(wanted.topic, wanted.partition);
    // A former partition of that name may have left offsets that would make the new one look damaged.
    if (this.#offsets.forget(key)) await this.#writeOffsets();
    const directory = `${this.path}/${key}`;
    const neverUsed = disk.stat(directory) === null;
    disk.makeDirectory(directory);
    await Promise.all([
      placeFile(disk, `${directory}/${PARTITION_METADATA_FILE}`, formatPartitionMetadata(topicId)),
      this.#entries.sync(),
    ]);
    if (!neverUsed) await disk.syncDirectory(directory);
    return (await this.#open(wanted, true, neverUsed)).log;
  }

  /** Renames to `-delete`, removes the files after fileDeleteDelayMs. */
  delete(topic: string, partition: number): Promise<void> {
    const key = partitionKey(topic, partition);
    const found = this.#logs.get(key);
    if (found === undefined) return Promise.resolve();
    return this.#guarded(async () => {
      const { disk, random } = this.#options.runtime;
      const path = `${this.path}/${deletedDirectoryName(found, random.uuidBytes())}`;
      this.#logs.delete(key);
      this.#offsets.forget(key);
      found.log.markDeleted(path);
      this.#maintenance.removeLater(path, found.log.config.fileDeleteDelayMs);
      await disk.syncDirectory(this.path);
      await this.#writeOffsets();
    });
  }

  /** Starts the timers: flush.ms, retention, checkpoints, producer expiry. */
  start(): void {
    this.#maintenance.start();
  }

  runRetention(): void {
    this.#maintenance.runRetention();
  }

  /** Recovery points, high watermarks, log start offsets. */
  writeCheckpoints(): Promise<void> {
    return this.#guarded(() => this.#writeOffsets());
  }

  async #writeOffsets(): Promise<void> {
    await this.#beforeCheckpoints();
    this.#beforeCheckpoints = () => Promise.resolve();
    await this.#offsets.write();
  }

  /** Closes every log, writes the checkpoints, then the clean-shutdown marker. */
  async close(brokerEpoch: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#maintenance.stop();
    const wasOnline = this.#failure === null;
    await sideBySide(CLOSED_TOGETHER, this.logs(), ({ log }) => log.close().catch((error) => this.#goOffline(error)));
    // Without checkpoints and marker the next start checks everything, as it must.
    if (this.#failure !== null) {
      if (wasOnline) throw this.#failure;
      return;
    }
    await this.#guarded(async () => {
      await this.#writeOffsets();
      // A damaged log must be looked at again.
      if (this.logs().some(({ log }) => log.health.kind !== 'healthy')) return;
      const { disk } = this.#options.runtime;
      await replaceFile(disk, `${this.path}/${CLEAN_SHUTDOWN}`, formatShutdownMarker(brokerEpoch));
    });
  }

  /** A disk error in `act` takes the directory offline; offline nothing is begun. */
  async #guarded<T>(act: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure;
    try {
      return await act();
    } catch (error) {
      this.#goOffline(error);
      throw error;
    }
  }

  #goOffline(error: unknown): void {
    if (!(error instanceof DiskError) || this.#state.kind === 'offline') return;
    this.#state = { kind: 'offline', reason: error.message };
    this.#failure = error;
    this.#maintenance.stop();
    for (const { log } of this.#logs.values()) log.goOffline(error);
    this.#options.runtime.log.error(`log directory ${this.path} is offline`, { reason: error.message });
    this.#options.onOffline?.(error);
  }
}
