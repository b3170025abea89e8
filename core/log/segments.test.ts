import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { setBatchBaseOffset } from '../records/index.ts';
import type { LogConfig } from './config.ts';
import type { Log } from './log.ts';
import { LogError } from './outcomes.ts';
import { appended, asClient, batchOf, logWorld, readAll } from './testing/world.ts';

const hour = 3_600_000;
const start = 1_700_000_000_000;

function bases(world: ReturnType<typeof logWorld>): number[] {
  const names = world.disk.list('/logs/t-0').filter((name) => name.endsWith('.log'));
  return names.map((name) => Number(name.slice(0, 20)));
}

async function filled(config: Partial<LogConfig>, timestamps: readonly number[]) {
  const world = logWorld(nodeCodecs, config);
  const log = await world.open();
  for (const timestamp of timestamps) appended(log.append(batchOf(nodeCodecs, 'x', 1, { timestamp }), asClient));
  return { world, log };
}

describe('a new segment begins', () => {
  const size = batchOf(nodeCodecs, 'x').length;
  const even = (count: number) => Array.from({ length: count }, (_, i) => start + i);

  test('when the batch would pass segment.bytes', async () => {
    const { world } = await filled({ segmentBytes: size * 3 }, even(7));
    expect(bases(world)).toEqual([0, 3, 6]);
  });

  test('when its timestamp is more than segment.ms after that of the first batch, not after the wall clock', async () => {
    const { world } = await filled({ segmentMs: hour }, [start, start + hour, start + hour + 1, start + 2 * hour]);
    expect(bases(world)).toEqual([0, 2]);
  });

  test('by the wall clock when the batches have no timestamps', async () => {
    const { world, log } = await filled({ segmentMs: hour }, [-1, -1]);
    world.time.nowMs += hour + 1;
    appended(log.append(batchOf(nodeCodecs, 'x', 1, { timestamp: -1 }), asClient));
    expect(bases(world)).toEqual([0, 2]);
  });

  test('when an index is full', async () => {
    const { world } = await filled({ indexIntervalBytes: 0, segmentIndexBytes: 12 * 4 }, even(12));
    // The time index holds four entries and keeps one free; the first batch makes none.
    expect(bases(world)).toEqual([0, 4, 8]);
  });

  test('when an offset does not fit in 32 bits', async () => {
    const world = logWorld(nodeCodecs, { cleanupPolicy: 'compact' });
    const log = await world.open();
    const far = batchOf(nodeCodecs, 'far');
    setBatchBaseOffset(far, 0, 2 ** 31);
    log.append(batchOf(nodeCodecs, 'near'), asClient);
    appended(log.append(far, { origin: 'replication', leaderEpoch: 0 }));
    expect(bases(world)).toEqual([0, 2 ** 31]);
    expect(readAll(log, nodeCodecs).map((record) => record.offset)).toEqual([0, 2 ** 31]);
    await log.close();
    for (const cleanShutdown of [true, false]) {
      const again = await world.open({ cleanShutdown });
      expect(readAll(again, nodeCodecs).map((record) => record.offset)).toEqual([0, 2 ** 31]);
    }
  });

  test('in the middle of a turn, each batch in the right file', async () => {
    const world = logWorld(nodeCodecs, { segmentBytes: size * 2 });
    const log = await world.open();
    log.appendAll(even(5).map(() => ({ bytes: batchOf(nodeCodecs, 'x'), options: asClient })));
    expect(bases(world)).toEqual([0, 2, 4]);
    await log.close();
    const again = await world.open();
    expect(again.recovery.truncatedBytes).toBe(0);
    expect(readAll(again, nodeCodecs)).toHaveLength(5);
  });
});

