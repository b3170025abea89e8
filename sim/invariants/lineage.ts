import type { Log } from '../../core/log/index.ts';

export type Lineage = Log['epochStarts'];

/** The leader epoch of the record at an offset, -1 below everything known. */
export function epochAt(lineage: Lineage, offset: number): number {
  let epoch = -1;
  for (const start of lineage) {
    if (start.startOffset > offset) break;
    epoch = start.epoch;
  }
  return epoch;
}

/** The part of a lineage that says something about offsets below `end`. */
export function below(lineage: Lineage, end: number): Lineage {
  return lineage.filter(({ startOffset }) => startOffset < end);
}

/**
 * The first offset in [from, to) at which two lineages name different epochs, -1 when there is none: two records of one
 * offset and one epoch are the same, since an epoch has one leader.
 */
export function divergence(one: Lineage, other: Lineage, from: number, to: number): number {
  if (from >= to || isSameBelow(one, other, to)) return -1;
  const cuts = [from];
  for (const { startOffset } of one) if (startOffset > from && startOffset < to) cuts.push(startOffset);
  for (const { startOffset } of other) if (startOffset > from && startOffset < to) cuts.push(startOffset);
  cuts.sort((a, b) => a - b);
  for (const offset of cuts) if (epochAt(one, offset) !== epochAt(other, offset)) return offset;
  return -1;
}

/** The usual case, told without allocating: both say the same of everything below `to`. */
function isSameBelow(one: Lineage, other: Lineage, to: number): boolean {
  for (let index = 0; ; index++) {
    const mine = one[index];
    const theirs = other[index];
    const mineSpeaks = mine !== undefined && mine.startOffset < to;
    const theirsSpeaks = theirs !== undefined && theirs.startOffset < to;
    if (!mineSpeaks || !theirsSpeaks) return mineSpeaks === theirsSpeaks;
    if (mine.epoch !== theirs.epoch || mine.startOffset !== theirs.startOffset) return false;
  }
}

/** A copy, or the earlier one if nothing has changed since. */
export function keptLineage(earlier: Lineage | undefined, now: Lineage): Lineage {
  if (earlier?.length !== now.length) return now.slice();
  for (let index = 0; index < now.length; index++) {
    const was = earlier[index]!;
    const is = now[index]!;
    if (was.epoch !== is.epoch || was.startOffset !== is.startOffset) return now.slice();
  }
  return earlier;
}
