/**
 * Kafka's checkpoint files: a version line, a count line, then that many lines of one entry each. Pure text in, pure
 * text out; `durable-file.ts` puts it on disk.
 */

/** Entries as lists of words, or null when the text is not a whole checkpoint of version 0. */
function parse(text: string): string[][] | null {
  const lines = text.split('\n');
  if (lines[0] !== '0' || !/^\d+$/.test(lines[1] ?? '')) return null;
  const count = Number(lines[1]);
  const entries = lines.slice(2).filter((line) => line !== '');
  if (entries.length !== count) return null;
  return entries.map((line) => line.split(/\s+/));
}

function format(entries: readonly string[]): string {
  return `0\n${entries.length}\n${entries.map((entry) => `${entry}\n`).join('')}`;
}

const integer = /^-?\d{1,16}$/;

/** `recovery-point-offset-checkpoint` and its kin: topic, partition, offset. Keys are `<topic>-<partition>`. */
export function parseOffsetCheckpoint(text: string): Map<string, number> | null {
  const entries = parse(text);
  if (entries === null) return null;
  const offsets = new Map<string, number>();
  for (const words of entries) {
    const [topic, partition, offset] = words;
    if (words.length !== 3 || !integer.test(partition!) || !integer.test(offset!) || Number(offset) < 0) return null;
    offsets.set(`${topic}-${partition}`, Number(offset));
  }
  return offsets;
}

export function formatOffsetCheckpoint(
  entries: Iterable<{ readonly topic: string; readonly partition: number; readonly offset: number }>,
): string {
  return format(Array.from(entries, (entry) => `${entry.topic} ${entry.partition} ${entry.offset}`));
}

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/** `leader-epoch-checkpoint`: epoch, start offset; both strictly rising (epochs) and not falling (offsets). */
export function parseEpochCheckpoint(text: string): EpochStart[] | null {
  const entries = parse(text);
  if (entries === null) return null;
  const starts: EpochStart[] = [];
  for (const words of entries) {
    if (words.length !== 2 || !words.every((word) => integer.test(word))) return null;
    starts.push({ epoch: Number(words[0]), startOffset: Number(words[1]) });
  }
  return starts;
}

export function formatEpochCheckpoint(entries: readonly EpochStart[]): string {
  return format(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`));
}
