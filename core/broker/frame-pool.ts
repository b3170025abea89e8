const SMALLEST_LOG2 = 13;
const LARGEST_LOG2 = 20;
/** Idle buffers kept, in bytes over all sizes. */
const IDLE_BYTES_MAX = 16 << 20;

/**
 * Buffers for frames that come in several pieces, used again once their request is answered: memory that only passes
 * through would otherwise be most of what the collector has to clear. One pool serves all connections of a broker.
 */
export class FramePool {
  readonly #idle: Uint8Array[][] = Array.from({ length: LARGEST_LOG2 - SMALLEST_LOG2 + 1 }, () => []);
  #idleBytes = 0;

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A buffer of at least `bytes`, with whatever stood in it; exactly so many above the largest size. */
  take(bytes: number): Uint8Array {
    const size = sizeClass(bytes);
    if (size === null) return new Uint8Array(bytes);
    const buffer = this.#idle[size]!.pop();
    if (buffer === undefined) return new Uint8Array(1 << (size + SMALLEST_LOG2));
    this.#idleBytes -= buffer.length;
    return buffer;
  }

  /** Nobody may use the buffer any more. */
  give(buffer: Uint8Array): void {
    const size = sizeClass(buffer.length);
    if (size === null || buffer.length !== 1 << (size + SMALLEST_LOG2)) return;
    if (this.#idleBytes + buffer.length > IDLE_BYTES_MAX) return;
    this.#idle[size]!.push(buffer);
    this.#idleBytes += buffer.length;
  }
}

function sizeClass(bytes: number): number | null {
  const log2 = Math.max(32 - Math.clz32(bytes - 1), SMALLEST_LOG2);
  return log2 > LARGEST_LOG2 ? null : log2 - SMALLEST_LOG2;
}
