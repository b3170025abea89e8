import {
  batchBaseOffset,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
} from '../records/index.ts';
import { formatEpochCheckpoint } from './checkpoint-file.ts';
import type { LogConfig } from './config.ts';
import { DeletedFiles } from './deleted-files.ts';
import { replaceFile } from './durable-file.ts';
import { EPOCH_FILE } from './file-names.ts';
import type { Flushable } from './flusher.ts';
import type { LeaderEpochs } from './leader-epochs.ts';
import { type LoadedLog, segmentOptions } from './load.ts';
import type { LogOptions } from './options.ts';
import type { AppendOptions } from './outcomes.ts';
import type { ProducerState } from './producer-state.ts';
import { replayProducers } from './recovery.ts';
import { type RollRules, Segment } from './segment.ts';
import { findBatch } from './segment-read.ts';
import type { Segments } from './segments.ts';
import type { ProducerSnapshots } from './snapshots.ts';
import { Staging } from './staging.ts';
import type { Tail } from './tail.ts';

function rollRules({ segmentBytes, segmentMs, segmentJitterMs }: LogConfig, jitter: number): RollRules {
  return { segmentBytes, segmentMs: segmentMs - segmentJitterMs * jitter };
}

/**
 * Everything of a log that has files: segments, snapshots, the epoch file, and the cache of their end. Methods throw
 * DiskError; `Log` decides what that means.
 */
export class LogStore implements Flushable {
  readonly segments: Segments;
  readonly producers: ProducerState;
  readonly epochs: LeaderEpochs;
  durableOffset: number;
  /** A segment was closed since the owner looked: it should be flushed soon. */
  flushWanted = false;
  lastFlushNs: number;
  readonly #options: LogOptions;
  readonly #staging: Staging;
  #config: LogConfig;
  #rollRules: RollRules;
  readonly #snapshots: ProducerSnapshots;
  readonly #deletedFiles: DeletedFiles;
  #unreadable: readonly Segment[];
  #damagedBelow: number;
  /** Directory entries that no sync has covered: new segments, deletions. */
  #directoryDirty: boolean;
  #epochRevisionWritten = -1;

  constructor(options: LogOptions, loaded: LoadedLog) {
    this.#options = options;
    this.#config = options.config;
    this.#rollRules = rollRules(options.config, options.jitter ?? 0);
    this.segments = loaded.segments;
    this.producers = loaded.producers;
    this.epochs = loaded.epochs;
    this.#staging = new Staging(options.config.tailCacheBytes);
    this.durableOffset = loaded.durableOffset;
    this.lastFlushNs = options.clock.monotonicNs();
    this.#snapshots = loaded.snapshots;
    this.#unreadable = loaded.unreadable;
    this.#damagedBelow = loaded.damagedBelow;
    this.#deletedFiles = new DeletedFiles(options.disk);
    this.#directoryDirty = !options.cleanShutdown;
  }

  get config(): LogConfig {
    return this.#config;
  }
  set config(config: LogConfig) {
    this.#config = config;
    this.#rollRules = rollRules(config, this.#options.jitter ?? 0);
    this.#staging.cacheBytes = config.tailCacheBytes;
  }

  get tail(): Tail {
    return this.#staging.tail;
  }
  get logEndOffset(): number {
    return this.segments.active.nextOffset;
  }