describe('retention', () => {
  const size = batchOf(nodeCodecs, 'x').length;
  const twoPerSegment = { segmentBytes: size * 2 };
  const hours = (count: number) => Array.from({ length: count }, (_, i) => start + i * hour);

  async function retained(config: Partial<LogConfig>, act?: (log: Log) => void) {
    const { world, log } = await filled({ ...twoPerSegment, retentionMs: -1, ...config }, hours(8));
    world.time.nowMs = start + 8 * hour;
    log.setHighWatermark(log.logEndOffset);
    act?.(log);
    const deleted = log.deleteOldSegments();
    return { world, log, deleted, bases: bases(world) };
  }

  test('by time, up to the first segment that is young enough', async () => {
    const { log, deleted, bases } = await retained({ retentionMs: 5 * hour });
    expect({ deleted, bases, start: log.logStartOffset }).toEqual({ deleted: 1, bases: [2, 4, 6], start: 2 });
    expect(readAll(log, nodeCodecs)[0]!.offset).toBe(2);
    const read = { offset: 1, maxBytes: 1, minOneMessage: true, upTo: 8 };
    expect(log.read(read)).toMatchObject({ kind: 'refused', errorCode: LogError.offsetOutOfRange });
  });

  test('by size, as long as what remains is not smaller than retention.bytes', async () => {
    expect((await retained({ retentionBytes: size * 5 })).bases).toEqual([2, 4, 6]);
    expect((await retained({ retentionBytes: size * 4 })).bases).toEqual([4, 6]);
  });

  test('below the log start, also where the policy is compact alone', async () => {
    const { log, bases } = await retained({}, (log) => log.deleteRecords(5));
    expect({ bases, start: log.logStartOffset }).toEqual({ bases: [4, 6], start: 5 });
    const compact = { cleanupPolicy: 'compact' as const, retentionMs: 1, retentionBytes: 1 };
    expect((await retained(compact, (log) => log.maybeIncrementLogStartOffset(3))).bases).toEqual([2, 4, 6]);
  });

  test('never at or above the high watermark', async () => {
    const { world, log } = await filled({ ...twoPerSegment, retentionMs: 1 }, hours(8));
    world.time.nowMs = start + 100 * hour;
    log.setHighWatermark(5);
    expect(log.deleteOldSegments()).toBe(2);
    expect(bases(world)).toEqual([4, 6]);
  });

  test('of everything leaves an empty segment at the end; the files go after file.delete.delay.ms', async () => {
    const {
      world,
      log,
      bases: left,
    } = await retained({ retentionMs: hour, fileDeleteDelayMs: 1000 }, (log) => {
      log.updateConfig({ ...log.config, retentionMs: 0 });
    });
    expect(left).toEqual([8]);
    const deleted = () => world.disk.list('/logs/t-0').filter((name) => name.endsWith('.deleted')).length;
    expect(deleted()).toBeGreaterThan(8);
    world.time.nowMs += 999;
    log.removeDeletedFiles();
    expect(deleted()).toBeGreaterThan(8);
    world.time.nowMs += 1;
    log.removeDeletedFiles();
    expect(deleted()).toBe(0);
    expect(appended(log.append(batchOf(nodeCodecs, 'next'), asClient)).baseOffset).toBe(8);
    await log.close();
    const again = await world.open({ cleanShutdown: true, logStartOffset: log.logStartOffset });
    expect([again.logStartOffset, again.logEndOffset]).toEqual([8, 9]);
  });

  test('deletes records only up to the high watermark', async () => {
    const { log } = await filled(twoPerSegment, hours(4));
    log.setHighWatermark(3);
    expect(log.deleteRecords(4)).toEqual({ errorCode: LogError.offsetOutOfRange, logStartOffset: -1 });
    expect(log.deleteRecords(2)).toEqual({ errorCode: LogError.none, logStartOffset: 2 });
    expect(log.deleteRecords(1)).toEqual({ errorCode: LogError.none, logStartOffset: 2 });
  });

  test('a crash with deletions under way: what was renamed is gone, the log start holds', async () => {
    const { world, log } = await retained({ retentionMs: 5 * hour });
    const again = await world.open({ logStartOffset: log.logStartOffset });
    expect(world.disk.list('/logs/t-0').some((name) => name.endsWith('.deleted'))).toBe(false);
    expect(again.logStartOffset).toBe(2);
    expect(readAll(again, nodeCodecs)).toHaveLength(6);
  });
});

