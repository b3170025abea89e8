import { batchLastOffset, batchMaxTimestamp } from '../records/index.ts';
import type { Disk, DiskFile } from '../runtime.ts';
import { scanBatches } from './batch-scan.ts';
import { DELETED_SUFFIX, segmentPath } from './file-names.ts';
import { OffsetIndex } from './offset-index.ts';
import { TimeIndex } from './time-index.ts';
import { TransactionIndex } from './transaction-index.ts';

/** Offsets of a segment are stored relative to its base, as int32. */
const RELATIVE_OFFSET_MAX = 2147483647;
/** Positions in a segment are stored as int32. */
const SEGMENT_BYTES_MAX = 2147483647;

export interface SegmentOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** Wall clock: the age of a segment whose batches have no timestamps counts from here. */
  readonly nowMs: number;
}

export interface RollRules {
  readonly segmentBytes: number;
  /** Jitter already taken off. */
  readonly segmentMs: number;
}

/** One `.log` file with its three indexes. Knows bytes and headers, nothing of transactions or replication. */
export class Segment {
  readonly baseOffset: number;
  readonly file: DiskFile;
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
  readonly transactions: TransactionIndex;
  /** Bytes of whole batches taken in; the file may be longer only while damage is kept in it. */
  size = 0;
  /** One above the last offset; the base offset when empty. */
  nextOffset: number;
  /** Largest timestamp of any batch, -1 for none, and the last offset of the first batch that has it. */
  maxTimestamp = -1;
  maxTimestampOffset = -1;
  /** The max timestamp of the first batch: what segment.ms counts from. -1 when empty. */
  firstTimestamp = -1;
  /** Bytes and indexes are on the device. The active segment's never count as such. */
  durable = false;
  /** Why the file's bytes behind `size` are no batches; null when there are none. */
  damage: string | null = null;
  /** Its files have been renamed to `.deleted`. */
  deleted = false;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #indexIntervalBytes: number;
  readonly #createdMs: number;
  #bytesSinceIndexEntry = 0;

  /** Opens or creates the `.log` file; nothing has been looked at yet. */
  constructor(baseOffset: number, options: SegmentOptions) {
    const { disk, directory, segmentIndexBytes } = options;
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.#disk = disk;
    this.#directory = directory;
    this.#indexIntervalBytes = options.indexIntervalBytes;
    this.#createdMs = options.nowMs;
    this.file = disk.open(segmentPath(directory, baseOffset, '.log'), { create: true });
    this.offsets = new OffsetIndex(disk, segmentPath(directory, baseOffset, '.index'), baseOffset, segmentIndexBytes);
    this.times = new TimeIndex(disk, segmentPath(directory, baseOffset, '.timeindex'), baseOffset, segmentIndexBytes);
    this.transactions = new TransactionIndex(disk, segmentPath(directory, baseOffset, '.txnindex'));
  }

  /** Whether a batch must go to a new segment (LogSegment.shouldRoll). */
  mustRollFor(size: number, maxTimestamp: number, lastOffset: number, nowMs: number, rules: RollRules): boolean {
    if (lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX) return true;
    if (this.size === 0) return false;
    if (this.size > Math.min(rules.segmentBytes, SEGMENT_BYTES_MAX) - size) return true;
    if (this.offsets.isFull || this.times.isFull) return true;
    const waitedMs = this.firstTimestamp >= 0 ? maxTimestamp - this.firstTimestamp : nowMs - this.#createdMs;
    return waitedMs > rules.segmentMs;
  }

  /** Takes in the batch whose bytes stand (or are about to be written) at the end of the file. */
  take(bytes: Uint8Array, at: number, size: number): void {
    const lastOffset = batchLastOffset(bytes, at);
    const timestamp = batchMaxTimestamp(bytes, at);
    if (this.size === 0) this.firstTimestamp = timestamp;
    if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (this.#bytesSinceIndexEntry > this.#indexIntervalBytes) {
      this.offsets.append(lastOffset, this.size);
      this.times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset);
      this.#bytesSinceIndexEntry = 0;
    }
    this.#bytesSinceIndexEntry += size;
    this.size += size;
    this.nextOffset = lastOffset + 1;
  }

  /** Forgets what was taken in and both sparse indexes: `take` follows for every batch of the file. */
  startRebuild(): void {
    this.offsets.reset();
    this.times.reset();
    this.#resume(0, this.baseOffset, -1);
  }

  /** Trusts the loaded indexes; `take` follows for the batches from their last entry on. Returns where that stands. */
  resumeFromIndexes(firstTimestamp: number): number {
    this.#resume(this.offsets.lastPosition, this.baseOffset, firstTimestamp);
    this.maxTimestamp = this.times.lastTimestamp;
    this.maxTimestampOffset = this.times.count === 0 ? -1 : this.times.lastOffset;
    return this.size;
  }

  /** Trusts the loaded indexes of a segment that takes no more batches. */
  adoptClosed(nextOffset: number, firstTimestamp: number): void {
    this.resumeFromIndexes(firstTimestamp);
    this.size = this.file.size;
    this.nextOffset = nextOffset;
    this.durable = true;
  }

  #resume(position: number, nextOffset: number, firstTimestamp: number): void {
    this.size = position;
    this.nextOffset = nextOffset;
    this.firstTimestamp = firstTimestamp;
    this.maxTimestamp = -1;
    this.maxTimestampOffset = -1;
    this.#bytesSinceIndexEntry = 0;
  }

  /** Puts the indexes into their files, closing the time index with the largest timestamp. */
  writeIndexes(): void {
    this.times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset);
    this.offsets.write();
    this.times.write();
  }

  /** A segment deleted meanwhile is left alone: its names are gone. */
  async syncIndexes(): Promise<void> {
    if (!this.deleted) await this.offsets.sync();
    if (!this.deleted) await this.times.sync();
    if (!this.deleted) await this.transactions.sync();
  }

  /** Cuts the file at a batch boundary and drops the index entries of offsets ≥ `nextOffset`. */
  cutTo(position: number, nextOffset: number): void {
    this.offsets.truncateTo(nextOffset);
    this.times.truncateTo(nextOffset);
    this.transactions.truncateTo(nextOffset);
    this.file.truncate(position);
    this.damage = null;
    this.durable = false;
    const from = this.resumeFromIndexes(position === 0 ? -1 : this.firstTimestamp);
    scanBatches(this.file, from, position, (bytes, at, size) => {
      this.take(bytes, at, size);
      return true;
    });
    this.nextOffset = nextOffset;
  }

  /** The largest timestamp; without any the file's age, and `otherwise` where the disk does not tell it. */
  lastModifiedMs(otherwise: number): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : (this.#disk.stat(this.file.path)?.modifiedMs ?? otherwise);
  }

  /** Renames its files to `.deleted` and returns their new paths. Readers within this turn may still use it. */
  rename(): string[] {
    this.deleted = true;
    const renamed: string[] = [];
    for (const suffix of ['.log', '.index', '.timeindex', '.txnindex'] as const) {
      const path = segmentPath(this.#directory, this.baseOffset, suffix);
      if (this.#disk.stat(path) === null) continue;
      this.#disk.rename(path, path + DELETED_SUFFIX);
      renamed.push(path + DELETED_SUFFIX);
    }
    return renamed;
  }

  closeIndexes(): void {
    this.offsets.close();
    this.times.close();
    this.transactions.close();
  }

  close(): void {
    this.closeIndexes();
    this.file.close();
  }
}
