/** Names of a log's files: 20 decimal digits of the base offset and a suffix. */
export type SegmentSuffix = '.log' | '.index' | '.timeindex' | '.txnindex' | '.snapshot';

export const DELETED_SUFFIX = '.deleted';
export const CLEANED_SUFFIX = '.cleaned';
export const SWAP_SUFFIX = '.swap';
export const EPOCH_FILE = 'leader-epoch-checkpoint';
export const PARTITION_METADATA_FILE = 'partition.metadata';

export function segmentPath(directory: string, offset: number, suffix: SegmentSuffix): string {
  return `${directory}/${String(offset).padStart(20, '0')}${suffix}`;
}

/** Base offset and suffix of a file that belongs to a segment; null for any other. */
export function parseSegmentName(name: string): { readonly offset: number; readonly suffix: string } | null {
  const match = /^(\d{20})(\..+)$/.exec(name);
  if (match === null) return null;
  const offset = Number(match[1]);
  return Number.isSafeInteger(offset) ? { offset, suffix: match[2]! } : null;
}
