import type { Segment } from './segment.ts';

/** A log's segments in rising order of base offset. There is always one: the last is the active one. */
export class Segments {
  readonly #list: Segment[];
  #bytesBelowActive = 0;

  constructor(list: readonly Segment[]) {
    this.#list = [...list];
    this.#count();
  }

  get list(): readonly Segment[] {
    return this.#list;
  }
  get first(): Segment {
    return this.#list[0]!;
  }
  get active(): Segment {
    return this.#list[this.#list.length - 1]!;
  }
  get sizeInBytes(): number {
    return this.#bytesBelowActive + this.active.size;
  }

  /** Index of the segment that would hold `offset`: the last one that begins at or below it, else 0. */
  floorIndex(offset: number): number {
    let low = 0;
    let high = this.#list.length;
    // The end of the log is what is asked for most.
    if (this.active.baseOffset <= offset) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list[middle]!.baseOffset > offset) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }

  /** Where a segment ends: the base of the next one, or the end of the active one. */
  endOf(index: number): number {
    return this.#list[index + 1]?.baseOffset ?? this.active.nextOffset;
  }

  push(segment: Segment): void {
    this.#bytesBelowActive += this.active.size;
    this.#list.push(segment);
  }

  /** Removes the oldest `count`; at least one must stay. */
  shift(count: number): Segment[] {
    const removed = this.#list.splice(0, count);
    this.#count();
    return removed;
  }

  /** Removes those from `index` on; the caller pushes another when none is left. */
  cut(index: number): Segment[] {
    const removed = this.#list.splice(index);
    this.#count();
    return removed;
  }

  /** Takes the place of all. */
  replaceAll(segment: Segment): Segment[] {
    const removed = this.#list.splice(0, this.#list.length, segment);
    this.#count();
    return removed;
  }

  #count(): void {
    this.#bytesBelowActive = 0;
    for (let i = 0; i < this.#list.length - 1; i++) this.#bytesBelowActive += this.#list[i]!.size;
  }
}
