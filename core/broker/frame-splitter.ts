import { readInt32 } from '../records/integers.ts';
import type { FramePool } from './frame-pool.ts';

const SIZE_BYTES = 4;
/** A frame up to this size gets its room at once; a larger one grows with what has really arrived. */
const RESERVED_BYTES_MAX = 1 << 20;
/** A frame below this size is not worth a buffer of the pool, whose smallest are larger. */
const SMALL_FRAME_BYTES = 4096;

/**
 * Cuts a byte stream into frames: an int32 size, then so many bytes. A frame that came in one piece is a view of it; one
 * that came in several is gathered in a buffer of its own, each byte copied at most twice however small the pieces. With
 * `lent` the pieces are the giver's again after `push`: then no frame is a view of one.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  readonly #pool: FramePool | null;
  readonly #lent: boolean;
  readonly #size = new Uint8Array(SIZE_BYTES);
  /** Bytes of `#size` that have arrived; SIZE_BYTES while a frame is under way. */
  #sizeHeld = 0;
  #frame: Uint8Array = NOTHING;
  #frameHeld = 0;
  #frameBytes = 0;

  constructor(maxFrameBytes: number, pool: FramePool | null = null, lent = false) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#pool = pool;
    this.#lent = lent;
  }

  /** Bytes of a frame that is not whole yet. */
  get heldBytes(): number {
    return this.#frameHeld;
  }

  /**
   * Calls `frame` for each frame that `bytes` completes, without its size, and with the pool's buffer where it stands in
   * one: it is the receiver's to give back. Returns the reason when the stream is bad.
   */
  push(bytes: Uint8Array, frame: (frame: Uint8Array, buffer: Uint8Array | null) => void): string | null {
    let at = 0;
    while (at < bytes.length) {
      if (this.#sizeHeld === 0 && bytes.length - at >= SIZE_BYTES) {
        const refusal = this.#begin(readInt32(bytes, at));
        if (refusal !== null) return refusal;
        at += SIZE_BYTES;
      } else if (this.#sizeHeld < SIZE_BYTES) {
        this.#size[this.#sizeHeld++] = bytes[at++]!;
        if (this.#sizeHeld < SIZE_BYTES) continue;
        const refusal = this.#begin(readInt32(this.#size, 0));
        if (refusal !== null) return refusal;
      }
      const lacking = this.#frameBytes - this.#frameHeld;
      const available = bytes.length - at;
      if (available < lacking) {
        if (available > 0) this.#gather(bytes.subarray(at));
        return null;
      }
      const rest = bytes.subarray(at, at + lacking);
      at += lacking;
      let whole = rest;
      let buffer: Uint8Array | null = null;
      if (this.#lent && this.#frameBytes < SMALL_FRAME_BYTES && this.#frameHeld === 0) {
        whole = rest.slice();
      } else if (this.#lent || this.#frameHeld > 0) {
        this.#gather(rest);
        buffer = this.#frame;
        whole = buffer.subarray(0, this.#frameBytes);
      }
      this.#sizeHeld = 0;
      this.#frame = NOTHING;
      this.#frameHeld = 0;
      frame(whole, buffer);
    }
    return null;
  }

  #begin(size: number): string | null {
    if (size < 0 || size > this.#maxFrameBytes) return `a request of ${size} bytes, at most ${this.#maxFrameBytes}`;
    this.#sizeHeld = SIZE_BYTES;
    this.#frameBytes = size;
    return null;
  }

  #gather(piece: Uint8Array): void {
    const needed = this.#frameHeld + piece.length;
    if (needed > this.#frame.length) {
      const room = Math.min(this.#frameBytes, Math.max(RESERVED_BYTES_MAX, needed * 2));
      const grown = this.#pool === null || room > RESERVED_BYTES_MAX ? new Uint8Array(room) : this.#pool.take(room);
      grown.set(this.#frame.subarray(0, this.#frameHeld));
      this.#frame = grown;
    }
    this.#frame.set(piece, this.#frameHeld);
    this.#frameHeld = needed;
  }
}

const NOTHING = new Uint8Array(0);
