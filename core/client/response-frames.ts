/** The frame's size prefix. */
const PREFIX_BYTES = 4;

/**
 * Cuts a byte stream into frames. A frame that lies whole in one piece is a view of it; one that spans pieces is put
 * together once, when its last byte is there: a claimed size costs nothing before its bytes have come.
 */
export class ResponseFrames {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Size of the frame under way with its prefix; 0 while the prefix is not whole. */
  #needed = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Calls `frame` for each frame that `bytes` completes. False when a size is impossible: the stream is then lost. */
  push(bytes: Uint8Array, frame: (body: Uint8Array) => void): boolean {
    let rest = bytes;
    if (this.#pieceBytes > 0) {
      this.#pieces.push(bytes);
      this.#pieceBytes += bytes.length;
      if (this.#needed === 0) {
        if (this.#pieceBytes < PREFIX_BYTES) return true;
        rest = this.#joined();
      } else {
        if (this.#pieceBytes < this.#needed) return true;
        rest = this.#joined();
      }
    }
    let at = 0;
    while (rest.length - at >= PREFIX_BYTES) {
      const size = (rest[at]! << 24) | (rest[at + 1]! << 16) | (rest[at + 2]! << 8) | rest[at + 3]!;
      if (size < 0 || size > this.#maxBytes) return false;
      const end = at + PREFIX_BYTES + size;
      if (end > rest.length) {
        this.#needed = PREFIX_BYTES + size;
        break;
      }
      frame(rest.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    if (at < rest.length) {
      this.#pieces.push(at === 0 ? rest : rest.subarray(at));
      this.#pieceBytes = rest.length - at;
    }
    return true;
  }

  /** All pieces as one, and none kept. */
  #joined(): Uint8Array {
    const joined = new Uint8Array(this.#pieceBytes);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#needed = 0;
    return joined;
  }
}
