import {
  batchBaseOffset,
  batchCrcIsValid,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
} from '../records/index.ts';
import { scanBatches } from './batch-scan.ts';
import type { LeaderEpochs } from './leader-epochs.ts';
import type { LogOptions } from './options.ts';
import type { LogHealth, RecoveryReport } from './outcomes.ts';
import { ProducerState } from './producer-state.ts';
import { rewriteAbove } from './rewrite.ts';
import type { Segment } from './segment.ts';
import type { ProducerSnapshots } from './snapshots.ts';

interface Recovering {
  readonly options: LogOptions;
  readonly list: readonly Segment[];
  /** Segments from here on are checked batch by batch; below, their indexes are loaded. */
  readonly recoverFrom: number;
  readonly epochs: LeaderEpochs;
  readonly snapshots: ProducerSnapshots;
}

interface Recovered {
  readonly readable: readonly Segment[];
  readonly unreadable: readonly Segment[];
  readonly producers: ProducerState;
  readonly health: LogHealth;
  readonly report: RecoveryReport;
}

const OFFSETS_PER_SEGMENT = 2147483647;

/**
 * Rebuilds what the batches tell (indexes, producers, epochs) for the segments that an unclean shutdown left in doubt.
 * The first bad batch at or above the recovery point is a torn tail and cut off with all that follows; below it, it is
 * damage: then nothing is cut, and what lies before it stays readable.
 */
export async function recoverSegments(recovering: Recovering): Promise<Recovered> {
  const { options, list, recoverFrom, epochs, snapshots } = recovering;
  const { cleanShutdown, disk } = options;
  const recoveryPoint = cleanShutdown ? Number.POSITIVE_INFINITY : options.recoveryPoint;
  const checkedFrom = list[recoverFrom]?.baseOffset ?? list.at(-1)!.nextOffset;
  snapshots.removeAbove(checkedFrom);
  const producers = new ProducerState(options.codecs);
  replayProducers(list.slice(0, recoverFrom), checkedFrom, producers, snapshots);
  const claimed = new Map(epochs.entries.map((entry) => [entry.epoch, entry.startOffset]));
  if (recoverFrom < list.length) epochs.truncateFromEnd(checkedFrom);

  let end = list.length;
  let batchesChecked = 0;
  let bad: { readonly index: number; readonly offset: number; readonly reason: string } | null = null;
  const tail = list.at(-1)!;
  if (recoverFrom === list.length && tail.damage !== null) {
    bad = { index: list.length - 1, offset: tail.nextOffset, reason: tail.damage };
  }
  for (let index = recoverFrom; index < list.length && bad === null; index++) {
    const segment = list[index]!;
    const hole = index === recoverFrom ? null : holeBefore(segment, list[index - 1]!, recovering);
    if (hole !== null) {
      bad = { index: index - 1, offset: list[index - 1]!.nextOffset, reason: hole };
      break;
    }
    if (index > 0) snapshots.take(segment.baseOffset, producers);
    const limit = Math.min(
      list[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY,
      segment.baseOffset + OFFSETS_PER_SEGMENT + 1,
    );
    const reason = checkSegment(segment, limit, recovering, { producers, claimed, checked: () => batchesChecked++ });
    if (reason !== null) bad = { index, offset: segment.nextOffset, reason };
  }

  let health: LogHealth = { kind: 'healthy' };
  let truncatedBytes = 0;
  if (bad !== null) {
    end = bad.index + 1;
    if (bad.offset < recoveryPoint) {
      health = { kind: 'corrupt', fromOffset: bad.offset, reason: bad.reason };
      list[bad.index]!.damage = bad.reason;
    } else {
      truncatedBytes = await cutTail(list, bad.index, snapshots, disk);
    }
  }
  const readable = list.slice(0, end);
  if (options.faults?.trustPagesAtStart !== true) rewriteAbove(readable.slice(recoverFrom), recoveryPoint);
  for (const segment of readable.slice(recoverFrom)) {
    // Those of the active one are written when it is closed.
    if (segment === readable.at(-1)) continue;
    segment.writeIndexes();
    await segment.syncIndexes();
    segment.closeIndexes();
  }
  const logEndOffset = readable.at(-1)!.nextOffset;
  const missing = bad === null && Number.isFinite(recoveryPoint) && logEndOffset < recoveryPoint;
  return {
    readable,
    unreadable: health.kind === 'corrupt' ? list.slice(end) : [],
    producers,
    health,
    report: {
      clean: cleanShutdown,
      segmentsRecovered: list.length - recoverFrom,
      batchesChecked,
      truncatedBytes,
      truncationReason: bad !== null && health.kind === 'healthy' ? bad.reason : null,
      missingFromOffset: missing ? logEndOffset : null,
    },
  };
}

/** The state below `end`, from the newest snapshot and the batches after it. */
export function replayProducers(
  segments: readonly Segment[],
  end: number,
  producers: ProducerState,
  snapshots: ProducerSnapshots,
): void {
  producers.clear(segments[0]?.baseOffset ?? end);
  const from = snapshots.loadLatest(end, producers);
  recallBatches(segments, from, producers);
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]?.baseOffset ?? segment.nextOffset;
    if (next <= from || segment.baseOffset >= end) continue;
    scanBatches(segment.file, segment.offsets.lookup(from), segment.size, (bytes, at) => {
      if (batchBaseOffset(bytes, at) >= end) return false;
      if (batchBaseOffset(bytes, at) >= from) producers.apply(bytes, at);
      return true;
    });
  }
}

