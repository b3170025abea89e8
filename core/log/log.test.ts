import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { batchCrcIsValid } from '../records/index.ts';
import { LogError } from './outcomes.ts';
import { appended, asClient, batchOf, logWorld, readAll } from './testing/world.ts';

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

test('a read returns whole batches within its bounds', async () => {
  const size = batchOf(nodeCodecs, 'b0', 2).length;
  for (const tailCacheBytes of [0, 1 << 16]) {
    const log = await logWorld(nodeCodecs, { tailCacheBytes }).open();
    for (let i = 0; i < 10; i++) log.append(batchOf(nodeCodecs, `b${i}`, 2), asClient);
    const read = (offset: number, maxBytes: number, upTo: number, minOneMessage = false) => {
      const result = log.read({ offset, maxBytes, minOneMessage, upTo });
      if (result.kind === 'refused') throw new Error(result.message);
      return [result.firstOffset, result.nextOffset, result.bytes.length / size];
    };
    expect(read(4, size * 3, 20)).toEqual([4, 10, 3]);
    expect(read(5, size * 3 + size - 1, 20)).toEqual([4, 10, 3]);
    expect(read(4, size - 1, 20)).toEqual([-1, 4, 0]);
    expect(read(4, 0, 20, true)).toEqual([4, 6, 1]);
    expect(read(4, size * 9, 9)).toEqual([4, 8, 2]);
    expect(read(4, size * 9, 5, true)).toEqual([-1, 4, 0]);
    expect(read(4, size * 9, 4, true)).toEqual([-1, 4, 0]);
    expect(read(4, size * 9, 1000)).toEqual([4, 20, 8]);
    log.setHighWatermark(20);
    log.deleteRecords(7);
    expect(read(7, size, 20)).toEqual([6, 8, 1]);
  }
});

test('what cannot be taken is refused, and the entries beside it are not', async () => {
  const log = await logWorld(nodeCodecs, { maxMessageBytes: 500, segmentBytes: 900 }).open();
  const good = batchOf(nodeCodecs, 'good');
  const bad = good.slice();
  bad[bad.length - 1]! ^= 1;
  const two = new Uint8Array(good.length * 2);
  two.set(good);
  two.set(good, good.length);
  const wide = new Uint8Array(good.length * 14);
  for (let at = 0; at < wide.length; at += good.length) wide.set(good, at);
  const client = [
    bad,
    batchOf(nodeCodecs, 'large', 1, { padding: 500 }),
    two,
    new Uint8Array(0),
    good.subarray(0, 40),
    good,
  ];
  const entries = client.map((bytes) => ({ bytes, options: asClient }));
  entries.push({ bytes: wide, options: { ...asClient, origin: 'coordinator' } as never });
  entries.push({ bytes: two, options: { ...asClient, origin: 'coordinator' } as never });
  const answers = log.appendAll(entries).map((result) => (result.kind === 'refused' ? result.errorCode : result.kind));
  expect(answers).toEqual([
    LogError.corruptMessage,
    LogError.messageTooLarge,
    LogError.invalidRecord,
    LogError.invalidRecord,
    LogError.corruptMessage,
    'appended',
    LogError.recordListTooLarge,
    'appended',
  ]);
  expect(readAll(log, nodeCodecs).map((record) => [record.offset, record.value])).toEqual([
    [0, 'good.0'],
    [1, 'good.0'],
    [2, 'good.0'],
  ]);
});

test('LogAppendTime is stamped, with a CRC that fits', async () => {
  const log = await logWorld(nodeCodecs).open();
  const result = appended(log.append(batchOf(nodeCodecs, 'a', 2), { ...asClient, logAppendTimeMs: 1_800_000_000_000 }));
  expect(result.logAppendTimeMs).toBe(1_800_000_000_000);
  expect(readAll(log, nodeCodecs).map((record) => record.timestamp)).toEqual([1_800_000_000_000, 1_800_000_000_000]);
  const read = log.read({ offset: 0, maxBytes: 999, minOneMessage: true, upTo: 2 });
  expect(read.kind === 'read' && batchCrcIsValid(read.bytes, 0, nodeCodecs)).toBe(true);
  expect(log.offsetOfMaxTimestamp()).toMatchObject({ timestampMs: 1_800_000_000_000 });
});

test('the tail cache stays within its bytes while readers come and go', async () => {
  const log = await logWorld(nodeCodecs, { tailCacheBytes: 4096 }).open();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(600)), { maxLength: 30 }),
      async (turns) => {
        for (const [count, padding] of turns) {
          log.appendAll(
            Array.from({ length: count }, () => ({
              bytes: batchOf(nodeCodecs, 't', 2, { padding }),
              options: asClient,
            })),
          );
          const end = log.logEndOffset;
          for (const back of [1, 2, 3, 9, 40]) {
            const from = Math.max(0, end - back);
            expect(readAll(log, nodeCodecs, from).map((record) => record.offset)).toEqual(
              Array.from({ length: end - from }, (_, index) => from + index),
            );
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});
