import { Blocks } from './blocks.ts';
import { PAGE_BYTES, type PageHistory, type PageState, settle, shortened } from './page-history.ts';

/** The unit that a device reads and writes as one. */
export const SECTOR_BYTES = 512;
/** More boundaries of appends than this are thinned out: fewer outcomes of a crash, all of them still real ones. */
const MOST_ENDS = 65536;
/** Truncations that can still be undone by a power loss; older ones count as landed. */
const MOST_TRUNCATIONS = 4;

/** A file as it was when a truncation cut it; what lies before the cut page is the newer file's. */
export interface Truncated {
  readonly number: number;
  readonly cut: number;
  readonly size: number;
  durableSize: number;
  ends: number[];
  readonly overwritten: Map<number, PageHistory>;
  readonly tail: Blocks;
  before: Truncated | null;
}

/** What a sync covers, taken when it is asked for. */
export interface SyncTicket {
  readonly size: number;
  readonly truncations: number;
  readonly version: number;
}

/**
 * A file with its visible bytes and all that is needed to tell what a power loss may leave of them. Appends, nearly all
 * writes of a log, cost one copy and one number: every prefix that an append left is a state of its last page.
 * Pages written within the file keep an image per write.
 */
export class SimFile {
  readonly kind = 'file' as const;
  size = 0;
  /** Bytes that survive, apart from those under `overwritten` and `ghosts`. */
  durableSize = 0;
  modifiedMs: number;
  /** Directory entries in the visible view, and open handles: without both its space is free. */
  entries = 0;
  handles = 0;
  /** Counts failed syncs: every handle reports each once (as Linux's errseq_t). */
  syncErrors = 0;
  readonly content: Blocks = new Blocks();
  /** Sizes after each append since the last sync, ascending. */
  ends: number[] = [];
  readonly overwritten: Map<number, PageHistory> = new Map();
  /** Pages that a failed sync left clean: visible, never to be written again, gone after a power loss. */
  readonly ghosts: Map<number, PageState> = new Map();
  /** Bits that read wrong: position → mask. A write over them heals. */
  readonly flips: Map<number, number> = new Map();
  /** Sectors of 512 bytes that cannot be read. A write over them heals, and the repair of the disk does. */
  readonly badSectors: Set<number> = new Set();
  /** Set when the next sync with something to write is to fail. */
  failNextSync: 'keep' | 'revert' | null = null;
  before: Truncated | null = null;
  #truncations = 0;
  /** Counts writes within the file, and syncs: what a sync covers has a lower version than it. */
  #version = 0;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  get dirty(): boolean {
    return this.ends.length > 0 || this.overwritten.size > 0 || this.before !== null || this.ghosts.size > 0;
  }

  /** Bytes that a sync has to write. */
  get dirtyBytes(): number {
    return Math.max(0, this.size - this.durableSize) + this.overwritten.size * PAGE_BYTES;
  }

  write(position: number, chunks: readonly Uint8Array[], length: number): void {
    if (length === 0) return;
    const end = position + length;
    const size = this.size;
    if (this.flips.size > 0) {
      for (const at of [...this.flips.keys()]) if (at >= position && at < end) this.flips.delete(at);
    }
    if (this.badSectors.size > 0) {
      for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
        this.badSectors.delete(sector);
      }
    }
    const plain = position >= size && this.overwritten.size === 0 && this.ghosts.size === 0;
    const firstPage = Math.floor(Math.min(position, size) / PAGE_BYTES);
    const lastPage = Math.floor((end - 1) / PAGE_BYTES);
    if (!plain) {
      for (let page = firstPage; page <= lastPage; page++) {
        if (this.ghosts.has(page) || (position < size && page * PAGE_BYTES < size)) this.#remember(page);
      }
    }
    let at = position;
    for (const chunk of chunks) {
      this.content.write(at, chunk);
      at += chunk.length;
    }
    if (end > size) this.#appended(end);
    if (!plain) this.#keepStates(firstPage, lastPage);
  }

  read(position: number, target: Uint8Array): number {
    const count = Math.min(target.length, this.size - position);
    if (count <= 0) return 0;
    const into = count === target.length ? target : target.subarray(0, count);
    this.content.read(position, into);
    if (this.flips.size > 0) {
      for (const [at, mask] of this.flips) {
        if (at >= position && at < position + count) into[at - position] = into[at - position]! ^ mask;
      }
    }
    return count;
  }

  /** Whether a read of these bytes meets a sector that cannot be read. */
  unreadable(position: number, length: number): boolean {
    if (this.badSectors.size === 0) return false;
    const end = Math.min(position + length, this.size);
    for (const sector of this.badSectors) {
      if (sector * SECTOR_BYTES < end && (sector + 1) * SECTOR_BYTES > position) return true;
    }
    return false;
  }

  truncate(size: number): void {
    if (size === this.size) return;
    if (size > this.size) {
      const firstPage = Math.floor(this.size / PAGE_BYTES);
      if (this.ghosts.has(firstPage)) this.#remember(firstPage);
      this.#appended(size);
      if (this.overwritten.size > 0) this.#keepStates(firstPage, Math.floor((size - 1) / PAGE_BYTES));
      return;
    }
    const cutPage = Math.floor(size / PAGE_BYTES);
    const overwritten = new Map<number, PageHistory>();
    for (const [page, history] of [...this.overwritten]) {
      if (page < cutPage) continue;
      overwritten.set(page, history);
      this.overwritten.delete(page);
    }
    const tail = this.content.split(size);
    this.before = {
      number: ++this.#truncations,
      cut: size,
      size: this.size,
      durableSize: this.durableSize,
      ends: this.ends,
      overwritten,
      tail,
      before: this.before,
    };
    // The page of the cut goes on with the same history, each state shortened.
    const cutHistory = overwritten.get(cutPage);
    if (cutHistory !== undefined && size % PAGE_BYTES > 0) {
      this.overwritten.set(cutPage, shortened(cutHistory, size % PAGE_BYTES));
    }
    const firstGone = Math.ceil(size / PAGE_BYTES);
    for (const page of [...this.ghosts.keys()]) if (page >= firstGone) this.ghosts.delete(page);
    this.size = size;
    this.ends = this.ends.filter((end) => end < size);
    if (this.durableSize < size) this.ends.push(size);
    else this.durableSize = size;
    let depth = 0;
    for (let each: Truncated | null = this.before; each !== null; each = each.before) {
      if (++depth === MOST_TRUNCATIONS) each.before = null;
    }
  }

  beginSync(): SyncTicket {
    return { size: this.size, truncations: this.#truncations, version: ++this.#version };
  }

  /** What was written before the sync was asked for is durable now. */
  completeSync(ticket: SyncTicket): void {
    // The file may have been cut since: then both what was cut and what remains have become durable so far.
    const since: Truncated[] = [];
    let older = this.before;
    while (older !== null && older.number > ticket.truncations) {
      since.push(older);
      older = older.before;
    }
    let durable = ticket.size;
    for (const truncated of since.reverse()) {
      truncated.durableSize = Math.max(truncated.durableSize, Math.min(durable, truncated.size));
      truncated.ends = truncated.ends.filter((end) => end > truncated.durableSize);
      settle(truncated.overwritten, ticket);
      durable = Math.min(durable, truncated.cut);
    }
    const oldest = since[0];
    if (oldest === undefined) this.before = null;
    else oldest.before = null;
    if (durable > this.durableSize) this.durableSize = durable;
    this.ends = this.ends.length > 0 && this.ends.at(-1)! <= this.durableSize ? [] : this.#endsPast(this.durableSize);
    settle(this.overwritten, ticket);
  }

  /** The pages of a failed sync: clean from now on, though nothing of them was written. */
  failSync(visible: 'keep' | 'revert'): void {
    const pages = new Set<number>(this.overwritten.keys());
    for (let page = Math.floor(this.durableSize / PAGE_BYTES); page * PAGE_BYTES < this.size; page++) pages.add(page);
    for (const page of pages) {
      const durable = this.ghosts.get(page) ?? this.states(page)[0]!;
      if (visible === 'keep') {
        if (!this.ghosts.has(page)) this.ghosts.set(page, { ...durable, image: durable.image.slice() });
      } else {
        this.putPage(page, durable);
      }
    }
    this.overwritten.clear();
    this.ends = [];
    this.before = null;
    this.durableSize = this.size;
  }

  /** States of a page since the last sync, the durable one first; the last is the visible one. */
  states(page: number, of: SimFile | Truncated = this): PageState[] {
    const history = of.overwritten.get(page);
    if (history !== undefined) return history.states;
    const start = page * PAGE_BYTES;
    const image = new Uint8Array(PAGE_BYTES);
    (of instanceof SimFile ? of.content : of.tail).read(start, image);
    const within = (at: number): number => Math.max(0, Math.min(PAGE_BYTES, at - start));
    const states: PageState[] = [{ image, length: within(of.durableSize), version: 0 }];
    for (let index = firstAbove(of.ends, start); index < of.ends.length; index++) {
      const length = within(of.ends[index]!);
      if (length > states.at(-1)!.length) states.push({ image, length, version: 0 });
      if (length === PAGE_BYTES) break;
    }
    return states;
  }

  /** Makes the page show a state; what it lacks up to the page's end is zeros. */
  putPage(page: number, state: PageState): void {
    const start = page * PAGE_BYTES;
    this.content.write(start, state.image.subarray(0, state.length));
    this.content.clear(start + state.length, start + PAGE_BYTES);
  }

  #appended(end: number): void {
    this.size = end;
    if (this.ends.push(end) <= MOST_ENDS) return;
    this.ends = this.ends.filter((_, index) => index % 2 === 1 || index === this.ends.length - 1);
  }

  #endsPast(size: number): number[] {
    return this.ends.slice(firstAbove(this.ends, size));
  }

  /** Starts the history of a page with the states that it has had. */
  #remember(page: number): void {
    if (this.overwritten.has(page)) return;
    const ghost = this.ghosts.get(page);
    if (ghost === undefined) {
      const states = this.states(page);
      this.overwritten.set(page, { prefixes: states.length, states });
      return;
    }
    // A failed sync forgot this page; being written again it is dirty again, and what is durable is still the old.
    this.ghosts.delete(page);
    const visible = this.states(page).at(-1)!;
    const states = [
      { ...ghost, version: 0 },
      { ...visible, version: ++this.#version },
    ];
    this.overwritten.set(page, { prefixes: 1, states });
  }

  #keepStates(firstPage: number, lastPage: number): void {
    for (let page = firstPage; page <= lastPage; page++) {
      const history = this.overwritten.get(page);
      if (history === undefined) continue;
      const image = new Uint8Array(PAGE_BYTES);
      this.content.read(page * PAGE_BYTES, image);
      const length = Math.min(PAGE_BYTES, this.size - page * PAGE_BYTES);
      history.states.push({ image, length, version: ++this.#version });
    }
  }
}

/** Index of the first element above `value` in an ascending list. */
function firstAbove(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
