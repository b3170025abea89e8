import type { EpochStart } from './checkpoint-file.ts';
import type { EpochEndOffset } from './outcomes.ts';

/**
 * Which leader epoch began at which offset (KIP-101, KIP-279). Entries rise strictly in epoch and in start offset: an
 * epoch that turned out empty is dropped when the next one starts at the same offset.
 */
export class LeaderEpochs {
  #entries: EpochStart[] = [];
  /** Rises with every change, so that the owner knows when the file is behind. */
  revision = 0;

  get entries(): readonly EpochStart[] {
    return this.#entries;
  }

  /** -1 when none is known. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  load(entries: readonly EpochStart[]): void {
    this.#entries = [];
    for (const entry of entries) this.assign(entry.epoch, entry.startOffset);
  }

  /** Idempotent for the latest epoch. A smaller epoch, or a start before a known one, replaces what contradicts it. */
  assign(epoch: number, startOffset: number): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && last.epoch === epoch && startOffset >= last.startOffset) return;
    while (this.#entries.length > 0) {
      const tail = this.#entries.at(-1)!;
      if (tail.epoch < epoch && tail.startOffset < startOffset) break;
      this.#entries.pop();
    }
    this.#entries.push({ epoch, startOffset });
    this.revision++;
  }

  /** The largest known epoch ≤ `epoch` and where it ends; `{-1, -1}` when none can be told. */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    const entries = this.#entries;
    const last = entries.at(-1);
    if (epoch < 0 || last === undefined) return { leaderEpoch: -1, endOffset: -1 };
    if (epoch === last.epoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    // An epoch from the future: this log cannot know where it ended.
    if (epoch > last.epoch) return { leaderEpoch: -1, endOffset: -1 };
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.epoch > epoch) high = middle;
      else low = middle + 1;
    }
    // `low` is the first larger epoch; it exists, since epoch < last.epoch.
    const next = entries[low]!;
    // Older than everything known: Kafka answers the asked epoch with the start of the first known one.
    if (low === 0) return { leaderEpoch: epoch, endOffset: next.startOffset };
    return { leaderEpoch: entries[low - 1]!.epoch, endOffset: next.startOffset };
  }

  /** The epoch of the record at `offset`, -1 when unknown. */
  epochAt(offset: number): number {
    const entries = this.#entries;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.startOffset > offset) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? -1 : entries[low - 1]!.epoch;
  }

  /** Drops the epochs that begin at or after `endOffset`. */
  truncateFromEnd(endOffset: number): void {
    const before = this.#entries.length;
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= endOffset) this.#entries.pop();
    if (this.#entries.length !== before) this.revision++;
  }

  /** Drops the epochs that end at or before `startOffset`; the one that spans it now begins there. */
  truncateFromStart(startOffset: number): void {
    let covering = -1;
    while (covering + 1 < this.#entries.length && this.#entries[covering + 1]!.startOffset <= startOffset) covering++;
    if (covering < 0 || this.#entries[covering]!.startOffset === startOffset) {
      if (covering > 0) {
        this.#entries.splice(0, covering);
        this.revision++;
      }
      return;
    }
    this.#entries.splice(0, covering + 1, { epoch: this.#entries[covering]!.epoch, startOffset });
    this.revision++;
  }

  clear(): void {
    if (this.#entries.length > 0) this.revision++;
    this.#entries = [];
  }
}
