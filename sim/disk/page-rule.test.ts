import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import { SimFile, type SyncTicket } from './file.ts';
import { PAGE_BYTES } from './page-history.ts';
import { type CrashOutcome, losePower } from './page-rule.ts';

const SECTOR_BYTES = 512;
const OUTCOMES: readonly CrashOutcome[] = ['all-lost', 'prefix', 'subset', 'all-kept'];

const visible = (file: SimFile): Uint8Array => {
  const bytes = new Uint8Array(file.size);
  expect(file.read(0, bytes)).toBe(file.size);
  return bytes;
};

/** `length` bytes of `content` from `at`, and zeros where it has none; `limit` cuts it first. */
const part = (content: Uint8Array, at: number, length: number, limit = Infinity): string => {
  const bytes = new Uint8Array(length);
  bytes.set(content.subarray(at, Math.max(at, Math.min(at + length, limit))));
  return Buffer.from(bytes).toString('latin1');
};

type Operation =
  | { kind: 'append'; length: number }
  | { kind: 'write'; at: number; length: number }
  | { kind: 'truncate'; at: number }
  | { kind: 'sync' }
  | { kind: 'ask for sync' }
  | { kind: 'finish sync' };

const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('append' as const), length: fc.integer({ min: 1, max: 5000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        at: fc.nat(9000),
        length: fc.integer({ min: 1, max: 3000 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: fc.nat(12_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'ask for sync' as const, 'finish sync' as const) }),
    },
  ),
  { maxLength: 14 },
);

/** Runs the operations; returns what the file has shown since the last sync that ended, that moment first. */
function play(file: SimFile, steps: readonly Operation[]): Uint8Array[] {
  let snapshots = [visible(file)];
  let durableAt = 0;
  let clock = 0;
  const asked: { ticket: SyncTicket; at: number }[] = [];
  const finish = (): void => {
    const sync = asked.shift();
    if (sync === undefined) return;
    file.completeSync(sync.ticket);
    if (sync.at <= durableAt) return;
    snapshots = snapshots.slice(sync.at - durableAt);
    durableAt = sync.at;
  };
  let byte = 0;
  for (const step of steps) {
    if (step.kind === 'append' || step.kind === 'write') {
      const at = step.kind === 'append' ? file.size : step.at;
      const chunk = new Uint8Array(step.length).map((_, index) => ((byte + index * 7) % 255) + 1);
      byte += 13;
      file.write(at, [chunk.subarray(0, 100), chunk.subarray(100)], chunk.length);
    } else if (step.kind === 'truncate') {
      file.truncate(step.at);
    } else if (step.kind === 'finish sync') {
      finish();
      continue;
    } else {
      asked.push({ ticket: file.beginSync(), at: clock });
      if (step.kind === 'sync') while (asked.length > 0) finish();
      continue;
    }
    clock++;
    snapshots.push(visible(file));
  }
  return snapshots;
}

test('what a power loss leaves of a file is what the page rule allows', () => {
  let tears = 0;
  fc.assert(
    fc.property(operations, fc.constantFrom(...OUTCOMES), fc.string(), (steps, outcome, seed) => {
      const file = new SimFile(0);
      const snapshots = play(file, steps);
      const before = snapshots.at(-1)!;
      const sizes = [...new Set(snapshots.map((each) => each.length))];
      losePower(file, outcome, createRandom(seed));
      const after = visible(file);
      expect(file.dirty).toBe(false);
      expect(file.durableSize).toBe(after.length);
      if (outcome === 'all-kept') expect(Buffer.compare(after, before)).toBe(0);
      if (outcome === 'all-lost') {
        const truncations = steps.filter((each) => each.kind === 'truncate').length;
        if (truncations < 4) expect(Buffer.compare(after, snapshots[0]!)).toBe(0);
      }
      expect(after.length).toBeGreaterThanOrEqual(Math.min(...sizes));
      expect(after.length).toBeLessThanOrEqual(Math.max(...sizes));

      const torn: number[] = [];
      for (let at = 0; at < after.length; at += PAGE_BYTES) {
        const length = Math.min(PAGE_BYTES, after.length - at);
        const found = part(after, at, length);
        const real = snapshots.some((each) => sizes.some((size) => part(each, at, length, size) === found));
        if (!real) torn.push(at);
      }
      expect(torn.length).toBeLessThanOrEqual(1);
      for (const at of torn) {
        tears++;
        let garbage = 0;
        for (let sector = at; sector < Math.min(at + PAGE_BYTES, after.length); sector += SECTOR_BYTES) {
          const length = Math.min(SECTOR_BYTES, after.length - sector);
          const found = part(after, sector, length);
          if (snapshots.some((each) => sizes.some((size) => part(each, sector, length, size) === found))) continue;
          garbage++;
          // Garbage never where every state agrees on bytes: those were durable all along.
          const durable = snapshots.every((each) => each.length > sector && each[sector] === snapshots[0]![sector]);
          expect(durable).toBe(false);
        }
        expect(garbage).toBeLessThanOrEqual(1);
      }
      file.truncate(after.length + 5000);
      expect(part(visible(file), after.length, 5000)).toBe('\0'.repeat(5000));
    }),
    { numRuns: 1000 },
  );
  expect(tears).toBeGreaterThan(0);
});

