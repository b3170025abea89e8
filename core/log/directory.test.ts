import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { createRandom } from '../random.ts';
import type { Disk } from '../runtime.ts';
import type { LogConfig } from './config.ts';
import { LogDirectory } from './directory.ts';
import { readText } from './durable-file.ts';
import { formatUuid, parseMetaProperties, parseUuid } from './metadata-files.ts';
import { deletedDirectoryName, isDeletedDirectory, parsePartitionDirectory } from './partition-directory.ts';
import { CrashDisk } from './testing/crash-disk.ts';
import { WatchedDisk } from './testing/watched-disk.ts';
import { appended, asClient, batchOf, directoryOptions, readAll, StillTime } from './testing/world.ts';

const id = Uint8Array.from({ length: 16 }, (_, index) => index * 17);

function world(config: Partial<LogConfig> = {}, disk: Disk = createMemoryDisk()) {
  const time = new StillTime();
  const options = directoryOptions(nodeCodecs, disk, time, config);
  return { disk, time, options, open: () => LogDirectory.open(options) };
}

const text = (disk: Disk, name: string): string | null => readText(disk, `/logs/${name}`);
const one = batchOf(nodeCodecs, 'a');

describe('a log directory', () => {
  test('keeps partitions, offsets and the broker epoch of its orderly end', async () => {
    const { open } = world({ segmentBytes: 500 });
    const directory = await open();
    expect(directory.previousShutdown).toEqual({ clean: false, brokerEpoch: -1 });
    const log = await directory.create('orders-eu', 3, id);
    expect(await directory.create('orders-eu', 3, id)).toBe(log);
    for (let i = 0; i < 20; i++) appended(log.append(batchOf(nodeCodecs, `b${i}`), asClient));
    log.setHighWatermark(15);
    log.deleteRecords(4);
    await directory.close(42);
    await directory.close(42);
    const again = await open();
    expect(again.previousShutdown).toEqual({ clean: true, brokerEpoch: 42 });
    expect(again.directoryId).toEqual(directory.directoryId);
    expect(again.checkpointedHighWatermark('orders-eu', 3)).toBe(15);
    expect(again.checkpointedHighWatermark('orders', 3)).toBe(0);
    expect(again.get('orders-eu', 3)!.highWatermark).toBe(15);
    const [found] = again.logs();
    expect([found!.topic, found!.partition, found!.topicId]).toEqual(['orders-eu', 3, id]);
    expect(found!.log.logStartOffset).toBe(4);
    expect(readAll(found!.log, nodeCodecs)).toHaveLength(16);
    // Opened, but not closed in order.
    expect((await open()).previousShutdown.clean).toBe(false);
  });

  test('acts upon no checkpoint that a power loss may still take back', async () => {
    const medium = new CrashDisk();
    const disk = new WatchedDisk(medium);
    const { open } = world({}, disk);
    const log = await (await open()).create('t', 0, id);
    appended(log.append(one, asClient));
    await log.flush();
    disk.refuse = (operation, path) => (operation === 'syncDirectory' && path === '/logs' ? 'EIO' : null);
    // Renamed into place, but the directory could not be synced.
    await expect(log.truncateTo(0)).rejects.toThrow('EIO');
    disk.refuse = () => null;
    await open();
    const seen = text(disk, 'recovery-point-offset-checkpoint');
    expect(seen).toMatch(/t 0 0/);
    const random = createRandom('power loss');
    for (let i = 0; i < 10; i++) {
      expect(text(medium.afterPowerLoss(random), 'recovery-point-offset-checkpoint')).toBe(seen);
    }
  });

  test('writes the texts that Kafka writes', async () => {
    const { disk, open } = world();
    const directory = await open();
    const log = await directory.create('t', 0, id);
    appended(log.append(one, { ...asClient, leaderEpoch: 3 }));
    log.setHighWatermark(1);
    log.deleteRecords(1);
    await directory.close(11);
    expect(text(disk, 'meta.properties')).toBe(
      `#\nnode.id=1\ndirectory.id=${formatUuid(directory.directoryId)}\nversion=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\n`,
    );
    expect(text(disk, 't-0/partition.metadata')).toBe('version: 0\ntopic_id: ABEiM0RVZneImaq7zN3u_w');
    expect(text(disk, 't-0/leader-epoch-checkpoint')).toBe('0\n1\n3 1\n');
    for (const name of ['recovery-point', 'replication', 'log-start']) {
      expect(text(disk, `${name}-offset-checkpoint`)).toBe('0\n1\nt 0 1\n');
    }
    expect(text(disk, '.kafka_cleanshutdown')).toBe('{"version":0,"brokerEpoch":11}');
  });

  test('is refused to another node and another cluster', async () => {
    const { options, open } = world();
    await (await open()).close(1);
    await expect(LogDirectory.open({ ...options, nodeId: 2 })).rejects.toThrow('belongs to node 1');
    await expect(LogDirectory.open({ ...options, clusterId: 'other' })).rejects.toThrow('belongs to cluster');
  });

  test('a deleted partition is gone at once, its files after the delay; a new one of its name starts anew', async () => {
    const { disk, time, open } = world({ fileDeleteDelayMs: 60_000 });
    const directory = await open();
    const log = await directory.create('t', 0, id);
    for (let i = 0; i < 5; i++) log.append(one, asClient);
    log.setHighWatermark(5);
    await log.flush();
    await directory.writeCheckpoints();
    await directory.delete('t', 0);
    await directory.delete('t', 0);
    expect(directory.get('t', 0)).toBeUndefined();
    expect(text(disk, 'recovery-point-offset-checkpoint')).toBe('0\n0\n');
    const marked = () => disk.list('/logs').filter(isDeletedDirectory);
    expect(marked()).toHaveLength(1);
    time.nowMs += 59_999;
    directory.runRetention();
    expect(marked()).toHaveLength(1);
    time.nowMs += 1;
    directory.runRetention();
    expect(marked()).toHaveLength(0);
    const anew = await directory.create('t', 0, id);
    expect([anew.logEndOffset, anew.health.kind]).toEqual([0, 'healthy']);
    expect(log.append(one, asClient).kind).toBe('refused');
    await directory.delete('t', 0);
    const again = await open();
    expect([marked(), again.logs()]).toEqual([[], []]);
  });

  test('checkpoints written at the same time follow one another', async () => {
    const { disk, open } = world();
    const directory = await open();
    const log = await directory.create('t', 0, id);
    for (let i = 0; i < 5; i++) log.append(one, asClient);
    log.setHighWatermark(2);
    const first = directory.writeCheckpoints();
    log.setHighWatermark(5);
    await Promise.all([first, directory.writeCheckpoints(), directory.writeCheckpoints()]);
    expect(text(disk, 'replication-offset-checkpoint')).toBe('0\n1\nt 0 5\n');
  });

  test('offsets left by a partition that is gone do not make a new one look damaged', async () => {
    const { disk, open } = world();
    await open();
    for (const name of ['recovery-point', 'replication', 'log-start']) {
      const file = disk.open(`/logs/${name}-offset-checkpoint`, { create: true });
      file.write(0, [new TextEncoder().encode('0\n1\nt 0 100\n')]);
    }
    const directory = await open();
    const log = await directory.create('t', 0, id);
    expect(directory.checkpointedHighWatermark('t', 0)).toBe(0);
    log.append(one, asClient);
    const file = disk.open('/logs/t-0/00000000000000000000.log');
    file.write(file.size, [one.subarray(0, 40)]);
    const again = (await open()).get('t', 0)!;
    expect([again.health.kind, again.recovery.missingFromOffset, again.logEndOffset]).toEqual(['healthy', null, 1]);
  });

  test('its timers apply retention, checkpoints and expiry until it is closed', async () => {
    const { disk, time, open } = world({ retentionMs: 100_000, segmentMs: 1 });
    const directory = await open();
    directory.start();
    const log = await directory.create('t', 0, id);
    for (let i = 0; i < 4; i++) log.append(batchOf(nodeCodecs, 'x', 1, { timestamp: time.nowMs + i * 10 }), asClient);
    log.setHighWatermark(4);
    await time.pass(30_000);
    expect(log.logStartOffset).toBe(0);
    await time.pass(31_000);
    expect(text(disk, 'replication-offset-checkpoint')).toBe('0\n1\nt 0 4\n');
    await time.pass(300_000);
    expect(log.logStartOffset).toBe(4);
    expect(text(disk, 'log-start-offset-checkpoint')).toBe('0\n1\nt 0 4\n');
    await directory.close(1);
    await time.pass(3_600_000);
  });

  test('the metadata log of KRaft belongs to another', async () => {
    const { disk, open } = world();
    disk.makeDirectory('/logs/__cluster_metadata-0');
    expect((await open()).logs()).toEqual([]);
  });
});