  /** What to checkpoint. Damage stays below it, so that the next start finds it again. */
  get recoveryPoint(): number {
    return Math.max(this.durableOffset, this.#damagedBelow);
  }

  /** Before the appends of one turn; `whole` as Staging has it. */
  startStaging(bytes: number, whole: boolean): void {
    this.#staging.begin(bytes, whole, this.logEndOffset);
  }

  /** Puts one batch behind the log's end and returns its base offset. It counts as appended; `writeStaged` follows. */
  stage(bytes: Uint8Array, at: number, size: number, options: AppendOptions, nowMs: number): number {
    const staging = this.#staging;
    const to = staging.place(bytes, at, size, options.origin);
    const buffer = staging.bytes;
    if (options.origin !== 'replication') {
      setBatchBaseOffset(buffer, to, this.logEndOffset);
      setBatchLeaderEpoch(buffer, to, options.leaderEpoch);
      if (options.logAppendTimeMs !== undefined) {
        setBatchMaxTimestamp(buffer, to, 'LogAppendTime', options.logAppendTimeMs, this.#options.codecs);
      }
    }
    const baseOffset = batchBaseOffset(buffer, to);
    let active = this.segments.active;
    if (active.mustRollFor(size, batchMaxTimestamp(buffer, to), batchLastOffset(buffer, to), nowMs, this.#rollRules)) {
      staging.write(active.file, active.size);
      this.roll(baseOffset);
      active = this.segments.active;
    }
    active.take(buffer, to, size);
    staging.admit(to, size);
    const aborted = this.producers.apply(buffer, to);
    if (aborted !== null) active.transactions.append(aborted);
    const epoch = batchLeaderEpoch(buffer, to);
    if (epoch >= 0 && epoch !== this.epochs.latestEpoch) this.epochs.assign(epoch, baseOffset);
    return baseOffset;
  }

  /** One write for all that was staged since the last one. */
  writeStaged(): void {
    const { active } = this.segments;
    this.#staging.write(active.file, active.size);
    this.#staging.settle();
  }

  /** Somebody asks for what begins at `offset`: the newest batches are kept in memory while that is near the end. */
  readBy(offset: number): void {
    this.#staging.read(offset);
  }

  /** Closes the active segment and starts one at `baseOffset` (≥ the log end). Nothing to do for an empty one there. */
  roll(baseOffset: number): void {
    const active = this.segments.active;
    if (active.baseOffset === baseOffset) return;
    active.writeIndexes();
    this.#snapshots.take(baseOffset, this.producers);
    this.segments.push(new Segment(baseOffset, segmentOptions({ ...this.#options, config: this.config })));
    this.#directoryDirty = true;
    this.flushWanted = true;
  }

  async flushRound(): Promise<void> {
    const target = this.logEndOffset;
    if (this.#options.faults?.recoveryPointWithoutSync === true) {
      this.durableOffset = target;
      return;
    }
    const active = this.segments.active;
    for (const segment of this.#undurable()) {
      if (!segment.deleted && this.#options.faults?.skipSync !== true) await segment.file.sync();
      if (segment === active) continue;
      await segment.syncIndexes();
      segment.closeIndexes();
      segment.durable = true;
    }
    await this.#snapshots.sync(target);
    await this.#writeEpochs();
    await this.#syncDirectory();
    this.durableOffset = Math.max(this.durableOffset, target);
    this.lastFlushNs = this.#options.clock.monotonicNs();
  }

  #undurable(): readonly Segment[] {
    const list = this.segments.list;
    let first = list.length - 1;
    while (first > 0 && !list[first - 1]!.durable) first--;
    return list.slice(first);
  }

  async #writeEpochs(): Promise<void> {
    const { disk, directory, faults } = this.#options;
    const revision = this.epochs.revision;
    if (revision === this.#epochRevisionWritten) return;
    const entries = faults?.forgetEpochs === true ? [] : this.epochs.entries;
    await replaceFile(disk, `${directory}/${EPOCH_FILE}`, formatEpochCheckpoint(entries));
    this.#epochRevisionWritten = revision;
  }

  async #syncDirectory(): Promise<void> {
    if (!this.#directoryDirty) return;
    this.#directoryDirty = false;
    await this.#options.disk.syncDirectory(this.#options.directory);
  }

  /**
   * Cuts everything from `offset` on: whole batches, so that the log may end below it. The checkpointed recovery point
   * is lowered first, and the cut durable last: nothing of what was cut can come back behind later appends.
   */
  async truncateTo(offset: number): Promise<void> {
    if (offset < this.segments.first.baseOffset) return this.truncateFullyAndStartAt(offset);
    await this.#lowerDurable(offset);
    this.tail.clear();
    this.#remove(this.#unreadable);
    this.#unreadable = [];
    this.#remove(this.segments.cut(this.segments.floorIndex(offset) + 1));
    const last = this.segments.active;
    const found = offset < last.nextOffset ? findBatch(last, offset) : null;
    if (found !== null) last.cutTo(found.position, Math.min(offset, found.baseOffset));
    else last.cutTo(last.size, Math.min(offset, last.nextOffset));
    const logEndOffset = last.nextOffset;
    this.epochs.truncateFromEnd(logEndOffset);
    this.#snapshots.removeAbove(logEndOffset);
    replayProducers(this.segments.list, logEndOffset, this.producers, this.#snapshots);
    await last.file.sync();
    await this.#writeEpochs();
    await this.#syncDirectory();
    this.durableOffset = Math.min(this.durableOffset, logEndOffset);
  }

  async truncateFullyAndStartAt(offset: number): Promise<void> {
    await this.#lowerDurable(Math.min(offset, this.segments.first.baseOffset));
    this.tail.clear();
    this.#remove(this.#unreadable);
    this.#unreadable = [];
    // Renamed before the new segment takes what may be the name of one of them.
    const old = this.segments.list;
    this.#remove(old);
    this.segments.replaceAll(new Segment(offset, segmentOptions({ ...this.#options, config: this.config })));
    this.#directoryDirty = true;
    this.#snapshots.removeAll();
    this.producers.clear(offset);
    this.epochs.clear();
    await this.#writeEpochs();
    await this.#syncDirectory();
    this.durableOffset = offset;
  }

  async #lowerDurable(offset: number): Promise<void> {
    if (offset >= this.recoveryPoint) return;
    this.#damagedBelow = 0;
    this.durableOffset = Math.min(this.durableOffset, offset);
    await this.#options.lowerRecoveryPoint?.(offset);
  }

  /** Renames the oldest `count` segments to `.deleted`. */
  dropOldest(count: number): void {
    this.#remove(this.segments.shift(count));
  }

  #remove(segments: readonly Segment[]): void {
    const nowMs = this.#options.clock.wallMs();
    // Youngest first, so that a crash amid a truncation leaves no hole.
    for (const segment of segments.toReversed()) {
      this.#deletedFiles.add(segment.rename(), nowMs);
      this.#deletedFiles.add(this.#snapshots.rename(segment.baseOffset), nowMs);
      segment.close();
      this.#directoryDirty = true;
    }
  }

  removeDeletedFiles(force: boolean): void {
    this.#deletedFiles.remove(this.#options.clock.wallMs(), force ? 0 : this.config.fileDeleteDelayMs);
  }

  /** What an orderly end adds to a flush: the active segment's indexes and a snapshot at the log's end. */
  async finish(): Promise<void> {
    const active = this.segments.active;
    // Where nothing was ever written a clean start finds what it needs.
    if (this.segments.list.length === 1 && active.nextOffset === 0 && this.durableOffset === 0) return;
    active.writeIndexes();
    await active.syncIndexes();
    this.#snapshots.take(this.logEndOffset, this.producers);
    this.#directoryDirty = true;
    await this.flushRound();
  }

  closeFiles(): void {
    for (const segment of this.segments.list) segment.close();
    for (const segment of this.#unreadable) segment.close();
  }
}
