/**
 * Everything that is known of each record, in dense columns: flags 2, partition 1 (2 or 4 where there are many), offset 4,
 * time 4 bytes, and 4 more in the offset index. A row number stands for (writer, sequence); rows are handed out in segments of 1,024 sequences
 * from slabs of 65,536 rows, so nothing is copied while it grows and a writer of few records costs little.
 */
const SLAB_BITS = 16;
const SLAB_ROWS = 1 << SLAB_BITS;
const SLAB_MASK = SLAB_ROWS - 1;
const SEGMENT_ROWS = 1024;
/** Times are kept in steps of 0.1 ms, which fit 119 hours. */
export const TIME_STEP_NS = 100_000;
const OFFSET_ELSEWHERE = 0xffffffff;
const MIDDLE = 2 ** 31;
/** Hostile bytes may name any writer and sequence: so many segments are opened for records that nobody sent. */
const UNSENT_SEGMENTS_MAX = 4096;

export const FLAG = {
  sent: 1,
  acked: 2,
  /** Definitely not written, as the client said. */
  failed: 4,
  /** Handed to a consumer or an auditor. */
  read: 8,
  /** Handed to a read_committed reader. */
  readCommitted: 16,
  /** An auditor found it, at whatever offset. */
  audited: 32,
  /** An auditor found it at the offset of this table. */
  auditedInPlace: 64,
  hasOffset: 128,
  hasPartition: 256,
  /** Its transaction was aborted; owes nothing. */
  aborted: 512,
  /** The outcome of its transaction is not known; owes nothing. */
  undecided: 1024,
} as const;

interface Slab {
  readonly flags: Uint16Array;
  readonly partition: Uint8Array | Uint16Array | Uint32Array;
  readonly offset: Uint32Array;
  readonly time: Uint32Array;
}

export class RecordTable {
  readonly #slabs: Slab[] = [];
  readonly #partitions: number;
  readonly #partitionBase: Float64Array;
  /** Offsets too far from their partition's first one for 32 bits. */
  readonly #farOffsets = new Map<number, number>();
  readonly #segmentsOf: Map<number, number>[];
  readonly #cachedSegment: Float64Array;
  readonly #cachedBase: Float64Array;
  /** Writer and first sequence of each segment of rows. */
  readonly #segmentWriter: number[] = [];
  readonly #segmentFirst: number[] = [];
  #unsentSegments = 0;

  constructor(writers: number, partitions: number) {
    this.#partitions = partitions;
    this.#partitionBase = new Float64Array(partitions).fill(Number.NaN);
    this.#segmentsOf = Array.from({ length: writers }, () => new Map());
    this.#cachedSegment = new Float64Array(writers).fill(-1);
    this.#cachedBase = new Float64Array(writers);
  }

  get rows(): number {
    return this.#segmentWriter.length * SEGMENT_ROWS;
  }

  /**
   * The row of a record, made when it is new. -1 when the reader's bytes name more unheard-of records than a real
   * history can. `sent` says that the writer itself speaks.
   */
  row(writer: number, sequence: number, sent: boolean): number {
    const segment = Math.floor(sequence / SEGMENT_ROWS);
    if (this.#cachedSegment[writer] === segment) {
      return this.#cachedBase[writer]! + (sequence - segment * SEGMENT_ROWS);
    }
    const segments = this.#segmentsOf[writer]!;
    let base = segments.get(segment);
    if (base === undefined) {
      if (!sent && this.#unsentSegments++ >= UNSENT_SEGMENTS_MAX) return -1;
      base = this.#open(writer, segment * SEGMENT_ROWS);
      segments.set(segment, base);
    }
    this.#cachedSegment[writer] = segment;
    this.#cachedBase[writer] = base;
    return base + (sequence - segment * SEGMENT_ROWS);
  }

  /** The row of a record that is known to the table, else -1. */
  find(writer: number, sequence: number): number {
    const segment = Math.floor(sequence / SEGMENT_ROWS);
    const base = this.#segmentsOf[writer]?.get(segment);
    return base === undefined ? -1 : base + (sequence - segment * SEGMENT_ROWS);
  }

  writerOf(row: number): number {
    return this.#segmentWriter[Math.floor(row / SEGMENT_ROWS)]!;
  }

  sequenceOf(row: number): number {
    return this.#segmentFirst[Math.floor(row / SEGMENT_ROWS)]! + (row % SEGMENT_ROWS);
  }

  /** Rows of a writer in the order of their sequences, as [first row, end row) ranges. */
  *rangesOf(writer: number): Generator<[first: number, end: number]> {
    const segments = [...this.#segmentsOf[writer]!].sort((a, b) => a[0] - b[0]);
    for (const [, base] of segments) yield [base, base + SEGMENT_ROWS];
  }

  flags(row: number): number {
    return this.#slabs[row >>> SLAB_BITS]!.flags[row & SLAB_MASK]!;
  }

  addFlags(row: number, flags: number): void {
    this.#slabs[row >>> SLAB_BITS]!.flags[row & SLAB_MASK]! |= flags;
  }

  dropFlags(row: number, flags: number): void {
    this.#slabs[row >>> SLAB_BITS]!.flags[row & SLAB_MASK]! &= ~flags;
  }

  partition(row: number): number {
    return this.#slabs[row >>> SLAB_BITS]!.partition[row & SLAB_MASK]!;
  }

  setPartition(row: number, partition: number): void {
    const slab = this.#slabs[row >>> SLAB_BITS]!;
    slab.partition[row & SLAB_MASK] = partition;
    slab.flags[row & SLAB_MASK]! |= FLAG.hasPartition;
  }

  offset(row: number): number {
    const slab = this.#slabs[row >>> SLAB_BITS]!;
    const index = row & SLAB_MASK;
    const relative = slab.offset[index]!;
    if (relative === OFFSET_ELSEWHERE) return this.#farOffsets.get(row)!;
    return this.#partitionBase[slab.partition[index]!]! + relative;
  }

  /** The row's partition must stand. */
  setOffset(row: number, offset: number): void {
    const slab = this.#slabs[row >>> SLAB_BITS]!;
    const index = row & SLAB_MASK;
    const partition = slab.partition[index]!;
    let base = this.#partitionBase[partition]!;
    if (Number.isNaN(base)) {
      base = offset - MIDDLE;
      this.#partitionBase[partition] = base;
    }
    const relative = offset - base;
    if (relative >= 0 && relative < OFFSET_ELSEWHERE) slab.offset[index] = relative;
    else {
      slab.offset[index] = OFFSET_ELSEWHERE;
      this.#farOffsets.set(row, offset);
    }
    slab.flags[index]! |= FLAG.hasOffset;
  }

  /** When it was acknowledged, or else first read: nanoseconds, rounded down to 0.1 ms. */
  time(row: number): number {
    return this.#slabs[row >>> SLAB_BITS]!.time[row & SLAB_MASK]! * TIME_STEP_NS;
  }

  setTime(row: number, timeNs: number): void {
    this.#slabs[row >>> SLAB_BITS]!.time[row & SLAB_MASK] = Math.min(0xffffffff, timeNs / TIME_STEP_NS);
  }

  #open(writer: number, firstSequence: number): number {
    const base = this.rows;
    if (base + SEGMENT_ROWS >= 2 ** 32) throw new RangeError('a history of more than 2^32 records');
    if ((base & SLAB_MASK) === 0) {
      this.#slabs.push({
        flags: new Uint16Array(SLAB_ROWS),
        partition: partitionColumn(this.#partitions),
        offset: new Uint32Array(SLAB_ROWS),
        time: new Uint32Array(SLAB_ROWS),
      });
    }
    this.#segmentWriter.push(writer);
    this.#segmentFirst.push(firstSequence);
    return base;
  }
}

