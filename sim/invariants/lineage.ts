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
  if (from >= to) return -1;
  const cuts = [from];
  for (const { startOffset } of one) if (startOffset > from && startOffset < to) cuts.push(startOffset);
  for (const { startOffset } of other) if (startOffset > from && startOffset < to) cuts.push(startOffset);
  cuts.sort((a, b) => a - b);
  for (const offset of cuts) if (epochAt(one, offset) !== epochAt(other, offset)) return offset;
  return -1;
}