describe('indexes', () => {
  const spec = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 5 }), late: fc.nat(50), padding: fc.nat(120), gap: fc.nat(3) }),
    { minLength: 1, maxLength: 60 },
  );

  test('every lookup agrees with a walk over all records, before and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(spec, async (batches) => {
        const world = logWorld(nodeCodecs, { segmentBytes: 2000, cleanupPolicy: 'compact', tailCacheBytes: 0 });
        let log = await world.open();
        for (const [index, { count, late, padding, gap }] of batches.entries()) {
          const timestamp = start + index * 20 - late;
          const bytes = batchOf(nodeCodecs, `b${index}`, count, { timestamp, padding });
          // As a follower of a compacted topic gets them: with gaps.
          setBatchBaseOffset(bytes, 0, log.logEndOffset + gap);
          appended(log.append(bytes, { origin: 'replication', leaderEpoch: 0 }));
        }
        const all = readAll(log, nodeCodecs);
        for (const restart of ['none', 'clean', 'crash']) {
          if (restart !== 'none') {
            await log.close();
            log = await world.open({ cleanShutdown: restart === 'clean' });
          }
          expect(readAll(log, nodeCodecs)).toEqual(all);
          for (let offset = 0; offset < log.logEndOffset; offset += 3) {
            expect(readAll(log, nodeCodecs, offset, 1)[0]).toEqual(all.find((record) => record.offset >= offset));
          }
          for (let at = start - 60; at < start + batches.length * 20 + 10; at += 7) {
            const expected = all.find((record) => record.timestamp >= at);
            expect(log.offsetForTimestamp(at)?.offset).toBe(expected?.offset);
          }
          const newest = all.reduce((best, record) => (record.timestamp > best.timestamp ? record : best));
          expect(log.offsetOfMaxTimestamp()).toMatchObject({ offset: newest.offset, timestampMs: newest.timestamp });
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a wrong entry is noticed at the batch it points to, and rebuilt', async () => {
    const world = logWorld(nodeCodecs, { tailCacheBytes: 0 });
    const log = await world.open();
    for (let i = 0; i < 40; i++) log.append(batchOf(nodeCodecs, `b${i}`), asClient);
    log.roll();
    log.append(batchOf(nodeCodecs, 'last'), asClient);
    await log.close();
    const index = world.disk.open('/logs/t-0/00000000000000000000.index');
    const position = new Uint8Array(4);
    index.read(4, position);
    position[3]! += 5;
    index.write(4, [position]);
    const again = await world.open({ cleanShutdown: true });
    expect(readAll(again, nodeCodecs, 6)[0]).toMatchObject({ offset: 6, value: 'b6.0' });
    expect(readAll(again, nodeCodecs, 30)[0]).toMatchObject({ offset: 30, value: 'b30.0' });
  });

  test('of a segment that ends at the recovery point are not believed: they were not synced with its bytes', async () => {
    const world = logWorld(nodeCodecs);
    const log = await world.open();
    for (let i = 0; i < 20; i++) log.append(batchOf(nodeCodecs, 'x', 1, { timestamp: start + i }), asClient);
    log.roll();
    const file = world.disk.open('/logs/t-0/00000000000000000000.timeindex');
    file.truncate(file.size - 12);
    const again = await world.open({ recoveryPoint: 20 });
    expect(again.offsetOfMaxTimestamp()).toMatchObject({ offset: 19, timestampMs: start + 19 });
  });

  test.each(['.index', '.timeindex', '.txnindex'])('a %s of garbage is rebuilt when the log opens', async (suffix) => {
    const world = logWorld(nodeCodecs, { tailCacheBytes: 0, segmentBytes: 1000 });
    const log = await world.open();
    for (let i = 0; i < 40; i++) log.append(batchOf(nodeCodecs, `b${i}`), asClient);
    await log.close();
    for (const name of world.disk.list('/logs/t-0').filter((name) => name.endsWith('.log'))) {
      const file = world.disk.open(`/logs/t-0/${name.replace('.log', suffix)}`, { create: true });
      file.write(0, [new Uint8Array(13).fill(0xee)]);
    }
    const again = await world.open({ cleanShutdown: true });
    expect(readAll(again, nodeCodecs)).toEqual(readAll(await world.open(), nodeCodecs));
    expect(readAll(again, nodeCodecs)).toHaveLength(40);
  });
});