/** How far back a log is searched for batches that may come again: more than a producer has on its way. */
const RECALLED_OFFSETS = 10_000;
const RECALLED_BYTES = 1 << 19;

/**
 * A snapshot knows the last batch of each producer alone, and a producer may have five on their way whose answers were
 * lost with the process. Without the older ones their retries would be taken for sequences out of order.
 */
function recallBatches(segments: readonly Segment[], from: number, producers: ProducerState): void {
  const last = segments.findLastIndex(({ baseOffset }) => baseOffset < from);
  if (producers.size === 0 || last === -1) return;
  let first = last;
  let bytes = segments[last]!.offsets.lookup(from);
  while (first > 0 && bytes + segments[first - 1]!.size <= RECALLED_BYTES) bytes += segments[--first]!.size;
  let back = bytes <= RECALLED_BYTES ? from : RECALLED_OFFSETS;
  const oldest = segments[first]!.offsets;
  while (bytes > RECALLED_BYTES && back > 1 && bytes - oldest.lookup(from - back) > RECALLED_BYTES) back >>= 1;
  for (let index = first; index <= last; index++) {
    const { file, offsets, size } = segments[index]!;
    scanBatches(file, index === first ? offsets.lookup(from - back) : 0, size, (batch, at) => {
      if (batchBaseOffset(batch, at) >= from) return false;
      producers.recall(batch, at);
      return true;
    });
  }
}

/**
 * A power loss may keep a younger segment's directory entry and lose an older one's. Only compaction leaves gaps on
 * purpose, so elsewhere a gap above the recovery point is a lost segment, and what follows it no prefix.
 */
function holeBefore(segment: Segment, previous: Segment, { options }: Recovering): string | null {
  if (segment.baseOffset < previous.nextOffset) return 'segments overlap';
  const gap = segment.baseOffset > previous.nextOffset;
  return gap && options.config.cleanupPolicy === 'delete' && !options.cleanShutdown ? 'a segment is missing' : null;
}

interface Rebuilding {
  readonly producers: ProducerState;
  /** What the epoch file said, by epoch. */
  readonly claimed: ReadonlyMap<number, number>;
  readonly checked: () => void;
}

/** Takes in all good batches from the segment's start; the reason when it does not end with one. */
function checkSegment(
  segment: Segment,
  limit: number,
  { options, epochs }: Recovering,
  { producers, claimed, checked }: Rebuilding,
): string | null {
  const { codecs } = options;
  const trusting = options.faults?.skipRecoveryCrc === true;
  segment.startRebuild();
  segment.transactions.reset();
  const end = scanBatches(segment.file, 0, segment.file.size, (bytes, at, size) => {
    const baseOffset = batchBaseOffset(bytes, at);
    if (!trusting && !batchCrcIsValid(bytes, at, codecs)) return 'the CRC of a batch is wrong';
    if (baseOffset < segment.nextOffset || batchLastOffsetDelta(bytes, at) < 0) return 'offsets do not rise';
    if (!(batchLastOffset(bytes, at) < limit)) return 'offsets reach beyond the segment';
    const aborted = producers.apply(bytes, at);
    if (aborted !== null) segment.transactions.append(aborted);
    const epoch = batchLeaderEpoch(bytes, at);
    if (epoch > epochs.latestEpoch) {
      // Compaction may have removed the epoch's first batches: the file knows better, as far as nothing contradicts it.
      const start = claimed.get(epoch) ?? -1;
      epochs.assign(epoch, start >= segment.nextOffset && start <= baseOffset ? start : baseOffset);
    }
    segment.take(bytes, at, size);
    options.onRecovered?.(bytes, at, size);
    checked();
    return true;
  });
  return end.kind === 'bad' ? end.reason : null;
}

/** Removes all from the end of segment `index`, youngest first, so that a crash amid it leaves no hole. */
async function cutTail(
  list: readonly Segment[],
  index: number,
  snapshots: ProducerSnapshots,
  disk: LogOptions['disk'],
): Promise<number> {
  let bytes = 0;
  for (let later = list.length - 1; later > index; later--) {
    const segment = list[later]!;
    bytes += segment.file.size;
    for (const path of segment.rename()) disk.unlink(path);
    segment.close();
  }
  const last = list[index]!;
  bytes += last.file.size - last.size;
  last.file.truncate(last.size);
  last.damage = null;
  // Durable before anything is appended: what was cut must not come back behind new batches.
  await last.file.sync();
  snapshots.removeAbove(last.nextOffset);
  return bytes;
}
