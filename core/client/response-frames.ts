import { readInt32 } from '../records/integers.ts';

/** The frame's size prefix. */
const PREFIX_BYTES = 4;
/** Room for the first piece of a frame. */
const FIRST_ROOM_BYTES = 65_536;
/** Room beyond that for each byte that has come: a large frame moves once or twice, not each time that it doubles. */
const ROOM_PER_BYTE = 8;

const NOTHING = new Uint8Array(0);

/**
 * Cuts a byte stream into frames. A frame that lies whole in one piece is a view of it, or a copy where the pieces are
 * `lent`: the giver's again after `push`. One that spans pieces is gathered in a buffer of its own, which grows with what
 * has come: a claimed size costs next to nothing before its bytes are there.
 */
export class ResponseFrames {
  readonly #maxBytes: number;
  readonly #lent: boolean;
  /** What has come of the frame under way, with its prefix. */
  #held: Uint8Array = NOTHING;
  #heldBytes = 0;
  /** Size of the frame under way with its prefix; 0 while the prefix is not whole. */
  #needed = 0;

  constructor(maxBytes: number, lent = false) {
    this.#maxBytes = maxBytes;
    this.#lent = lent;
  }

  /** Calls `frame` for each frame that `bytes` completes. False when a size is impossible: the stream is then lost. */
  push(bytes: Uint8Array, frame: (body: Uint8Array) => void): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#heldBytes === 0 && bytes.length - at >= PREFIX_BYTES) {
        const needed = this.#sizeAt(bytes, at);
        if (needed < 0) return false;
        const end = at + needed;
        if (end <= bytes.length) {
          const from = at + PREFIX_BYTES;
          at = end;
          frame(this.#lent ? bytes.slice(from, end) : bytes.subarray(from, end));
          continue;
        }
        this.#needed = needed;
      }
      const lacking = (this.#needed === 0 ? PREFIX_BYTES : this.#needed) - this.#heldBytes;
      const count = Math.min(lacking, bytes.length - at);
      this.#hold(bytes.subarray(at, at + count));
      at += count;
      if (count < lacking) break;
      if (this.#needed === 0) {
        this.#needed = this.#sizeAt(this.#held, 0);
        if (this.#needed < 0) return false;
        if (this.#needed > PREFIX_BYTES) continue;
      }
      const body = this.#held.subarray(PREFIX_BYTES, this.#needed);
      this.#held = NOTHING;
      this.#heldBytes = 0;
      this.#needed = 0;
      frame(body);
    }
    return true;
  }

  /** Size with its prefix of the frame that begins at `at`; -1 when it is impossible. */
  #sizeAt(bytes: Uint8Array, at: number): number {
    const size = readInt32(bytes, at);
    return size < 0 || size > this.#maxBytes ? -1 : PREFIX_BYTES + size;
  }

  #hold(piece: Uint8Array): void {
    const bytes = this.#heldBytes + piece.length;
    if (bytes > this.#held.length) {
      const room = Math.max(FIRST_ROOM_BYTES, bytes * ROOM_PER_BYTE);
      const grown = new Uint8Array(this.#needed === 0 ? PREFIX_BYTES : Math.min(this.#needed, room));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(piece, this.#heldBytes);
    this.#heldBytes = bytes;
  }
}