test('synced bytes that nothing has touched since always survive', () => {
  fc.assert(
    fc.property(operations, operations, fc.constantFrom(...OUTCOMES), fc.string(), (early, late, outcome, seed) => {
      const file = new SimFile(0);
      play(file, [...early, { kind: 'sync' }]);
      const durable = visible(file);
      const untouched = new Uint8Array(durable.length).fill(1);
      let size = file.size;
      for (const step of late) {
        if (step.kind === 'write') untouched.fill(0, step.at, step.at + step.length);
        if (step.kind === 'truncate') untouched.fill(0, step.at);
        if (step.kind === 'append') untouched.fill(0, size, size + step.length);
        if (step.kind === 'append') size += step.length;
        else if (step.kind === 'write') size = Math.max(size, step.at + step.length);
        else if (step.kind === 'truncate') size = step.at;
      }
      play(file, late);
      losePower(file, outcome, createRandom(seed));
      const after = visible(file);
      for (let at = 0; at < durable.length; at++) {
        if (untouched[at] === 1 && after[at] !== durable[at]) expect.unreachable(`byte ${at} was durable`);
      }
    }),
    { numRuns: 500 },
  );
});

test('every kind of outcome happens: lost, cut within a write, a hole of zeros, a size without contents, a tear', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 400; seed++) {
    const file = new SimFile(0);
    for (let index = 0; index < 6; index++) file.write(file.size, [new Uint8Array(3000).fill(index + 1)], 3000);
    losePower(file, OUTCOMES[seed % 4]!, createRandom(seed));
    const after = visible(file);
    if (after.length === 0) seen.add('all lost');
    if (after.length === 18_000 && !after.includes(0)) seen.add('all kept');
    if (after.length === 18_000 && after.subarray(12_288).every((byte) => byte === 0)) seen.add('size first');
    if (after.length % 3000 !== 0 && after.length % PAGE_BYTES === 0) seen.add('cut at a page');
    if (after.length % 3000 === 0 && after.length > 0 && after.length < 18_000) seen.add('cut at a write');
    if (after.length > 8192 && after.subarray(0, 4096).every((byte) => byte === 0) && after[5000] !== 0)
      seen.add('hole');
    if (after.some((byte) => byte > 6)) seen.add('garbage');
  }
  expect([...seen].sort()).toEqual([
    'all kept',
    'all lost',
    'cut at a page',
    'cut at a write',
    'garbage',
    'hole',
    'size first',
  ]);
});

test('a truncation may be undone by a power loss until a sync has followed it', () => {
  const sizes = (syncs: boolean): number[] => {
    const found = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const file = new SimFile(0);
      file.write(0, [new Uint8Array(10_000).fill(1)], 10_000);
      file.completeSync(file.beginSync());
      file.truncate(5000);
      if (syncs) file.completeSync(file.beginSync());
      losePower(file, OUTCOMES[seed % 4]!, createRandom(seed));
      expect(visible(file).every((byte) => byte === 1)).toBe(true);
      found.add(file.size);
    }
    return [...found].sort();
  };
  expect(sizes(false)).toEqual([10_000, 5000]);
  expect(sizes(true)).toEqual([5000]);
});

test.each(['keep', 'revert'] as const)('a failed sync leaves clean pages that a power loss takes (%s)', (mode) => {
  const file = new SimFile(0);
  file.write(0, [new Uint8Array(5000).fill(1)], 5000);
  file.completeSync(file.beginSync());
  file.write(4000, [new Uint8Array(8000).fill(2)], 8000);
  file.failSync(mode);
  expect(file.size).toBe(12_000);
  expect(visible(file)[4500]).toBe(mode === 'keep' ? 2 : 1);
  expect(visible(file)[11_000]).toBe(mode === 'keep' ? 2 : 0);
  // The next sync succeeds, and makes nothing of it durable.
  file.completeSync(file.beginSync());
  // Bytes written after the failure are durable by the sync after them: the whole page that holds them.
  file.write(12_000, [new Uint8Array(10).fill(3)], 10);
  file.completeSync(file.beginSync());
  losePower(file, 'all-kept', createRandom(1));
  const after = visible(file);
  expect(after.subarray(0, 4000).every((byte) => byte === 1)).toBe(true);
  expect([after[4500], after[6000]]).toEqual([1, 0]);
  expect([after[12_000], after[11_000]]).toEqual([3, mode === 'keep' ? 2 : 0]);
});