function partitionColumn(partitions: number): Slab['partition'] {
  // The highest number stays free: it is what -1 becomes, a partition that the writer does not know.
  if (partitions < 256) return new Uint8Array(SLAB_ROWS);
  return partitions < 65_536 ? new Uint16Array(SLAB_ROWS) : new Uint32Array(SLAB_ROWS);
}

const CHUNK_OFFSETS = 1024;
const CHUNKS_PER_SLAB_BITS = 6;
const SLAB_CHUNKS = 1 << CHUNKS_PER_SLAB_BITS;

/**
 * Which record stands at an offset: 4 bytes an offset, in chunks, so that a log may start at any offset. Chunks are cut
 * from slabs: an array of its own costs a chunk some 500 bytes more.
 */
export class OffsetIndex {
  readonly #slabs: Uint32Array[] = [];
  #chunkCount = 0;
  /** Chunks by their number in the log: which one it is of all. */
  readonly #chunks: Map<number, number>[];
  readonly #cachedNumber: Float64Array;
  readonly #cached: Float64Array;

  constructor(partitions: number) {
    this.#chunks = Array.from({ length: partitions }, () => new Map());
    this.#cachedNumber = new Float64Array(partitions).fill(-1);
    this.#cached = new Float64Array(partitions);
  }

  /** The row at an offset, -1 when nothing was seen there. */
  get(partition: number, offset: number): number {
    const number = Math.floor(offset / CHUNK_OFFSETS);
    const chunk = this.#chunks[partition]?.get(number);
    if (chunk === undefined) return -1;
    return this.#slabs[chunk >>> CHUNKS_PER_SLAB_BITS]![placeIn(chunk, offset - number * CHUNK_OFFSETS)]! - 1;
  }

  /** Puts a row at an offset, and returns the row that stood there, -1 for none. */
  put(partition: number, offset: number, row: number): number {
    const number = Math.floor(offset / CHUNK_OFFSETS);
    let chunk: number;
    if (this.#cachedNumber[partition] === number) chunk = this.#cached[partition]!;
    else {
      const chunks = this.#chunks[partition]!;
      chunk = chunks.get(number) ?? this.#open();
      chunks.set(number, chunk);
      this.#cachedNumber[partition] = number;
      this.#cached[partition] = chunk;
    }
    const slab = this.#slabs[chunk >>> CHUNKS_PER_SLAB_BITS]!;
    const at = placeIn(chunk, offset - number * CHUNK_OFFSETS);
    const before = slab[at]! - 1;
    slab[at] = row + 1;
    return before;
  }

  #open(): number {
    if (this.#chunkCount % SLAB_CHUNKS === 0) this.#slabs.push(new Uint32Array(SLAB_CHUNKS * CHUNK_OFFSETS));
    return this.#chunkCount++;
  }
}

/** Within its slab. */
function placeIn(chunk: number, place: number): number {
  return (chunk % SLAB_CHUNKS) * CHUNK_OFFSETS + place;
}
