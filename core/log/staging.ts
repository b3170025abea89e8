import { BATCH_OVERHEAD } from '../records/index.ts';
import type { DiskFile } from '../runtime.ts';
import type { AppendOptions } from './outcomes.ts';
import { Tail } from './tail.ts';

/** One turn's appends of less than this part of the cache are copied anyway: one small write costs less than many pieces. */
const COPIED_PART = 16;
/** After so many times the size of the cache that nobody read, nobody is taken to read on. */
const UNREAD_CACHES = 4;

/**
 * The batches of one turn on their way into the file. Where somebody reads at the end of the log they are copied into the
 * tail and written from there, so that readers cost no system call. Where nobody does, that memory would only be filled
 * and thrown away: batches are then written from where they lie, with a copy of the header that is stamped.
 */
export class Staging {
  readonly tail: Tail;
  /** The batch that was placed last: its header, which may be stamped, stands in `bytes` at the place that `place` returned. */
  bytes: Uint8Array = NOTHING;
  #cacheBytes: number;
  #copies = true;
  /** Of the tail: what is admitted and not yet written begins here. */
  #from = 0;
  #upTo = 0;
  /** What is admitted and not yet written, piece by piece, when nothing is copied. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #body: Uint8Array | null = null;
  #unreadBytes = 0;
  /** Log ends of about one and two caches ago: who reads above the second reads what the tail holds, or would. */
  #recentOffset = 0;
  #nearOffset = 0;
  #sinceRecentBytes = 0;

  constructor(cacheBytes: number) {
    this.tail = new Tail(cacheBytes);
    this.#cacheBytes = cacheBytes;
  }

  set cacheBytes(bytes: number) {
    this.#cacheBytes = bytes;
    this.tail.limitBytes = bytes;
  }

  /** Somebody asks for what begins at `offset`. */
  read(offset: number): void {
    if (offset >= this.#nearOffset) this.#unreadBytes = 0;
  }

  /**
   * Before the appends of one turn, of `bytes` in all. `whole`: more than the headers of the batches is looked at or
   * changed, so that they must be copied.
   */
  begin(bytes: number, whole: boolean, logEndOffset: number): void {
    this.#unreadBytes += bytes;
    this.#sinceRecentBytes += bytes;
    if (this.#sinceRecentBytes > this.#cacheBytes) {
      this.#nearOffset = this.#recentOffset;
      this.#recentOffset = logEndOffset;
      this.#sinceRecentBytes = bytes;
    }
    const wanted = this.#unreadBytes <= this.#cacheBytes * UNREAD_CACHES;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#copies = whole || wanted || bytes * COPIED_PART < this.#cacheBytes;
    if (this.#copies) {
      this.tail.reserve(bytes);
      this.#from = this.tail.at;
      this.#upTo = this.#from;
    } else {
      // What it holds no longer reaches up to the end of the log.
      this.tail.clear();
    }
  }

  /** Places one batch behind those before it and returns where it stands in `this.bytes`. `admit` follows. */
  place(bytes: Uint8Array, at: number, size: number, origin: AppendOptions['origin']): number {
    if (this.#copies) {
      const to = this.tail.copy(bytes, at, size);
      this.bytes = this.tail.buffer;
      return to;
    }
    if (origin === 'replication') {
      this.bytes = bytes;
      this.#body = bytes.subarray(at, at + size);
      return at;
    }
    this.bytes = bytes.slice(at, at + BATCH_OVERHEAD);
    this.#body = bytes.subarray(at + BATCH_OVERHEAD, at + size);
    return 0;
  }

  /** The batch placed at `at` has its offsets: it is written with the others, and readers may find it. */
  admit(at: number, size: number): void {
    if (this.#copies) {
      this.tail.admit(at);
      this.#upTo = at + size;
      return;
    }
    const body = this.#body!;
    if (body.length < size) this.#pieces.push(this.bytes);
    this.#pieces.push(body);
    this.#pieceBytes += size;
  }

  /** Writes what is admitted, which ends at `end` in the file. */
  write(file: DiskFile, end: number): void {
    if (this.#copies) {
      const from = this.#from;
      this.#from = this.#upTo;
      if (this.#upTo > from) file.write(end - (this.#upTo - from), [this.tail.buffer.subarray(from, this.#upTo)]);
      return;
    }
    const pieces = this.#pieces;
    const bytes = this.#pieceBytes;
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (bytes > 0) file.write(end - bytes, pieces);
  }

  /** The turn's appends are written. */
  settle(): void {
    this.bytes = NOTHING;
    this.#body = null;
    this.tail.settle();
  }
}

const NOTHING = new Uint8Array(0);
