/** Bytes per block of a file's content in memory. */
const BLOCK = 65536;

/**
 * The content of a file as blocks, so that growing copies nothing and a truncation can hand its tail on. Bytes past the
 * file's size are zeros.
 */
export class Blocks {
  readonly #blocks: (Uint8Array | undefined)[] = [];

  write(position: number, bytes: Uint8Array): void {
    const start = position % BLOCK;
    if (start + bytes.length <= BLOCK) {
      this.#block(Math.floor(position / BLOCK), start + bytes.length).set(bytes, start);
      return;
    }
    let done = 0;
    while (done < bytes.length) {
      const at = position + done;
      const within = at % BLOCK;
      const count = Math.min(BLOCK - within, bytes.length - done);
      this.#block(Math.floor(at / BLOCK), within + count).set(bytes.subarray(done, done + count), within);
      done += count;
    }
  }

  /** Fills the whole of `target` from `position`; what was never written reads as zeros. */
  read(position: number, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const at = position + done;
      const within = at % BLOCK;
      const count = Math.min(BLOCK - within, target.length - done);
      const block = this.#blocks[Math.floor(at / BLOCK)];
      const there = block === undefined ? 0 : Math.max(0, Math.min(count, block.length - within));
      if (there > 0) target.set(block!.subarray(within, within + there), done);
      if (there < count) target.fill(0, done + there, done + count);
      done += count;
    }
  }

  clear(from: number, to: number): void {
    let at = from;
    while (at < to) {
      const within = at % BLOCK;
      const count = Math.min(BLOCK - within, to - at);
      this.#blocks[Math.floor(at / BLOCK)]?.fill(0, within, within + count);
      at += count;
    }
  }

  /** Moves everything from the block of `position` on into a new object; this one keeps a copy of what precedes it. */
  split(position: number): Blocks {
    const tail = new Blocks();
    const first = Math.floor(position / BLOCK);
    for (let index = first; index < this.#blocks.length; index++) tail.#blocks[index] = this.#blocks[index];
    const boundary = this.#blocks[first];
    this.#blocks.length = Math.min(this.#blocks.length, first);
    if (boundary !== undefined && position % BLOCK > 0) {
      this.#blocks[first] = boundary.slice(0, Math.min(boundary.length, position % BLOCK));
    }
    return tail;
  }

  /** Takes over all of `tail` from `position` on. */
  join(tail: Blocks, position: number): void {
    const first = Math.floor(position / BLOCK);
    const boundary = this.#blocks[first];
    const kept = boundary?.slice(0, Math.min(boundary.length, position % BLOCK));
    this.#blocks.length = Math.min(this.#blocks.length, first);
    for (let index = first; index < tail.#blocks.length; index++) this.#blocks[index] = tail.#blocks[index];
    if (kept !== undefined && kept.length > 0) this.write(first * BLOCK, kept);
  }

  #block(index: number, needed: number): Uint8Array {
    const block = this.#blocks[index];
    if (block !== undefined && block.length >= needed) return block;
    // Small files stay small; anything that grows gets whole blocks soon.
    const length = index > 0 || needed > 4096 ? BLOCK : Math.max(256, needed * 2);
    const made = new Uint8Array(Math.min(BLOCK, length));
    if (block !== undefined) made.set(block);
    this.#blocks[index] = made;
    return made;
  }
}
