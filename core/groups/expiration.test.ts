import { describe, expect, test } from 'vitest';
import { settle } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { decodeCoordinatorRecord, ErrorCode, type GroupRecord, groupRecords } from '../protocol/index.ts';
import { decodeBatch } from '../records/index.ts';
import { commit, fetched, HOUR_MS, member, offset, startCoordinator } from './testing/coordinator-world.ts';
import type { MemoryLog } from './testing/memory-log.ts';

const world = (options?: Parameters<typeof startCoordinator>[1]) => startCoordinator(codecs, options);

function recordsOf(log: MemoryLog): GroupRecord[] {
  return log.partitions.flat().flatMap((bytes) => {
    const decoded = decodeBatch(bytes, 0, codecs);
    if (decoded.kind === 'corrupt') throw new Error(decoded.reason);
    return decoded.records.map(({ key, value }) => decodeCoordinatorRecord(groupRecords, key!, value));
  });
}

describe('what is kept', () => {
  test('offsets of no group expire with their age, for ever in the log too', async () => {
    const { groups, time, log } = await world();
    await commit(groups, [offset('t', 0, 5)]);
    await time.pass(23 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    await time.pass(2 * HOUR_MS);
    expect(groups.listGroups().groups).toEqual([]);
    expect(fetched((await world({ log, time })).groups)).toEqual({});
    expect(recordsOf(log).slice(1)).toMatchObject([
      { type: 'offsetCommit', value: null },
      { type: 'groupMetadata', value: null },
    ]);
  });

  test('a group with members keeps what they subscribe to; an empty one everything, since it is empty', async () => {
    const here = await world();
    const { groups, time } = here;
    const { memberId } = await member(here);
    await commit(groups, [offset('t', 0, 5), offset('former', 0, 6)], { memberId, generationId: 1 });
    for (let beat = 0; beat < 26 * 360; beat++) {
      time.nowMs += 9_999;
      expect(groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.none);
    }
    groups.expireOffsets();
    await settle();
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    groups.leaveGroup('g', [{ memberId, instanceId: null }]);
    await time.pass(22 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    await time.pass(3 * HOUR_MS);
    expect(groups.describeGroup('g').group).toBeNull();
  });

  test('the broken variant expires offsets under its members', async () => {
    const here = await world({ faults: { expireUnstableGroups: true } });
    const { memberId } = await member(here);
    await commit(here.groups, [offset('t', 0, 5)], { memberId, generationId: 1 });
    here.time.nowMs += 25 * HOUR_MS;
    here.groups.expireOffsets();
    await settle();
    expect(fetched(here.groups)).toEqual({});
  });

  test('older clients say how long', async () => {
    const { groups, time, log } = await world();
    await commit(groups, [offset('t', 0, 5)], { retentionMs: 2 * HOUR_MS });
    await commit(groups, [offset('t', 1, 5)]);
    expect(fetched((await world({ log, time })).groups)).toEqual({ 't-0': 5, 't-1': 5 });
    await time.pass(3 * HOUR_MS);
    expect(fetched(groups)).toEqual({ 't-1': 5 });
  });

  test('a topic that is deleted takes its offsets along', async () => {
    const { groups, log } = await world();
    await commit(groups, [offset('t', 0, 5), offset('u', 0, 6)]);
    const delta = { topicsDeleted: new Map([['id', { id: 'id', name: 't', partitions: [] }]]) };
    groups.metadataChanged({ ...delta } as never);
    await settle();
    expect(fetched(groups)).toEqual({ 'u-0': 6 });
    expect(fetched((await world({ log })).groups)).toEqual({ 'u-0': 6 });
  });
});
