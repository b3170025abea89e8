import type { BrokerConfig } from '../config/index.ts';
import { makeDurableDirectory, placeFile } from '../log/durable-file.ts';
import { PARTITION_METADATA_FILE } from '../log/file-names.ts';
import { defaultLogConfig, Log, type LogConfig } from '../log/index.ts';
import { batches, batchLeaderEpoch, isControlBatch } from '../records/index.ts';
import type { DiskError, Runtime } from '../runtime.ts';
import type { LogEnd } from './election-types.ts';
import { type ControlEntry, controlEntries } from './metadata-batches.ts';
import { isUnfinishedSnapshot, parseSnapshotName, type SnapshotId, snapshotName } from './snapshot.ts';

export const METADATA_TOPIC = '__cluster_metadata';
/** `__cluster_metadata` has this id on every cluster. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** Kafka's bound on one batch of metadata records. */
export const MAX_BATCH_BYTES: number = 8 << 20;

export interface MetadataLogOptions {
  /** `<metadata log dir>/__cluster_metadata-0`. */
  readonly directory: string;
  readonly runtime: Pick<Runtime, 'clock' | 'disk' | 'codecs'>;
  readonly config: BrokerConfig;
  readonly onDiskError: (error: DiskError) => void;
}

/** The quorum's log: core/log's, with snapshots beside it that stand for its deleted prefix (KIP-630). */
export class MetadataLog implements LogEnd {
  readonly directory: string;
  /** The control records that the log held when it was opened. */
  readonly controlAtStart: readonly ControlEntry[];
  readonly #log: Log;
  readonly #disk: Runtime['disk'];
  /** Rising. */
  #snapshots: SnapshotId[];

  private constructor(
    directory: string,
    log: Log,
    disk: Runtime['disk'],
    snapshots: SnapshotId[],
    controlAtStart: readonly ControlEntry[],
  ) {
    this.directory = directory;
    this.controlAtStart = controlAtStart;
    this.#log = log;
    this.#disk = disk;
    this.#snapshots = snapshots;
  }

  /** Rejects with DiskError. */
  static async open(options: MetadataLogOptions): Promise<MetadataLog> {
    const { disk } = options.runtime;
    const neverUsed = disk.stat(options.directory) === null;
    await makeDurableDirectory(disk, options.directory);
    const identity = `${options.directory}/${PARTITION_METADATA_FILE}`;
    if (disk.stat(identity) === null) await placeFile(disk, identity, `version: 0\ntopic_id: ${METADATA_TOPIC_ID}`);
    const { codecs } = options.runtime;
    const control: ControlEntry[] = [];
    const log = await Log.open({
      directory: options.directory,
      neverUsed,
      disk,
      clock: options.runtime.clock,
      codecs,
      config: metadataLogConfig(options.config),
      // As Kafka does: every start checks the whole log, which snapshots keep short.
      recoveryPoint: 0,
      cleanShutdown: false,
      onDiskError: options.onDiskError,
      // Who votes stands in the log: read while all of it is read anyway.
      onRecovered: (bytes, at, size) => {
        if (isControlBatch(bytes, at)) control.push(...controlEntries(bytes.slice(at, at + size), codecs));
      },
    });
    // A vote or a snapshot that an earlier life renamed into place is seen here and may not yet be durable; who acts on
    // it and then loses power would vote again in the same epoch. (A new log has synced its directory.)
    if (!neverUsed) await disk.syncDirectory(options.directory);
    const snapshots: SnapshotId[] = [];
    for (const name of disk.list(options.directory)) {
      if (isUnfinishedSnapshot(name)) disk.unlink(`${options.directory}/${name}`);
      const id = parseSnapshotName(name);
      if (id !== null) snapshots.push(id);
    }
    const opened = new MetadataLog(options.directory, log, disk, snapshots, control);
    const newest = opened.latestSnapshot;
    // A snapshot fetched from the leader was put in place, and the node stopped before it cut the log.
    if (newest !== null && newest.endOffset > log.logEndOffset) await opened.startAfter(newest);
    opened.#forgetBefore(log.logStartOffset);
    return opened;
  }

  get startOffset(): number {
    return this.#log.logStartOffset;
  }
  get endOffset(): number {
    return this.#log.logEndOffset;
  }
  get durableOffset(): number {
    return this.#log.durableOffset;
  }
  get sizeInBytes(): number {
    return this.#log.sizeInBytes;
  }
  get lastEpoch(): number {
    const latest = this.#log.latestEpoch;
    return latest >= 0 && this.#log.logEndOffset > this.#log.logStartOffset
      ? latest
      : Math.max(latest, this.latestSnapshot?.epoch ?? 0, 0);
  }
  get snapshots(): readonly SnapshotId[] {
    return this.#snapshots;
  }
  get latestSnapshot(): SnapshotId | null {
    return this.#snapshots.at(-1) ?? null;
  }

