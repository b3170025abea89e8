import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { DiskError } from '../runtime.ts';
import { LogDirectory } from './directory.ts';
import { LogError } from './outcomes.ts';
import { WatchedDisk } from './testing/watched-disk.ts';
import {
  appended,
  asClient,
  batchOf,
  directoryOptions,
  logWorld,
  readAll,
  StillTime,
  settle,
} from './testing/world.ts';

const watched = (): WatchedDisk => new WatchedDisk(createMemoryDisk());
const one = batchOf(nodeCodecs, 'a');
const syncs = (disk: WatchedDisk): string[] => disk.done.filter((entry) => entry.startsWith('sync'));

describe('flush', () => {
  test('one sync serves all who wait, and those who come during it share the next', async () => {
    const disk = watched();
    const log = await logWorld(nodeCodecs, {}, disk).open();
    await log.flush();
    log.append(one, asClient);
    disk.done.length = 0;
    disk.hold();
    const order: string[] = [];
    const first = [log.flush().then(() => order.push('a')), log.flush(1).then(() => order.push('b'))];
    await settle();
    log.append(one, asClient);
    const second = [log.flush().then(() => order.push('c')), log.flush().then(() => order.push('d'))];
    await settle();
    expect(log.durableOffset).toBe(0);
    expect(order).toEqual([]);
    disk.release();
    await Promise.all([...first, ...second]);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    expect(log.durableOffset).toBe(2);
    expect(syncs(disk).filter((entry) => entry.endsWith('.log'))).toHaveLength(2);
    await log.flush();
    expect(syncs(disk).filter((entry) => entry.endsWith('.log'))).toHaveLength(2);
  });

  test('bytes, side files of closed segments, their snapshot, the epochs, the directory: in that order', async () => {
    const disk = watched();
    const log = await logWorld(nodeCodecs, {}, disk).open();
    log.append(one, { ...asClient, leaderEpoch: 4 });
    disk.hold();
    log.roll();
    log.append(one, { ...asClient, leaderEpoch: 5 });
    disk.done.length = 0;
    const flushed = log.flush();
    disk.release();
    await flushed;
    const short = syncs(disk).map((entry) => entry.replace('/logs/t-0', '').replace(/0{19}/, ''));
    expect(short).toEqual([
      'sync /0.log',
      'sync /0.index',
      'sync /0.timeindex',
      'sync /1.log',
      'sync /1.snapshot',
      'sync /leader-epoch-checkpoint.tmp',
      'syncDirectory ',
      'syncDirectory ',
    ]);
  });

  test('a failed sync takes the log offline and is not tried again', async () => {
    const disk = watched();
    const errors: DiskError[] = [];
    const log = await logWorld(nodeCodecs, {}, disk).open({ onDiskError: (error) => errors.push(error) });
    log.append(one, asClient);
    let tries = 0;
    disk.refuse = (operation) => (operation === 'sync' && ++tries > 0 ? 'EIO' : null);
    disk.hold();
    const waiting = [log.flush()];
    await settle();
    log.append(one, asClient);
    waiting.push(log.flush());
    disk.release();
    for (const settled of await Promise.allSettled(waiting)) expect(settled.status).toBe('rejected');
    await expect(log.flush()).rejects.toMatchObject({ code: 'EIO' });
    expect(tries).toBe(1);
    expect(errors).toHaveLength(1);
    expect(log.durableOffset).toBe(0);
    expect(log.health.kind).toBe('offline');
    expect(log.append(one, asClient)).toMatchObject({ kind: 'refused', errorCode: LogError.storageError });
    await log.close();
    expect(tries).toBe(1);
  });

  test('what was synced while the directory went offline is not promised any more', async () => {
    const disk = watched();
    const log = await logWorld(nodeCodecs, {}, disk).open();
    log.append(one, asClient);
    disk.hold();
    const flushed = log.flush();
    await settle();
    log.goOffline(new DiskError('EIO', '/logs', 'sync'));
    disk.release();
    await expect(flushed).rejects.toMatchObject({ code: 'EIO' });
  });

  test('flush.messages says when it is due, flush.ms flushes by itself', async () => {
    const time = new StillTime();
    const options = directoryOptions(nodeCodecs, createMemoryDisk(), time, { flushMessages: 3, flushMs: 200 });
    const directory = await LogDirectory.open(options);
    directory.start();
    const log = await directory.create('t', 0, new Uint8Array(16));
    const due = () => appended(log.append(one, asClient)).flushDue;
    expect([due(), due(), due()]).toEqual([false, false, true]);
    await log.flush();
    expect(due()).toBe(false);
    await time.pass(100);
    expect(log.durableOffset).toBe(3);
    await time.pass(1200);
    expect(log.durableOffset).toBe(4);
    await directory.close(1);
  });
});