describe('what a crash amid compaction left', () => {
  async function closedTwice(disk: Disk) {
    const { open } = world({ segmentBytes: one.length * 3 }, disk);
    const directory = await open();
    const log = await directory.create('t', 0, id);
    for (let i = 0; i < 8; i++) log.append(one, asClient);
    await directory.close(1);
    return open;
  }
  const base = (offset: number, suffix: string): string => `/logs/t-0/${String(offset).padStart(20, '0')}${suffix}`;

  test('half-written cleaned segments are dropped', async () => {
    const disk = createMemoryDisk();
    const open = await closedTwice(disk);
    disk.open(base(0, '.log.cleaned'), { create: true }).write(0, [one]);
    disk.open(base(0, '.log.swap'), { create: true }).write(0, [one]);
    expect(readAll((await open()).get('t', 0)!, nodeCodecs)).toHaveLength(8);
    expect(disk.list('/logs/t-0').filter((name) => /cleaned|swap/.test(name))).toEqual([]);
  });

  test('a cleaned segment that was ready takes the place of those it was made from', async () => {
    const disk = createMemoryDisk();
    const open = await closedTwice(disk);
    const cleaned = batchOf(nodeCodecs, 'cleaned', 1, { baseOffset: 0, lastOffsetDelta: 5 });
    disk.open(base(0, '.log.swap'), { create: true }).write(0, [cleaned]);
    const log = (await open()).get('t', 0)!;
    expect(readAll(log, nodeCodecs).map((record) => record.value)).toEqual(['cleaned.0', 'a.0', 'a.0']);
    expect(disk.stat(base(3, '.log'))).toBeNull();
  });
});

