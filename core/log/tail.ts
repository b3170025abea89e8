import { batchBaseOffset, batchLastOffset } from '../records/index.ts';

const FIRST_CHUNK_BYTES = 4096;

/** A piece of the log's end. Bytes in it are never changed once staged: readers and responses hold views of them. */
interface Chunk {
  readonly bytes: Uint8Array;
  used: number;
  /** Base offset of the first batch, -1 while empty. */
  firstOffset: number;
  /** Last offset of every batch, rising, and where the batch ends in `bytes`. */
  readonly lastOffsets: number[];
  readonly ends: number[];
}

export interface TailSlice {
  readonly bytes: Uint8Array;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

/**
 * The newest batches of a log in memory. An append copies its bytes here once; the disk is written from here and
 * readers at the end of the log get views, without a system call. Chunks are allocated fresh and let go whole.
 */
export class Tail {
  #chunks: Chunk[] = [];
  #heldBytes = 0;
  #limitBytes: number;
  #chunkBytes = FIRST_CHUNK_BYTES;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  set limitBytes(bytes: number) {
    this.#limitBytes = bytes;
    this.#evict();
  }

  /** Makes room for `bytes` more in one piece; what is staged from then on is contiguous. */
  reserve(bytes: number): void {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.bytes.length - last.used >= bytes) return;
    // Quiet logs hold little: chunks grow with the traffic.
    const capacity = Math.max(bytes, this.#chunkBytes);
    this.#chunkBytes = Math.max(FIRST_CHUNK_BYTES, Math.min(this.#chunkBytes * 2, this.#limitBytes >>> 2));
    this.#chunks.push({ bytes: new Uint8Array(capacity), used: 0, firstOffset: -1, lastOffsets: [], ends: [] });
    this.#heldBytes += capacity;
  }

  /** The reserved piece: staged bytes stand in it. */
  get buffer(): Uint8Array {
    return this.#chunks.at(-1)!.bytes;
  }
  get at(): number {
    return this.#chunks.at(-1)!.used;
  }

  /** Copies one whole batch behind the last one and returns where it stands in `buffer`; its header may be stamped. */
  copy(bytes: Uint8Array, at: number, size: number): number {
    const chunk = this.#chunks.at(-1)!;
    const to = chunk.used;
    chunk.bytes.set(at === 0 && size === bytes.length ? bytes : bytes.subarray(at, at + size), to);
    chunk.used = to + size;
    return to;
  }

  /** The batch at `at` has its offsets now: readers may find it. */
  admit(at: number): void {
    const chunk = this.#chunks.at(-1)!;
    if (chunk.firstOffset < 0) chunk.firstOffset = batchBaseOffset(chunk.bytes, at);
    chunk.lastOffsets.push(batchLastOffset(chunk.bytes, at));
    chunk.ends.push(chunk.used);
  }

  /** Lets go of the oldest chunks beyond the limit. Called when staged bytes have been written. */
  settle(): void {
    if (this.#heldBytes > this.#limitBytes) this.#evict();
  }

  #evict(): void {
    let dropped = 0;
    while (dropped < this.#chunks.length && this.#heldBytes > this.#limitBytes) {
      // The chunk being filled may stay while it is the only one, unless nothing may.
      if (dropped === this.#chunks.length - 1 && this.#limitBytes > 0) break;
      this.#heldBytes -= this.#chunks[dropped++]!.bytes.length;
    }
    if (dropped > 0) this.#chunks.splice(0, dropped);
  }

  clear(): void {
    this.#chunks = [];
    this.#heldBytes = 0;
    this.#chunkBytes = FIRST_CHUNK_BYTES;
  }

  /**
   * Whole batches from the one that holds `offset` (or the first after it), within one chunk. null when `offset` is not
   * held here; an empty slice when no batch may be returned.
   */
  read(offset: number, upTo: number, maxBytes: number, minOneMessage: boolean): TailSlice | null {
    const chunk = this.#chunkFor(offset);
    if (chunk === null) return null;
    const { lastOffsets, ends } = chunk;
    const first = lowerBound(lastOffsets, offset);
    const start = first === 0 ? 0 : ends[first - 1]!;
    const baseOffset = batchBaseOffset(chunk.bytes, start);
    // One past the last batch that ends below upTo, then one past the last that fits.
    let beyond = lowerBound(lastOffsets, upTo);
    if (beyond > first && ends[beyond - 1]! - start > maxBytes) {
      beyond = lowerBound(ends, start + maxBytes + 1);
      if (beyond <= first && minOneMessage) beyond = first + 1;
    }
    if (beyond <= first) return { bytes: NOTHING, firstOffset: -1, nextOffset: offset };
    return {
      bytes: chunk.bytes.subarray(start, ends[beyond - 1]!),
      firstOffset: baseOffset,
      nextOffset: lastOffsets[beyond - 1]! + 1,
    };
  }

  #chunkFor(offset: number): Chunk | null {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i]!;
      if (chunk.firstOffset < 0) continue;
      if (chunk.lastOffsets.at(-1)! < offset) {
        // Between two chunks of a log with gaps: the later one begins with the first batch after `offset`.
        const next = this.#chunks[i + 1];
        return next !== undefined && next.firstOffset >= 0 ? next : null;
      }
      if (chunk.firstOffset <= offset) return chunk;
    }
    return null;
  }
}

const NOTHING = new Uint8Array(0);

/** Index of the first element ≥ `value`. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
