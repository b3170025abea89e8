import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import type { Disk } from '../runtime.ts';
import { LogDirectory } from './directory.ts';
import type { Log } from './log.ts';
import { LogError } from './outcomes.ts';
import {
  appended,
  asClient,
  batchOf,
  directoryOptions,
  type LogWorld,
  logWorld,
  readAll,
  StillTime,
} from './testing/world.ts';

const size = batchOf(nodeCodecs, 'b0').length;

/** Twenty batches of one record, five to a segment, left as a crash leaves them. */
async function twenty(): Promise<LogWorld> {
  const world = logWorld(nodeCodecs, { segmentBytes: size * 5 });
  const log = await world.open();
  for (let i = 0; i < 20; i++) appended(log.append(batchOf(nodeCodecs, `b${i % 10}`), asClient));
  return world;
}

function flip(disk: Disk, segment: number, at: number, directory = '/logs/t-0'): void {
  const file = disk.open(`${directory}/${String(segment).padStart(20, '0')}.log`);
  const byte = new Uint8Array(1);
  file.read(at, byte);
  byte[0]! ^= 0x40;
  file.write(at, [byte]);
}

const offsets = (log: Log): number[] => readAll(log, nodeCodecs).map((record) => record.offset);
const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe('a bad batch after an unclean end', () => {
  test('at or above the recovery point is a torn tail: it goes, with all that follows', async () => {
    const world = await twenty();
    flip(world.disk, 10, size * 2 + 70);
    const log = await world.open({ recoveryPoint: 12 });
    expect(log.health).toEqual({ kind: 'healthy' });
    expect(log.recovery).toMatchObject({ truncatedBytes: size * 8, truncationReason: 'the CRC of a batch is wrong' });
    expect(offsets(log)).toEqual(upTo(12));
    expect(world.disk.list('/logs/t-0').filter((name) => /^0*15\./.test(name))).toEqual([]);
    expect(appended(log.append(batchOf(nodeCodecs, 'next'), asClient)).baseOffset).toBe(12);
  });

  test('the variant that believes every batch serves it', async () => {
    const world = await twenty();
    flip(world.disk, 10, size * 2 + 70);
    const log = await world.open({ recoveryPoint: 12, faults: { skipRecoveryCrc: true } });
    expect(log.recovery.truncatedBytes).toBe(0);
    expect(log.logEndOffset).toBe(20);
  });

  test.each([13, 20])(
    'below the recovery point %i is damage: kept, told, not served, not appended to',
    async (point) => {
      const world = await twenty();
      flip(world.disk, 10, size * 2 + 70);
      const log = await world.open({ recoveryPoint: point });
      // A recovery point in the last segment leaves the ones before it unchecked: their batches were checked once.
      if (point === 20) {
        expect(log.recovery.segmentsRecovered).toBe(1);
        return;
      }
      expect(log.health).toMatchObject({ kind: 'corrupt', fromOffset: 12 });
      expect(log.recovery.truncatedBytes).toBe(0);
      const at = (offset: number) => log.read({ offset, maxBytes: 1 << 20, minOneMessage: true, upTo: 20 });
      expect(at(10)).toMatchObject({ kind: 'read', nextOffset: 12 });
      expect(at(12)).toMatchObject({ kind: 'refused', errorCode: LogError.corruptMessage });
      expect(at(15)).toMatchObject({ kind: 'refused', errorCode: LogError.corruptMessage });
      expect(log.append(batchOf(nodeCodecs, 'x'), asClient)).toMatchObject({ errorCode: LogError.storageError });
      expect(log.deleteOldSegments()).toBe(0);
      expect(log.recoveryPoint).toBeGreaterThan(12);
      await log.close();
      // The next start finds it again.
      const again = await world.open({ recoveryPoint: log.recoveryPoint });
      expect(again.health).toMatchObject({ kind: 'corrupt', fromOffset: 12 });
      await again.truncateTo(12);
      expect(again.health).toEqual({ kind: 'healthy' });
      expect(again.recoveryPoint).toBe(12);
      expect(appended(again.append(batchOf(nodeCodecs, 'x'), asClient)).baseOffset).toBe(12);
      const healed = await world.open({ recoveryPoint: 12 });
      expect(offsets(healed)).toEqual(upTo(13));
    },
  );

  test('durable bytes that are missing are told', async () => {
    const world = await twenty();
    const file = world.disk.open('/logs/t-0/00000000000000000015.log');
    file.truncate(size * 2);
    expect((await world.open({ recoveryPoint: 19 })).recovery.missingFromOffset).toBe(17);
  });

  test.each([
    ['zeros', 0],
    ['garbage', 0xa7],
  ])('a tail of %s of any length is cut off', async (_, fill) => {
    for (const length of [1, 11, 12, 13, 16, 17, 60, 61, 200, 5000]) {
      const world = await twenty();
      const file = world.disk.open('/logs/t-0/00000000000000000015.log');
      file.write(file.size, [new Uint8Array(length).fill(fill)]);
      const log = await world.open({ recoveryPoint: 20 });
      expect([log.health.kind, log.recovery.truncatedBytes, log.logEndOffset]).toEqual(['healthy', length, 20]);
    }
  });

  test('a missing segment ends the log before it, unless compaction may have made the gap', async () => {
    const world = await twenty();
    world.disk.unlink('/logs/t-0/00000000000000000010.log');
    const compacted = logWorld(nodeCodecs, { cleanupPolicy: 'compact' }, world.disk);
    expect(offsets(await compacted.open({ recoveryPoint: 3 }))).toEqual([...upTo(10), 15, 16, 17, 18, 19]);
    const log = await world.open({ recoveryPoint: 3 });
    expect(log.recovery.truncationReason).toBe('a segment is missing');
    expect(offsets(log)).toEqual(upTo(10));
  });
});

test('after an orderly end a tail that is no batch is damage', async () => {
  const world = await twenty();
  const log = await world.open();
  await log.close();
  const file = world.disk.open('/logs/t-0/00000000000000000015.log');
  file.truncate(file.size - 3);
  const again = await world.open({ cleanShutdown: true });
  expect(again.health).toMatchObject({ kind: 'corrupt', fromOffset: 19 });
});

test('a directory with a damaged log leaves no marker of an orderly end, and finds the damage again', async () => {
  const disk = createMemoryDisk();
  const time = new StillTime();
  const open = (): Promise<LogDirectory> => LogDirectory.open(directoryOptions(nodeCodecs, disk, time));
  let directory = await open();
  const log = await directory.create('t', 0, new Uint8Array(16));
  for (let i = 0; i < 5; i++) log.append(batchOf(nodeCodecs, `b${i}`), asClient);
  await log.flush();
  await directory.writeCheckpoints();
  flip(disk, 0, size * 3 + 70);
  for (let i = 0; i < 2; i++) {
    directory = await open();
    expect(directory.get('t', 0)!.health).toMatchObject({ kind: 'corrupt', fromOffset: 3 });
    await directory.close(1);
  }
  directory = await open();
  expect(directory.previousShutdown.clean).toBe(false);
  await directory.get('t', 0)!.truncateTo(3);
  await directory.close(1);
  directory = await open();
  expect(directory.previousShutdown.clean).toBe(true);
  expect(offsets(directory.get('t', 0)!)).toEqual([0, 1, 2]);
});
