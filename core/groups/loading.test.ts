import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { settle } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { ErrorCode } from '../protocol/index.ts';
import { batches, encodeBatch } from '../records/index.ts';
import { commit, fetched, joining, member, offset, startCoordinator } from './testing/coordinator-world.ts';
import { MemoryLog } from './testing/memory-log.ts';

const world = (options?: Parameters<typeof startCoordinator>[1]) => startCoordinator(codecs, options);

describe('the log', () => {
  test('brings everything back: offsets, members, generation, assignment', async () => {
    const first = await world();
    const { memberId } = await member(first);
    await commit(first.groups, [offset('t', 0, 5, 'note')], { memberId, generationId: 1 });
    await commit(first.groups, [offset('t', 0, 9), offset('u', 3, 1)], { groupId: 'other' });
    first.groups.close();

    const second = await world({ log: first.log, time: first.time });
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
    expect(fetched(second.groups, 'other')).toEqual({ 't-0': 9, 'u-3': 1 });
    const asked = { groupId: 'g', partitions: [{ topic: 't', partition: 0 }], requireStable: false };
    expect(second.groups.fetchOffsets(asked).offsets).toEqual([
      { topic: 't', partition: 0, offset: 5, leaderEpoch: 7, metadata: 'note', errorCode: 0 },
    ]);
    expect(second.groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.none);
    expect(second.groups.describeGroup('g').group).toMatchObject({
      state: 'Stable',
      protocolType: 'consumer',
      protocolName: 'range',
      members: [{ memberId, clientId: 'c', clientHost: '/10.0.0.1', assignment: new Uint8Array([1, 2, 3]) }],
    });
    await second.time.pass(10_000);
    expect(second.groups.heartbeat('g', memberId, null, 1)).toBe(ErrorCode.unknownMemberId);
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
  });

  test('while it loads, and when it cannot be read', async () => {
    const log = new MemoryLog();
    const before = await world({ log });
    await commit(before.groups, [offset('t', 0, 5)]);
    const { groups, lines } = await world({ log });
    const asked = { groupId: 'g', partitions: null, requireStable: false };
    groups.elected(0, 1);
    expect(groups.fetchOffsets(asked).errorCode).toBe(ErrorCode.coordinatorLoadInProgress);
    expect(await commit(groups, [offset('t', 0, 6)])).toEqual([ErrorCode.coordinatorLoadInProgress]);
    expect(groups.listGroups().errorCode).toBe(ErrorCode.coordinatorLoadInProgress);
    await settle();
    expect(fetched(groups)).toEqual({ 't-0': 5 });
    log.failReplay = true;
    groups.elected(0, 2);
    await settle();
    expect(groups.fetchOffsets(asked).errorCode).toBe(ErrorCode.notCoordinator);
    expect(lines).toContain('groups could not be loaded');
  });

  test('a coordinator that is none any more sends everything away', async () => {
    const { groups, log } = await world();
    const joined = groups.joinGroup('g', joining);
    log.hold = true;
    const committing = commit(groups, [offset('t', 0, 5)], { groupId: 'h' });
    groups.resigned(0, 0);
    expect(await joined).toMatchObject({ errorCode: ErrorCode.notCoordinator });
    expect(groups.heartbeat('g', 'm', null, 1)).toBe(ErrorCode.notCoordinator);
    expect(await commit(groups, [offset('t', 0, 5)])).toEqual([ErrorCode.notCoordinator]);
    // Committed by the log although the coordinator is gone: whoever comes next finds it.
    log.release();
    expect(await committing).toEqual([0]);
  });

  test('a commit of the former epoch that is committed later is not lost to the new one', async () => {
    const { groups, log } = await world();
    log.hold = true;
    const committing = commit(groups, [offset('t', 0, 5)]);
    log.release();
    groups.elected(0, 1);
    await settle();
    expect(await committing).toEqual([0]);
    expect(fetched(groups)).toEqual({ 't-0': 5 });
  });

  test('of Apache Kafka 4.3.1, with a classic group, a consumer group, and offsets committed in transactions', async () => {
    const file = '../log/fixtures/kafka-log-dir/logs/__consumer_offsets-0/00000000000000000000.log';
    const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, file)));
    const log = new MemoryLog();
    for (const boundary of batches(bytes)) {
      if (boundary.kind === 'batch') log.put(0, bytes.subarray(boundary.at, boundary.at + boundary.size));
    }
    const { groups, lines } = await world({ log });
    expect(lines).toEqual([]);
    expect(fetched(groups, 'fixture-classic')).toEqual({
      'plain-1': 300,
      'plain-0': 300,
      'compacted-0': 1500,
      'txn-0': 48,
    });
    expect(fetched(groups, 'fixture-consumer')).toMatchObject({ 'plain-0': 300, 'compacted-0': 1500 });
    // Six transactions, all of them committed.
    expect(fetched(groups, 'fixture-eos', true)).toEqual({ 'plain-0': 7 });
    expect(groups.describeGroup('fixture-classic').group).toMatchObject({ state: 'Empty', protocolType: 'consumer' });
  });

  test('records that cannot be read are passed over, those behind them are not', async () => {
    const log = new MemoryLog();
    const record = (key: number[] | null) => ({
      timestamp: 1,
      key: key === null ? null : new Uint8Array(key),
      value: new Uint8Array([9]),
    });
    log.put(0, encodeBatch([record(null), record([0]), record([0, 1]), record([0x70, 0])], codecs));
    const first = await world({ log });
    await commit(first.groups, [offset('t', 0, 5)]);
    const second = await world({ log });
    expect(fetched(second.groups)).toEqual({ 't-0': 5 });
    expect(second.lines).toHaveLength(3);
  });

  test('no bit of a commit can change in the log and become an offset that nobody committed', async () => {
    const log = new MemoryLog();
    const { groups } = await world({ log });
    await commit(groups, [offset('t', 0, 5)]);
    await commit(groups, [offset('t', 0, 1000)]);
    const last = log.partitions[0]!.at(-1)!;
    const CRC_AT = 17;
    for (let at = CRC_AT; at < last.length; at++) {
      last[at]! ^= 1 << (at % 8);
      expect(fetched((await world({ log })).groups), `byte ${at}`).toEqual({ 't-0': 5 });
      last[at]! ^= 1 << (at % 8);
    }
    expect(fetched((await world({ log })).groups)).toEqual({ 't-0': 1000 });
  });
});
