import type { MemoryAnswer } from './memory-probe.ts';

export interface MemorySample extends MemoryAnswer {
  readonly seconds: number;
  readonly frames: number;
}

/** Below this many samples a run is too short to tell warming up from leaking. */
export const SAMPLES_MIN = 9;
/**
 * What may be added between the middle third of a run and its last: compiled code that still comes (under 1 MiB), the
 * offset index of what the honest and the well-formed wrote, and the connections that are open at that moment. A
 * byte kept per frame is beyond it in half an hour of some 16 million frames.
 */
export const LIVE_GROWTH_BYTES: number = 4 << 20;
/** Resident memory that is neither heap nor buffers: the allocator's arenas, which fill up and then stay. */
export const NATIVE_GROWTH_BYTES: number = 24 << 20;
const ROWS_MAX = 16;

/** What is held after a collection: objects and buffers. */
export function liveBytes(sample: MemoryAnswer): number {
  return sample.heapBytes + sample.externalBytes;
}

function nativeBytes(sample: MemoryAnswer): number {
  return sample.residentBytes - sample.heapCommittedBytes - sample.externalBytes;
}

/**
 * What grew by more than its bound between the lowest of the middle and of the last third; null when nothing did. Both
 * swing with the connections of the moment, native memory by 50 MiB: what is kept for good raises the floor.
 */
export function growth(samples: readonly MemorySample[]): string | null {
  if (samples.length < SAMPLES_MIN) return null;
  const third = Math.floor(samples.length / 3);
  const middle = samples.slice(third, samples.length - third);
  const last = samples.slice(samples.length - third);
  const rules = [
    { what: 'live memory', of: liveBytes, bound: LIVE_GROWTH_BYTES },
    { what: 'native memory', of: nativeBytes, bound: NATIVE_GROWTH_BYTES },
  ];
  for (const { what, of, bound } of rules) {
    const from = Math.min(...middle.map(of));
    const to = Math.min(...last.map(of));
    if (to - from > bound) return `${what} grew from ${mib(from)} to ${mib(to)}, by more than ${mib(bound)}`;
  }
  return null;
}

/** One line for each of at most 16 samples, evenly spread, the first and the last among them. */
export function formatSeries(samples: readonly MemorySample[]): string {
  const rows = Math.min(ROWS_MAX, samples.length);
  const picked = Array.from(
    { length: rows },
    (_, row) => samples[Math.round((row * (samples.length - 1)) / Math.max(1, rows - 1))]!,
  );
  const lines = picked.map((sample) =>
    [
      `${sample.seconds} s`,
      String(sample.frames),
      mib(liveBytes(sample)),
      mib(sample.heapBeforeBytes),
      mib(nativeBytes(sample)),
      mib(sample.residentBytes),
    ]
      .map((cell) => cell.padStart(12))
      .join(''),
  );
  const head = ['time', 'frames', 'live', 'heap before', 'native', 'resident']
    .map((cell) => cell.padStart(12))
    .join('');
  return [head, ...lines].join('\n');
}

function mib(bytes: number): string {
  return `${(bytes / 1048576).toFixed(1)} MiB`;
}
