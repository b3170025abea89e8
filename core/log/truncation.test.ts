import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { setBatchLeaderEpoch } from '../records/index.ts';
import type { Log } from './log.ts';
import { LogError } from './outcomes.ts';
import { appended, asClient, batchOf, type LogWorld, logWorld, readAll } from './testing/world.ts';

const at = (leaderEpoch: number) => ({ ...asClient, leaderEpoch });

/** Epochs 0, 2 and 5 with ten batches of two records each, in several segments. */
async function threeEpochs(): Promise<{ world: LogWorld; log: Log }> {
  const world = logWorld(nodeCodecs, { segmentBytes: 600 });
  const log = await world.open();
  for (const epoch of [0, 2, 5]) {
    for (let i = 0; i < 10; i++) appended(log.append(batchOf(nodeCodecs, `e${epoch}b${i}`, 2), at(epoch)));
  }
  return { world, log };
}

describe('truncation', () => {
  test.each([0, 1, 2, 19, 20, 21, 40, 41, 59, 60, 70])('to %i, then on with another epoch', async (offset) => {
    const { world, log } = await threeEpochs();
    const before = readAll(log, nodeCodecs);
    log.setHighWatermark(60);
    await log.truncateTo(offset);
    // Batches are cut whole.
    const end = Math.min(60, offset - (offset % 2));
    expect(log.logEndOffset).toBe(end);
    expect(log.highWatermark).toBeLessThanOrEqual(end);
    expect(readAll(log, nodeCodecs)).toEqual(before.slice(0, end));
    for (let i = 0; i < 8; i++) appended(log.append(batchOf(nodeCodecs, `new${i}`), at(9)));
    const expected = readAll(log, nodeCodecs);
    expect(expected.map((record) => record.value).slice(end)).toEqual(Array.from({ length: 8 }, (_, i) => `new${i}.0`));
    expect(log.endOffsetForEpoch(9)).toEqual({ leaderEpoch: 9, endOffset: end + 8 });
    for (const cleanShutdown of [false, true]) {
      const again = await world.open({ cleanShutdown: false, recoveryPoint: log.recoveryPoint });
      expect(readAll(again, nodeCodecs)).toEqual(expected);
      await again.close();
      if (cleanShutdown) expect(readAll(await world.open({ cleanShutdown }), nodeCodecs)).toEqual(expected);
    }
  });

  test('lowers the checkpointed recovery point before anything is cut', async () => {
    const world = logWorld(nodeCodecs);
    const seen: number[][] = [];
    let log: Log | null = null;
    log = await world.open({
      lowerRecoveryPoint: async (recoveryPoint) => {
        seen.push([recoveryPoint, log!.recoveryPoint, log!.logEndOffset]);
      },
    });
    for (let i = 0; i < 10; i++) log.append(batchOf(nodeCodecs, `b${i}`), asClient);
    await log.flush();
    const cut = log.truncateTo(4);
    await cut;
    expect(seen).toEqual([[4, 4, 10]]);
    await log.truncateTo(4);
    expect(seen).toHaveLength(1);
  });

  test('waits for the flush under way, and what is flushed afterwards is what remained', async () => {
    const world = logWorld(nodeCodecs);
    const log = await world.open();
    for (let i = 0; i < 10; i++) log.append(batchOf(nodeCodecs, `b${i}`), asClient);
    const flushed = log.flush();
    const cut = log.truncateTo(4);
    await Promise.all([flushed, cut]);
    expect(log.durableOffset).toBe(4);
    await log.flush();
    expect(log.durableOffset).toBe(4);
  });

  test('takes epochs, largest timestamps and producers back at once', async () => {
    const world = logWorld(nodeCodecs);
    const log = await world.open();
    const idempotent = (producerId: number, baseSequence: number, timestamp: number) =>
      batchOf(nodeCodecs, 'p', 1, { producerId, producerEpoch: 0, baseSequence, timestamp });
    appended(log.append(idempotent(7, 0, 1000), at(1)));
    appended(log.append(idempotent(7, 1, 2000), at(1)));
    appended(log.append(idempotent(7, 2, 9000), at(4)));
    appended(log.append(idempotent(7, 3, 3000), at(4)));
    log.roll();
    await log.truncateTo(2);
    expect(log.latestEpoch).toBe(1);
    expect(log.offsetOfMaxTimestamp()).toMatchObject({ offset: 1, timestampMs: 2000 });
    expect(log.offsetForTimestamp(2001)).toBeNull();
    appended(log.append(idempotent(8, 0, 2500), at(5)));
    appended(log.append(idempotent(8, 1, 2600), at(5)));
    log.roll();
    await log.flush();
    // Producers come from the snapshot at the segment's base, and that is the one of the second time.
    const again = await world.open({ recoveryPoint: 4 });
    expect(again.append(idempotent(8, 1, 2600), at(5))).toMatchObject({ kind: 'duplicate', baseOffset: 3 });
    appended(again.append(idempotent(7, 2, 2700), at(5)));
  });

  test('of everything, to begin elsewhere', async () => {
    const { world, log } = await threeEpochs();
    await log.truncateFullyAndStartAt(1000);
    expect([log.logStartOffset, log.logEndOffset, log.latestEpoch, log.sizeInBytes]).toEqual([1000, 1000, -1, 0]);
    expect(appended(log.append(batchOf(nodeCodecs, 'x'), at(7))).baseOffset).toBe(1000);
    const again = await world.open({ logStartOffset: 1000, recoveryPoint: 1000 });
    expect(readAll(again, nodeCodecs).map((record) => record.offset)).toEqual([1000]);
  });

  test('of everything, to begin again at 0', async () => {
    const { world, log } = await threeEpochs();
    await log.truncateFullyAndStartAt(0);
    appended(log.append(batchOf(nodeCodecs, 'x'), at(7)));
    log.removeDeletedFiles(true);
    expect(readAll(await world.open(), nodeCodecs).map((record) => record.value)).toEqual(['x.0']);
  });
});

