/** What an event does when its time comes. */
export interface Scheduled {
  /** Returns true when code of a node may have run, so that its microtasks must be drained before the next event. */
  fire(): boolean;
}

const ARITY = 4;
/** Below this many dead entries a rebuild is not worth its walk. */
const REBUILD_MINIMUM = 1024;

/**
 * The events to come, in order of (time, sequence): a four-way heap over typed arrays, whose entries name slots that
 * hold the rest. Cancelled events stay as dead entries until they surface or outnumber the living (request timeouts
 * are nearly always cancelled, so they must cost no heap operation).
 */
export class EventQueue {
  /** Of the event that `pop` returned last. */
  timeNs = 0;
  sequence = 0;
  kind = 0;
  node = 0;
  digest = 0;
  /** Sequence of the event pushed last: with its slot it names the event for `cancel`. */
  lastSequence = 0;

  #times = new Float64Array(1024);
  #heap = new Int32Array(1024);
  #count = 0;
  #dead = 0;

  #sequences = new Float64Array(1024);
  #kinds = new Uint8Array(1024);
  #nodes = new Int32Array(1024);
  #digests = new Int32Array(1024);
  readonly #targets: (Scheduled | null)[] = new Array<Scheduled | null>(1024).fill(null);
  #free = new Int32Array(1024);
  #freeCount = 0;
  #slotCount = 0;

  /** Events that will still fire. */
  get size(): number {
    return this.#count - this.#dead;
  }

  /** Returns the slot of the event. */
  push(timeNs: number, kind: number, node: number, digest: number, target: Scheduled): number {
    if (this.#count === this.#heap.length) this.#grow();
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#slotCount++;
    this.#sequences[slot] = ++this.lastSequence;
    this.#kinds[slot] = kind;
    this.#nodes[slot] = node;
    this.#digests[slot] = digest;
    this.#targets[slot] = target;
    // Its sequence is the highest of all, so an equal time never moves it up.
    const times = this.#times;
    const heap = this.#heap;
    let at = this.#count++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentTime = times[parent]!;
      if (parentTime <= timeNs) break;
      times[at] = parentTime;
      heap[at] = heap[parent]!;
      at = parent;
    }
    times[at] = timeNs;
    heap[at] = slot;
    return slot;
  }

  /** Idempotent: a slot that has fired and serves another event by now has another sequence. */
  cancel(slot: number, sequence: number): void {
    if (this.#sequences[slot] !== sequence || this.#targets[slot] === null) return;
    this.#targets[slot] = null;
    this.#dead++;
    if (this.#dead > REBUILD_MINIMUM && this.#dead * 2 > this.#count) this.#rebuild();
  }

  /** Time of the next event, Infinity when there is none. */
  nextTimeNs(): number {
    while (this.#count > 0) {
      if (this.#targets[this.#heap[0]!] !== null) return this.#times[0]!;
      this.#dead--;
      this.#removeTop();
    }
    return Infinity;
  }

  /** Takes the next event; its fields are then in this object. */
  pop(): Scheduled | null {
    while (this.#count > 0) {
      const slot = this.#heap[0]!;
      const target = this.#targets[slot]!;
      const sequence = this.#sequences[slot]!;
      this.timeNs = this.#times[0]!;
      this.#removeTop();
      if (target === null) {
        this.#dead--;
        continue;
      }
      this.sequence = sequence;
      this.kind = this.#kinds[slot]!;
      this.node = this.#nodes[slot]!;
      this.digest = this.#digests[slot]!;
      return target;
    }
    return null;
  }

  #removeTop(): void {
    const slot = this.#heap[0]!;
    this.#targets[slot] = null;
    this.#sequences[slot] = 0;
    this.#free[this.#freeCount++] = slot;
    const last = --this.#count;
    if (last > 0) this.#sink(0, this.#times[last]!, this.#heap[last]!);
  }

  /** Puts (time, slot) at `at` or below it. */
  #sink(start: number, timeNs: number, slot: number): void {
    const times = this.#times;
    const heap = this.#heap;
    const sequences = this.#sequences;
    const count = this.#count;
    const sequence = sequences[slot]!;
    let at = start;
    for (;;) {
      const first = at * ARITY + 1;
      if (first >= count) break;
      const end = Math.min(first + ARITY, count);
      let best = first;
      let bestTime = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const time = times[child]!;
        if (time < bestTime || (time === bestTime && sequences[heap[child]!]! < sequences[heap[best]!]!)) {
          best = child;
          bestTime = time;
        }
      }
      if (timeNs < bestTime || (timeNs === bestTime && sequence < sequences[heap[best]!]!)) break;
      times[at] = bestTime;
      heap[at] = heap[best]!;
      at = best;
    }
    times[at] = timeNs;
    heap[at] = slot;
  }

  /** Drops all dead entries, then restores the heap order. */
  #rebuild(): void {
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      const slot = this.#heap[at]!;
      if (this.#targets[slot] === null) {
        this.#sequences[slot] = 0;
        this.#free[this.#freeCount++] = slot;
        continue;
      }
      this.#times[kept] = this.#times[at]!;
      this.#heap[kept++] = slot;
    }
    this.#count = kept;
    this.#dead = 0;
    for (let at = (kept - 2) >> 2; at >= 0; at--) this.#sink(at, this.#times[at]!, this.#heap[at]!);
  }

  #grow(): void {
    const length = this.#heap.length * 2;
    this.#times = enlarged(this.#times, new Float64Array(length));
    this.#heap = enlarged(this.#heap, new Int32Array(length));
    this.#sequences = enlarged(this.#sequences, new Float64Array(length));
    this.#kinds = enlarged(this.#kinds, new Uint8Array(length));
    this.#nodes = enlarged(this.#nodes, new Int32Array(length));
    this.#digests = enlarged(this.#digests, new Int32Array(length));
    this.#free = enlarged(this.#free, new Int32Array(length));
    while (this.#targets.length < length) this.#targets.push(null);
  }
}

function enlarged<T extends Float64Array | Int32Array | Uint8Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
