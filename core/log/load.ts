import { BATCH_OVERHEAD, batchLastOffset, batchMaxTimestamp, wholeBatchSize } from '../records/index.ts';
import { readFully, scanBatches } from './batch-scan.ts';
import { formatEpochCheckpoint, parseEpochCheckpoint } from './checkpoint-file.ts';
import { parentOf, readText, replaceFile } from './durable-file.ts';
import { EPOCH_FILE, parseSegmentName } from './file-names.ts';
import { finishInterrupted } from './interrupted.ts';
import { LeaderEpochs } from './leader-epochs.ts';
import type { LogOptions } from './options.ts';
import type { LogHealth, RecoveryReport } from './outcomes.ts';
import type { ProducerState } from './producer-state.ts';
import { recoverSegments } from './recovery.ts';
import { Segment, type SegmentOptions } from './segment.ts';
import { rebuildIndexes } from './segment-read.ts';
import { Segments } from './segments.ts';
import { ProducerSnapshots } from './snapshots.ts';

export interface LoadedLog {
  readonly segments: Segments;
  /** Segments behind damage: kept, neither served nor appended to. */
  readonly unreadable: readonly Segment[];
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  readonly logStartOffset: number;
  readonly durableOffset: number;
  /** While there is damage: the recovery point that tells it from a torn tail. Else 0. */
  readonly damagedBelow: number;
  readonly health: LogHealth;
  readonly report: RecoveryReport;
}

export function segmentOptions(options: Pick<LogOptions, 'disk' | 'directory' | 'config' | 'clock'>): SegmentOptions {
  const { disk, directory, config, clock } = options;
  const { segmentIndexBytes, indexIntervalBytes } = config;
  return { disk, directory, segmentIndexBytes, indexIntervalBytes, nowMs: clock.wallMs() };
}

/** Reads a log's directory. After an unclean shutdown what lies above the recovery point is checked batch by batch. */
export async function loadLog(options: LogOptions): Promise<LoadedLog> {
  const { disk, directory } = options;
  if (options.neverUsed === true) return firstLoad(options);
  const isNew = disk.stat(directory) === null;
  disk.makeDirectory(directory);
  finishInterrupted(disk, directory);
  const list = openSegments(options);
  const createdFirst = list.length === 0;
  if (createdFirst) list.push(new Segment(options.logStartOffset ?? 0, segmentOptions(options)));

  const epochs = new LeaderEpochs();
  const epochsStand = disk.stat(`${directory}/${EPOCH_FILE}`) !== null;
  const epochsKnown = loadEpochs(options, epochs, list);
  const recoverFrom = firstToRecover(options, list, epochsKnown);
  for (const [index, segment] of list.entries()) {
    if (index < recoverFrom) await loadClosed(segment, list[index + 1]?.baseOffset ?? null);
  }

  const snapshots = new ProducerSnapshots(disk, directory, options.codecs);
  snapshots.removeStray(new Set(list.map((segment) => segment.baseOffset)));
  const recovered = await recoverSegments({ options, list, recoverFrom, epochs, snapshots });
  const { producers } = recovered;
  const segments = new Segments(recovered.readable);

  let logStartOffset = Math.max(options.logStartOffset ?? 0, segments.first.baseOffset);
  if (logStartOffset > segments.active.nextOffset && recovered.health.kind === 'healthy') {
    // Everything that is left lies below the log start.
    const fresh = new Segment(logStartOffset, segmentOptions(options));
    for (const old of segments.replaceAll(fresh)) {
      for (const path of old.rename()) disk.unlink(path);
      old.close();
    }
    snapshots.removeAll();
    producers.clear(logStartOffset);
    epochs.clear();
  }
  logStartOffset = Math.min(logStartOffset, segments.active.nextOffset);
  const logEndOffset = segments.active.nextOffset;
  epochs.truncateFromEnd(logEndOffset + 1);
  epochs.truncateFromStart(logStartOffset);
  producers.logStartMoved(logStartOffset);
  if (options.faults?.forgetProducers === true) producers.clear(logEndOffset);

  if (createdFirst && !epochsStand) await replaceFile(disk, `${directory}/${EPOCH_FILE}`, formatEpochCheckpoint([]));
  if (createdFirst || recovered.report.truncationReason !== null) await disk.syncDirectory(directory);
  if (isNew) await disk.syncDirectory(parentOf(directory));
  const durableOffset = options.cleanShutdown ? logEndOffset : Math.min(options.recoveryPoint, logEndOffset);
  const damagedBelow = recovered.health.kind === 'corrupt' ? Math.max(options.recoveryPoint, logEndOffset + 1) : 0;
  return { ...recovered, segments, epochs, snapshots, logStartOffset, durableOffset, damagedBelow };
}

