import type { Roster } from './roster.ts';

/**
 * How far every group (or reader without a group) has come in every partition, in memory that other threads can read:
 * the drain is over when all positions have reached the log ends. -1: nothing processed.
 */
export class Positions {
  readonly buffer: ArrayBufferLike;
  readonly #positions: Float64Array<ArrayBufferLike>;
  readonly #partitions: number;
  readonly #readers: readonly Reader[];

  /** A new buffer must be filled with `clear` once, by whoever made it. */
  constructor(roster: Roster, buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.#positions = new Float64Array(buffer);
    this.#partitions = roster.names.partitions.length;
    this.#readers = readersOf(roster);
  }

  static bytes(roster: Roster): number {
    return Math.max(1, readersOf(roster).length) * roster.names.partitions.length * 8;
  }

  clear(): void {
    this.#positions.fill(-1);
  }

  /** Index of the reader that this consumer seat is part of. */
  readerOf(actor: number): number {
    return this.#readers.findIndex((reader) => reader.actors.includes(actor));
  }

  set(reader: number, partition: number, position: number): void {
    const at = reader * this.#partitions + partition;
    // A rebalance may hand a partition to a member that reads some of it again.
    if (position > this.#positions[at]!) this.#positions[at] = position;
  }

  get(reader: number, partition: number): number {
    return this.#positions[reader * this.#partitions + partition]!;
  }

  /** Records between the positions and the log ends, over all readers; `ends` by partition index, `starts` likewise. */
  lag(starts: readonly number[], ends: readonly number[]): number {
    let lag = 0;
    this.#readers.forEach((reader, index) => {
      for (const partition of reader.partitions) {
        lag += Math.max(0, ends[partition]! - Math.max(starts[partition]!, this.get(index, partition)));
      }
    });
    return lag;
  }
}

interface Reader {
  readonly actors: readonly number[];
  readonly partitions: readonly number[];
}

function readersOf(roster: Roster): Reader[] {
  const readers = new Map<string, { actors: number[]; partitions: Set<number> }>();
  for (const seat of roster.consumers) {
    const entry = seat.name.slice(0, seat.name.lastIndexOf('-'));
    const key = seat.group === null ? entry : `group ${seat.group}`;
    let reader = readers.get(key);
    if (reader === undefined) {
      reader = { actors: [], partitions: new Set() };
      readers.set(key, reader);
    }
    reader.actors.push(seat.actor);
    for (const topic of seat.topics) {
      const found = roster.topics.find((candidate) => candidate.name === topic)!;
      for (let partition = 0; partition < found.partitions; partition++) {
        reader.partitions.add(found.firstPartition + partition);
      }
    }
  }
  return [...readers.values()].map(({ actors, partitions }) => ({ actors, partitions: [...partitions] }));
}
