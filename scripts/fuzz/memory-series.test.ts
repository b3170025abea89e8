import { expect, test } from 'vitest';
import { formatSeries, growth, LIVE_GROWTH_BYTES, type MemorySample, NATIVE_GROWTH_BYTES } from './memory-series.ts';

const MIB = 1 << 20;

function series(length: number, of: (index: number) => { heap?: number; native?: number }): MemorySample[] {
  return Array.from({ length }, (_, index) => {
    const { heap = 20 * MIB, native = 100 * MIB } = of(index);
    return {
      seconds: index * 5,
      frames: index * 1000,
      heapBeforeBytes: heap * 2,
      heapBytes: heap,
      heapCommittedBytes: 2 * heap,
      externalBytes: 10 * MIB,
      residentBytes: 2 * heap + 10 * MIB + native,
    };
  });
}

test('warming up and then standing still is no growth', () => {
  expect(growth(series(60, (index) => ({ heap: Math.min(index, 20) * MIB })))).toBeNull();
});

test('single peaks are no growth', () => {
  expect(growth(series(60, (index) => ({ heap: (index % 7 === 0 ? 90 : 20) * MIB })))).toBeNull();
});

test('what is kept per frame is growth, however slow', () => {
  // The first of the middle and of the last third stand twenty samples apart.
  const step = LIVE_GROWTH_BYTES / 20;
  expect(growth(series(60, (index) => ({ heap: 20 * MIB + index * step * 0.9 })))).toBeNull();
  expect(growth(series(60, (index) => ({ heap: 20 * MIB + index * step * 1.2 })))).toMatch(/^live memory grew/);
  expect(growth(series(60, (index) => ({ native: 100 * MIB + (index * 4 * NATIVE_GROWTH_BYTES) / 60 })))).toMatch(
    /^native memory grew/,
  );
});

test('a long series is shown in sixteen rows, from the first sample to the last', () => {
  const lines = formatSeries(series(100, () => ({}))).split('\n');
  expect(lines).toHaveLength(17);
  expect(lines[1]).toMatch(/^ +0 s +0 /);
  expect(lines[16]).toMatch(/^ +495 s +99000 /);
});