describe('a write that fails', () => {
  test.each(['ENOSPC', 'EIO'] as const)(
    '%s: nothing of the turn is acknowledged, what was before stays',
    async (code) => {
      const inner = createMemoryDisk();
      const disk = new WatchedDisk(inner);
      const time = new StillTime();
      const offline: Error[] = [];
      const options = {
        ...directoryOptions(nodeCodecs, disk, time),
        onOffline: (reason: Error) => offline.push(reason),
      };
      const directory = await LogDirectory.open(options);
      const log = await directory.create('t', 0, new Uint8Array(16));
      const other = await directory.create('u', 0, new Uint8Array(16));
      appended(log.append(one, asClient));
      disk.refuse = (operation, path) => (operation === 'write' && path.endsWith('.log') ? code : null);
      const entries = [
        { bytes: one, options: asClient },
        { bytes: batchOf(nodeCodecs, 'b', 3), options: asClient },
      ];
      for (const result of log.appendAll(entries)) {
        expect(result).toMatchObject({ kind: 'refused', errorCode: LogError.storageError });
      }
      expect(offline).toHaveLength(1);
      expect(directory.state.kind).toBe('offline');
      expect(other.append(one, asClient)).toMatchObject({ kind: 'refused', errorCode: LogError.storageError });
      const read = { offset: 0, maxBytes: 100, minOneMessage: true, upTo: 1 };
      expect(log.read(read)).toMatchObject({ kind: 'refused', errorCode: LogError.storageError });
      await expect(directory.create('v', 0, new Uint8Array(16))).rejects.toMatchObject({ code });
      await directory.close(1);

      const again = await LogDirectory.open(directoryOptions(nodeCodecs, inner, time));
      expect(again.previousShutdown.clean).toBe(false);
      // Of the torn write whole batches may stand: they were never acknowledged, and never will be served torn.
      const survived = readAll(again.get('t', 0)!, nodeCodecs).map((record) => record.value);
      expect(['a.0', 'a.0,a.0']).toContain(survived.join());
    },
  );

  test('an error while reading takes the directory offline, too', async () => {
    const disk = watched();
    const log = await logWorld(nodeCodecs, { tailCacheBytes: 0 }, disk).open();
    log.append(one, asClient);
    disk.refuse = (operation) => (operation === 'read' ? 'EIO' : null);
    const read = { offset: 0, maxBytes: 100, minOneMessage: true, upTo: 1 };
    expect(log.read(read)).toMatchObject({ kind: 'refused', errorCode: LogError.storageError });
    expect(log.health.kind).toBe('offline');
  });

  test('an error that is no disk error is a bug and passes through', async () => {
    const disk = watched();
    const log = await logWorld(nodeCodecs, {}, disk).open();
    disk.refuse = () => {
      throw new TypeError('a mistake');
    };
    expect(() => log.append(one, asClient)).toThrow(TypeError);
  });
});

test('a turn is one write, and a read at the end of the log none', async () => {
  const disk = watched();
  const log = await logWorld(nodeCodecs, { tailCacheBytes: 1 << 16 }, disk).open();
  disk.done.length = 0;
  const entries = Array.from({ length: 10 }, (_, i) => ({ bytes: batchOf(nodeCodecs, `b${i}`), options: asClient }));
  log.appendAll(entries);
  expect(disk.done).toHaveLength(1);
  disk.refuse = (operation) => (operation === 'read' ? 'EIO' : null);
  expect(readAll(log, nodeCodecs)).toHaveLength(10);
  const read = { offset: 4, maxBytes: 100, minOneMessage: true, upTo: 10 };
  const [first, second] = [log.read(read), log.read(read)];
  if (first.kind !== 'read' || second.kind !== 'read') throw new Error('refused');
  expect(first.bytes.buffer).toBe(second.bytes.buffer);
});

test('the given bytes stay as they were', async () => {
  const log = await logWorld(nodeCodecs).open();
  log.append(one, asClient);
  const given = batchOf(nodeCodecs, 'x', 2);
  const before = given.slice();
  appended(log.append(given, { ...asClient, leaderEpoch: 9, logAppendTimeMs: 5 }));
  expect(given).toEqual(before);
});
