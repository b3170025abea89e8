import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { batchCrcIsValid } from '../records/index.ts';
import type { Disk } from '../runtime.ts';
import type { AppendEntry } from './append.ts';
import { appended, asClient, batchOf, logWorld, readAll } from './testing/world.ts';

/** Counts the pieces of each write to a `.log` and its reads. */
function watched(): { readonly disk: Disk; readonly writes: number[]; reads: number } {
  const disk: Disk = createMemoryDisk({ wallMs: () => 0 });
  const seen = { disk, writes: [] as number[], reads: 0 };
  const open = disk.open.bind(disk);
  disk.open = (path, options) => {
    const file = open(path, options);
    if (!path.endsWith('.log')) return file;
    const write = file.write.bind(file);
    const read = file.read.bind(file);
    file.write = (position, chunks) => {
      seen.writes.push(chunks.length);
      write(position, chunks);
    };
    file.read = (position, target) => {
      seen.reads++;
      return read(position, target);
    };
    return file;
  };
  return seen;
}

const large = { padding: 300 };

test('while nobody reads, batches are written from where they lie; who reads at the end is served from memory', async () => {
  const seen = watched();
  const log = await logWorld(nodeCodecs, {}, seen.disk).open();
  const append = (name: string): void => void appended(log.append(batchOf(nodeCodecs, name, 1, large), asClient));
  const names: string[] = [];
  const appendMany = (count: number): void => {
    for (let index = 0; index < count; index++) {
      names.push(`b${names.length}`);
      append(names.at(-1)!);
    }
  };
  appendMany(30);
  // A new log takes it that somebody will read; then the stamped header and the rest go out as they are.
  expect(seen.writes[0]).toBe(1);
  expect(seen.writes.slice(-5)).toEqual([2, 2, 2, 2, 2]);

  seen.reads = 0;
  expect(readAll(log, nodeCodecs)).toHaveLength(30);
  expect(seen.reads).toBeGreaterThan(0);
  appendMany(3);
  expect(seen.writes.slice(-3)).toEqual([1, 1, 1]);
  seen.reads = 0;
  expect(readAll(log, nodeCodecs, 30)).toHaveLength(3);
  expect(seen.reads).toBe(0);

  // Somebody far behind the end is served from the file, and keeps nothing in memory.
  for (let index = 0; index < 40; index++) {
    appendMany(1);
    log.read({ offset: 0, maxBytes: 10, minOneMessage: true, upTo: 1 });
  }
  expect(seen.writes.at(-1)).toBe(2);
  expect(readAll(log, nodeCodecs).map(({ value }) => value!.split('.')[0])).toEqual(names);
});

type Step =
  | { readonly kind: 'append'; readonly batches: readonly { padding: number; as: 'client' | 'replica' | 'stamped' }[] }
  | { readonly kind: 'read'; readonly back: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      batches: fc.array(
        fc.record({
          padding: fc.nat(200),
          as: fc.constantFrom('client' as const, 'replica' as const, 'stamped' as const),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    fc.record({ kind: fc.constant('read' as const), back: fc.nat(30) }),
  ),
  { maxLength: 60 },
);

test('however batches get into the file, they stand there as they were given, at their offsets, with a good CRC', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(0, 256, 1024), async (all, tailCacheBytes) => {
      const world = logWorld(nodeCodecs, { tailCacheBytes, segmentBytes: 1500 });
      const log = await world.open();
      const expected: string[] = [];
      for (const step of all) {
        const end = log.logEndOffset;
        if (step.kind === 'read') {
          const from = Math.max(0, end - step.back);
          expect(readAll(log, nodeCodecs, from).map(({ value }) => value!)).toEqual(expected.slice(from));
          continue;
        }
        const entries = step.batches.map(({ padding, as }, index): AppendEntry => {
          const name = `r${end + index}`;
          expected.push(`${name}.0${'-'.repeat(padding)}`);
          if (as === 'replica') {
            const bytes = batchOf(nodeCodecs, name, 1, { padding, baseOffset: end + index, leaderEpoch: 0 });
            return { bytes, options: { origin: 'replication', leaderEpoch: 0 } };
          }
          const bytes = batchOf(nodeCodecs, name, 1, { padding });
          return { bytes, options: as === 'client' ? asClient : { ...asClient, logAppendTimeMs: 1_800_000_000_000 } };
        });
        const before = entries.map(({ bytes }) => bytes.slice());
        for (const result of log.appendAll(entries)) appended(result);
        expect(entries.map(({ bytes }) => bytes)).toEqual(before);
      }
      expect(readAll(log, nodeCodecs).map(({ value }) => value!)).toEqual(expected);
      for (let offset = 0; offset < log.logEndOffset; offset++) {
        const read = log.read({ offset, maxBytes: 1, minOneMessage: true, upTo: offset + 1 });
        expect(read.kind === 'read' && read.firstOffset === offset && batchCrcIsValid(read.bytes, 0, nodeCodecs)).toBe(
          true,
        );
      }
      await log.close();
      const again = await world.open();
      expect(again.recovery.batchesChecked).toBe(expected.length);
      expect(readAll(again, nodeCodecs).map(({ value }) => value!)).toEqual(expected);
      await again.close();
    }),
    { numRuns: 60 },
  );
});