describe('leader epochs', () => {
  test('answer as KIP-101 says', async () => {
    const { log } = await threeEpochs();
    expect(log.latestEpoch).toBe(5);
    expect([0, 1, 2, 4, 5, 6, -1].map((epoch) => log.endOffsetForEpoch(epoch))).toEqual([
      { leaderEpoch: 0, endOffset: 20 },
      { leaderEpoch: 0, endOffset: 20 },
      { leaderEpoch: 2, endOffset: 40 },
      { leaderEpoch: 2, endOffset: 40 },
      { leaderEpoch: 5, endOffset: 60 },
      { leaderEpoch: -1, endOffset: -1 },
      { leaderEpoch: -1, endOffset: -1 },
    ]);
    log.assignEpochStart(8, 60);
    expect(log.endOffsetForEpoch(5)).toEqual({ leaderEpoch: 5, endOffset: 60 });
    log.setHighWatermark(60);
    log.deleteRecords(30);
    expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 30 });
  });

  test.each(['', '0\n9\n1 1\n', 'garbage'])('are found again from the batches when the file says %j', async (text) => {
    const { world, log } = await threeEpochs();
    await log.close();
    const file = world.disk.open('/logs/t-0/leader-epoch-checkpoint');
    file.truncate(0);
    file.write(0, [new TextEncoder().encode(text)]);
    const again = await world.open({ cleanShutdown: true });
    expect(again.latestEpoch).toBe(5);
    expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 20 });
  });
});

test('the epoch file is cut to the log that is there', async () => {
  const { world, log } = await threeEpochs();
  await log.close();
  const file = world.disk.open('/logs/t-0/leader-epoch-checkpoint');
  file.write(0, [new TextEncoder().encode('0\n4\n0 0\n2 20\n5 40\n7 99\n')]);
  const again = await world.open({ cleanShutdown: true, logStartOffset: 30 });
  expect(again.latestEpoch).toBe(5);
  expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 30 });
});

describe('what replication brings', () => {
  const replicated = { origin: 'replication' as const, leaderEpoch: 0 };

  test('keeps its offsets and epochs; a cut last batch is left out', async () => {
    const { log: leader } = await threeEpochs();
    const follower = await logWorld(nodeCodecs, { segmentBytes: 500 }).open();
    while (follower.logEndOffset < leader.logEndOffset) {
      const offset = follower.logEndOffset;
      const read = leader.read({ offset, maxBytes: 400, minOneMessage: true, upTo: 100 });
      if (read.kind === 'refused') throw new Error(read.message);
      const cut = new Uint8Array(read.bytes.length + 30);
      cut.set(read.bytes);
      cut.set(read.bytes.subarray(0, 30), read.bytes.length);
      expect(appended(follower.append(cut, { ...replicated, leaderEpoch: 5 })).bytes).toBe(read.bytes.length);
    }
    expect(readAll(follower, nodeCodecs)).toEqual(readAll(leader, nodeCodecs));
    expect(follower.endOffsetForEpoch(2)).toEqual(leader.endOffsetForEpoch(2));
  });

  test('ends before a batch of an epoch above the leader’s, so that no known epoch is replaced', async () => {
    const log = await logWorld(nodeCodecs).open();
    const batches = [0, 1, 2].map((offset) => batchOf(nodeCodecs, `b${offset}`, 1, { baseOffset: offset }));
    for (const batch of batches) setBatchLeaderEpoch(batch, 0, 0);
    const [first, flipped, last] = batches as [Uint8Array, Uint8Array, Uint8Array];
    setBatchLeaderEpoch(flipped, 0, 1 << 17);
    const bytes = new Uint8Array([...first, ...flipped, ...last]);
    expect(appended(log.append(bytes, replicated)).bytes).toBe(first.length);
    expect(log.append(flipped, replicated)).toMatchObject({ kind: 'refused', errorCode: LogError.corruptMessage });
    expect(log.logEndOffset).toBe(1);
    expect(log.epochStarts).toEqual([{ epoch: 0, startOffset: 0 }]);
    setBatchLeaderEpoch(flipped, 0, 0);
    appended(log.append(new Uint8Array([...flipped, ...last]), replicated));
    expect(log.logEndOffset).toBe(3);
  });

  test('is refused when its offsets do not rise or its bytes are bad', async () => {
    const log = await logWorld(nodeCodecs).open();
    const two = batchOf(nodeCodecs, 'a', 2);
    appended(log.append(two, replicated));
    expect(log.append(two, replicated)).toMatchObject({ kind: 'refused', errorCode: LogError.offsetOutOfRange });
    const bad = batchOf(nodeCodecs, 'b', 1, { baseOffset: 2 });
    bad[bad.length - 1]! ^= 1;
    expect(log.append(bad, replicated)).toMatchObject({ kind: 'refused', errorCode: LogError.corruptMessage });
    expect(log.append(bad.subarray(0, 50), replicated)).toMatchObject({ errorCode: LogError.corruptMessage });
    expect(log.logEndOffset).toBe(2);
  });
});

test('an epoch that began at the end and saw no append is gone after a cut that cuts nothing', async () => {
  const { log } = await threeEpochs();
  log.assignEpochStart(7, log.logEndOffset);
  expect(log.latestEpoch).toBe(7);
  await log.truncateTo(log.logEndOffset);
  expect(log.latestEpoch).toBe(5);
});