  /** Whole batches that carry their offsets, which begin at the end of this log, and their epochs. False: refused. */
  append(bytes: Uint8Array): boolean {
    let epoch = this.lastEpoch;
    for (const boundary of batches(bytes)) if (boundary.kind === 'batch') epoch = batchLeaderEpoch(bytes, boundary.at);
    return this.#log.append(bytes, { origin: 'replication', leaderEpoch: epoch }).kind === 'appended';
  }

  /** Whole batches from `offset`, ending below `upTo`; null when the offset is not in the log. */
  read(offset: number, upTo: number, maxBytes: number): Uint8Array | null {
    const result = this.#log.read({ offset, maxBytes, minOneMessage: true, upTo });
    return result.kind === 'read' ? result.bytes : null;
  }

  flush(): Promise<void> {
    return this.#log.flush();
  }

  setHighWatermark(offset: number): void {
    this.#log.setHighWatermark(offset);
  }

  /** Where the largest epoch ≤ `epoch` ends here; epoch -1 when the log does not reach back that far. */
  endOffsetForEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } {
    if (this.#log.latestEpoch >= 0 && epoch >= 0) {
      if (epoch > this.lastEpoch) return { epoch: this.lastEpoch, endOffset: this.endOffset };
      const found = this.#log.endOffsetForEpoch(epoch);
      if (found.leaderEpoch >= 0 && found.endOffset > this.startOffset)
        return { epoch: found.leaderEpoch, endOffset: found.endOffset };
    }
    const oldest = this.#snapshots[0];
    if (oldest !== undefined && epoch >= oldest.epoch && oldest.endOffset >= this.startOffset) {
      return { epoch: oldest.epoch, endOffset: oldest.endOffset };
    }
    return { epoch: -1, endOffset: -1 };
  }

  /** Cuts from `offset` on. Never below the high watermark: that would be a bug of the quorum. */
  async truncateTo(offset: number): Promise<void> {
    if (offset < this.#log.highWatermark) {
      throw new Error(`truncating the metadata log to ${offset}, below its high watermark ${this.#log.highWatermark}`);
    }
    await this.#log.truncateTo(offset);
  }

  /** The log becomes empty and goes on after a snapshot. */
  async startAfter(snapshot: SnapshotId): Promise<void> {
    await this.#log.truncateFullyAndStartAt(snapshot.endOffset);
    this.#log.setHighWatermark(snapshot.endOffset);
    this.#forgetBefore(snapshot.endOffset);
  }

  /** A snapshot that ends where no log is has been replaced: the oldest one is what the log goes on from. */
  #forgetBefore(offset: number): void {
    while (this.#snapshots.length > 1 && this.#snapshots[0]!.endOffset < offset) {
      this.#disk.unlink(this.snapshotPath(this.#snapshots.shift()!));
    }
  }

  snapshotPath(id: SnapshotId): string {
    return `${this.directory}/${snapshotName(id)}`;
  }

  snapshotSize(id: SnapshotId): number {
    return this.#disk.stat(this.snapshotPath(id))?.size ?? 0;
  }

  snapshotAdded(id: SnapshotId): void {
    this.#snapshots = [...this.#snapshots.filter((known) => known.endOffset !== id.endOffset), id].sort(
      (a, b) => a.endOffset - b.endOffset,
    );
  }

  /** Drops the oldest snapshots, and the log that they end, while all together exceed `maxBytes`. The newest stays. */
  trim(maxBytes: number): void {
    let total = this.sizeInBytes;
    for (const id of this.#snapshots) total += this.snapshotSize(id);
    while (total > maxBytes && this.#snapshots.length > 1) {
      const oldest = this.#snapshots.shift()!;
      const before = this.sizeInBytes;
      total -= this.snapshotSize(oldest);
      this.#log.deleteRecords(this.#snapshots[0]!.endOffset);
      this.#log.deleteOldSegments();
      this.#log.removeDeletedFiles();
      total -= before - this.sizeInBytes;
      this.#disk.unlink(this.snapshotPath(oldest));
    }
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

function metadataLogConfig(config: BrokerConfig): LogConfig {
  return {
    ...defaultLogConfig,
    segmentBytes: config.number('metadata.log.segment.bytes'),
    segmentMs: config.number('metadata.log.segment.ms'),
    maxMessageBytes: MAX_BATCH_BYTES,
    // Snapshots decide what may go: see `trim`.
    retentionMs: -1,
    retentionBytes: -1,
    fileDeleteDelayMs: config.number('log.segment.delete.delay.ms'),
    transactionVerification: false,
  };
}