/**
 * A log's first moment: one empty segment. Its indexes and the epoch file come with the first flush that has something to
 * say: until then whatever is in the log lies above the recovery point and is checked whole.
 */
async function firstLoad(options: LogOptions): Promise<LoadedLog> {
  const { disk, directory } = options;
  const list = [new Segment(options.logStartOffset ?? 0, segmentOptions(options))];
  const epochs = new LeaderEpochs();
  const snapshots = new ProducerSnapshots(disk, directory, options.codecs);
  const recovered = await recoverSegments({ options, list, recoverFrom: list.length, epochs, snapshots });
  await disk.syncDirectory(directory);
  const segments = new Segments(list);
  const { baseOffset } = segments.first;
  return {
    ...recovered,
    segments,
    epochs,
    snapshots,
    logStartOffset: baseOffset,
    durableOffset: baseOffset,
    damagedBelow: 0,
  };
}

function openSegments(options: LogOptions): Segment[] {
  const opening = segmentOptions(options);
  return options.disk
    .list(options.directory)
    .map(parseSegmentName)
    .filter((name) => name !== null && name.suffix === '.log')
    .map((name) => new Segment(name!.offset, opening));
}

/** False when the file does not tell the epochs of the batches that are here. */
function loadEpochs(options: LogOptions, epochs: LeaderEpochs, list: readonly Segment[]): boolean {
  const text = readText(options.disk, `${options.directory}/${EPOCH_FILE}`);
  const entries = text === null ? null : parseEpochCheckpoint(text);
  if (entries !== null) epochs.load(entries);
  return entries !== null || list.every((segment) => segment.file.size === 0);
}

/**
 * Index of the first segment that must be checked whole. A segment that ends exactly at the recovery point counts: its
 * bytes were flushed while it was active, when its indexes were not.
 */
function firstToRecover(options: LogOptions, list: readonly Segment[], epochsKnown: boolean): number {
  if (!epochsKnown) return 0;
  let first = list.length;
  if (!options.cleanShutdown) {
    first = list.findIndex((_, index) => {
      const next = list[index + 1];
      return next === undefined || next.baseOffset >= options.recoveryPoint;
    });
  }
  // Transactions can only be told with the producers' state before them: a bad index of theirs needs the long way.
  const bad = list.findIndex((segment) => !segment.transactions.load(segment.baseOffset));
  return bad < 0 ? first : Math.min(first, bad);
}

/** A segment that needs no check: its indexes are loaded, and the active one's end found from the last entry on. */
async function loadClosed(segment: Segment, nextBase: number | null): Promise<void> {
  const header = new Uint8Array(BATCH_OVERHEAD);
  const hasBatch =
    readFully(segment.file, 0, header) === BATCH_OVERHEAD && wholeBatchSize(header, 0, segment.file.size) > 0;
  const firstTimestamp = hasBatch ? batchMaxTimestamp(header, 0) : -1;
  const loaded = segment.offsets.load(segment.file.size) && segment.times.load() && lastEntryStands(segment);
  if (nextBase !== null) {
    segment.adoptClosed(nextBase, firstTimestamp);
    if (loaded) return;
    rebuildIndexes(segment);
    segment.writeIndexes();
    await segment.syncIndexes();
    return;
  }
  if (loaded) segment.resumeFromIndexes(firstTimestamp);
  else segment.startRebuild();
  const end = scanBatches(segment.file, segment.size, segment.file.size, (bytes, at, size) => {
    if (batchLastOffset(bytes, at) < segment.nextOffset) return 'offsets do not rise';
    segment.take(bytes, at, size);
    return true;
  });
  if (end.kind === 'bad') segment.damage = end.reason;
}

/** The last index entry names a batch that ends at its offset. */
function lastEntryStands(segment: Segment): boolean {
  const { lastPosition, lastOffset, count } = segment.offsets;
  if (count === 0) return true;
  const header = new Uint8Array(BATCH_OVERHEAD);
  return (
    readFully(segment.file, lastPosition, header) === BATCH_OVERHEAD &&
    wholeBatchSize(header, 0, segment.file.size - lastPosition) > 0 &&
    batchLastOffset(header, 0) === lastOffset
  );
}