describe('names', () => {
  test('of partitions', () => {
    expect(parsePartitionDirectory('a-b_c.d-12')).toEqual({ topic: 'a-b_c.d', partition: 12 });
    const hex = '0123456789abcdef0123456789abcdef';
    for (const name of ['t', 't-', '-1', 't-x', `t-0.${hex}-delete`, `t-0.${hex}-future`, 'meta.properties']) {
      expect(parsePartitionDirectory(name)).toBeNull();
    }
    const long = deletedDirectoryName({ topic: 'x'.repeat(249), partition: 7 }, id);
    expect(long).toHaveLength(255);
    expect(isDeletedDirectory(long)).toBe(true);
  });

  test('of uuids, as Kafka writes them', () => {
    expect(parseUuid(formatUuid(id))).toEqual(id);
    expect(formatUuid(parseUuid('mCjD6qZY1ecf0o-xzAmNJg')!)).toBe('mCjD6qZY1ecf0o-xzAmNJg');
    for (const bad of ['', 'short', 'mCjD6qZY1ecf0o-xzAmNJ!', 'mCjD6qZY1ecf0o-xzAmNJgA'])
      expect(parseUuid(bad)).toBeNull();
    expect(parseMetaProperties('version=0\ncluster.id=x\nbroker.id=1\n')).toContain('version');
  });
});
