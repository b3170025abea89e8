import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { LogDirectory } from './directory.ts';
import { LogError } from './outcomes.ts';
import { appended, asClient, batchOf, directoryOptions, logWorld, readAll, StillTime } from './testing/world.ts';

const values = (records: readonly { value: string | null }[]): (string | null)[] =>
  records.map((record) => record.value);

describe('append and read', () => {
  test('what was appended is read back, from the cache and from the disk', async () => {
    const { open } = logWorld(nodeCodecs);
    const log = await open();
    const expected: string[] = [];
    for (let i = 0; i < 100; i++) {
      const result = appended(log.append(batchOf(nodeCodecs, `b${i}`, 3), asClient));
      expect(result.baseOffset).toBe(i * 3);
      for (let k = 0; k < 3; k++) expected.push(`b${i}.${k}`);
    }
    expect(values(readAll(log, nodeCodecs))).toEqual(expected);
    for (let from = 0; from < 300; from += 7) expect(readAll(log, nodeCodecs, from)[0]!.offset).toBe(from);
    await log.flush();
    expect(log.durableOffset).toBe(300);
    await log.close();
    const again = await open({ cleanShutdown: true });
    expect(again.recovery.clean).toBe(true);
    expect(values(readAll(again, nodeCodecs))).toEqual(expected);
    await again.close();
    const unclean = await open({ recoveryPoint: 10 });
    expect(unclean.recovery.batchesChecked).toBe(100);
    expect(values(readAll(unclean, nodeCodecs))).toEqual(expected);
  });

  test('the end of the log is empty, beyond it is out of range', async () => {
    const log = await logWorld(nodeCodecs).open();
    log.append(batchOf(nodeCodecs, 'a'), asClient);
    const at = (offset: number) => log.read({ offset, maxBytes: 100, minOneMessage: true, upTo: 99 });
    expect(at(1)).toMatchObject({ kind: 'read', firstOffset: -1, nextOffset: 1 });
    expect(at(2)).toMatchObject({ kind: 'refused', errorCode: LogError.offsetOutOfRange });
    expect(at(-1)).toMatchObject({ kind: 'refused', errorCode: LogError.offsetOutOfRange });
  });
});

describe('directory', () => {
  test('partitions, offsets and the shutdown marker survive', async () => {
    const time = new StillTime();
    const disk = createMemoryDisk();
    const options = directoryOptions(nodeCodecs, disk, time, { segmentBytes: 500 });
    const directory = await LogDirectory.open(options);
    expect(directory.previousShutdown).toEqual({ clean: false, brokerEpoch: -1 });
    const id = new Uint8Array(16).fill(7);
    const log = await directory.create('orders', 3, id);
    for (let i = 0; i < 20; i++) appended(log.append(batchOf(nodeCodecs, `b${i}`), asClient));
    log.setHighWatermark(15);
    await directory.close(42);
    const again = await LogDirectory.open(options);
    expect(again.previousShutdown).toEqual({ clean: true, brokerEpoch: 42 });
    expect(again.directoryId).toEqual(directory.directoryId);
    expect(again.checkpointedHighWatermark('orders', 3)).toBe(15);
    expect(again.logs().map((found) => [found.topic, found.partition, found.topicId])).toEqual([['orders', 3, id]]);
    expect(readAll(again.get('orders', 3)!, nodeCodecs)).toHaveLength(20);
  });
});
