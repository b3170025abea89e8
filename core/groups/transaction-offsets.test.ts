import { describe, expect, test } from 'vitest';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { ErrorCode, ZERO_UUID } from '../protocol/index.ts';
import { encodeBatch, encodeEndTransactionMarker } from '../records/index.ts';
import { offsetRecord } from './group-records.ts';
import { commit, fetched, offset, startCoordinator } from './testing/coordinator-world.ts';
import { MemoryLog } from './testing/memory-log.ts';

const world = (options?: Parameters<typeof startCoordinator>[1]) => startCoordinator(codecs, options);

describe('offsets in transactions', () => {
  const inTransaction = (log: MemoryLog, producerId: number, value: number): void => {
    const committed = {
      offset: value,
      leaderEpoch: -1,
      metadata: '',
      commitWallMs: 1_700_000_000_000,
      expireWallMs: null,
      topicId: ZERO_UUID,
      order: 0,
    };
    const record = { timestamp: 1, ...offsetRecord('g', 't', 0, committed) };
    log.put(0, encodeBatch([record], codecs, { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }));
  };
  const marker = (log: MemoryLog, producerId: number, outcome: 'commit' | 'abort'): void =>
    log.put(
      0,
      encodeEndTransactionMarker({ outcome, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: 1 }, codecs),
    );

  test('count from their marker on, and are unstable until then', async () => {
    const log = new MemoryLog();
    await commit((await world({ log })).groups, [offset('t', 0, 5)]);
    inTransaction(log, 1, 10);
    const open = await world({ log });
    expect(fetched(open.groups)).toEqual({ 't-0': 5 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: true };
    expect(open.groups.fetchOffsets(asked).offsets[0]!.errorCode).toBe(ErrorCode.unstableOffsetCommit);
    marker(log, 1, 'commit');
    expect(fetched((await world({ log })).groups, 'g', true)).toEqual({ 't-0': 10 });
    inTransaction(log, 1, 20);
    marker(log, 1, 'abort');
    expect(fetched((await world({ log })).groups, 'g', true)).toEqual({ 't-0': 10 });
  });

  test('a live coordinator holds them, and writes what a later one will hold', async () => {
    const { groups, log } = await world();
    const transaction = { producerId: 7, producerEpoch: 2 };
    expect(await commit(groups, [offset('t', 0, 10)], { transaction })).toEqual([0]);
    expect(await commit(groups, [offset('t', 1, 11)])).toEqual([0]);
    expect(await groups.deleteGroup('nobody')).toBe(ErrorCode.groupIdNotFound);
    expect(fetched(groups)).toEqual({ 't-1': 11 });
    groups.endTransaction(0, 8, 'commit');
    expect(fetched(groups)).toEqual({ 't-1': 11 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: true };
    const later = await world({ log });
    for (const each of [groups, later.groups]) {
      expect(each.fetchOffsets(asked).offsets[0]!.errorCode).toBe(ErrorCode.unstableOffsetCommit);
      each.endTransaction(0, 7, each === groups ? 'commit' : 'abort');
      expect(fetched(each, 'g', true)).toEqual(each === groups ? { 't-0': 10, 't-1': 11 } : { 't-1': 11 });
    }
  });

  test('of a group that is deleted do not come back with their marker', async () => {
    const log = new MemoryLog();
    const { groups } = await world({ log });
    await commit(groups, [offset('t', 0, 5)], { transaction: { producerId: 7, producerEpoch: 0 } });
    expect(await groups.deleteGroup('g')).toBe(ErrorCode.none);
    groups.endTransaction(0, 7, 'commit');
    expect(fetched(groups)).toEqual({});
    marker(log, 7, 'commit');
    expect(fetched((await world({ log })).groups)).toEqual({});
  });

  test('do not overwrite what was committed after them', async () => {
    const log = new MemoryLog();
    inTransaction(log, 1, 10);
    await commit((await world({ log })).groups, [offset('t', 0, 50)]);
    marker(log, 1, 'commit');
    expect(fetched((await world({ log })).groups)).toEqual({ 't-0': 50 });
    const broken = await world({ log, faults: { arrivalOrderCommits: true } });
    expect(fetched(broken.groups)).toEqual({ 't-0': 10 });
  });
});
