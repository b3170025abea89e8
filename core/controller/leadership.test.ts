import { describe, expect, test } from 'vitest';
import { alterPartitionReassignments, electLeaders } from '../protocol/index.ts';
import type { ControllerFaults } from './faults.ts';
import { assigned, partition, proposeIsr, startWith } from './testing/partitions.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const world = (brokers: readonly number[], faults: ControllerFaults = {}) => startWith(settle, brokers, faults);

describe('in-sync replicas', () => {
  test('change only from the current epochs, by the leader, to live replicas', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2, 3]);
    expect(await proposeIsr(made, 't', [1])).toBe(0);
    expect(partition(made, 't')).toMatchObject({ isr: [1], partitionEpoch: 1, leaderEpoch: 0 });
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 0 })).toBe(95);
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 9 })).toBe(41);
    expect(await proposeIsr(made, 't', [1, 2], { leaderEpoch: 1 })).toBe(41);
    expect(await proposeIsr(made, 't', [1, 2], { brokerId: 2 })).toBe(42);
    expect(await proposeIsr(made, 't', [2, 3])).toBe(42);
    expect(await proposeIsr(made, 't', [1, 7])).toBe(42);
    await made.pass(12_000, [1, 2]);
    expect(await proposeIsr(made, 't', [1, 3])).toBe(107);
    expect(await proposeIsr(made, 't', [1, 2])).toBe(0);
  });

  test('a stale proposal gets through where the partition epoch is ignored', async () => {
    const made = await world([1, 2], { ignorePartitionEpoch: true });
    await assigned(made, 't', [1, 2]);
    await proposeIsr(made, 't', [1]);
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 0 })).toBe(0);
  });

  test('eligible replicas remember who had everything (KIP-966)', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2, 3], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [1, 2]);
    expect(partition(made, 't')).toMatchObject({ isr: [1, 2], elr: [] });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1], elr: [2] });
    await made.pass(12_000, []);
    expect(partition(made, 't')).toMatchObject({ leader: -1, isr: [], lastKnownElr: [1] });
    expect([...partition(made, 't').elr].sort()).toEqual([1, 2]);
    // 3 fell out while there were still enough: it may lack what was acknowledged since.
    await made.beat(3);
    expect(partition(made, 't').leader).toBe(-1);
    await made.beat(2);
    expect(partition(made, 't')).toMatchObject({ leader: 2, isr: [2], elr: [1], recoveryState: 0 });
  });

  test('a replica that came back unclean is no longer eligible', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ isr: [1], elr: [2] });
    await made.addBroker(2, { incarnationId: 'BBBBBBBBBBBBBBBBBBBBBA', previousBrokerEpoch: -1 });
    expect(partition(made, 't').elr).toEqual([]);
  });

  test('the last leader hands on when its disk was replaced: the others still have what it had', async () => {
    const made = await world([1, 2]);
    const logDirs = (digit: string) => ({ logDirs: [`${digit.repeat(21)}A`] });
    await made.addBroker(3, logDirs('B'));
    await assigned(made, 't', [3, 1, 2], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [3, 1]);
    await made.pass(12_000, [3]);
    expect(partition(made, 't')).toMatchObject({ leader: 3, isr: [3], elr: [1] });
    await made.addBroker(1, { incarnationId: 'DDDDDDDDDDDDDDDDDDDDDA', previousBrokerEpoch: -1 });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ leader: -1, isr: [], elr: [3], lastKnownElr: [3, 1] });
    await made.addBroker(3, { ...logDirs('E'), incarnationId: 'EEEEEEEEEEEEEEEEEEEEEA', previousBrokerEpoch: -1 });
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1], elr: [], recoveryState: 1 });
  });

  test('an empty replica leads only where there is no other', async () => {
    const made = await world([]);
    await made.addBroker(1, { logDirs: ['BBBBBBBBBBBBBBBBBBBBBA'] });
    await assigned(made, 't', [1]);
    await made.pass(12_000, []);
    await made.addBroker(1, {
      logDirs: ['CCCCCCCCCCCCCCCCCCCCCA'],
      incarnationId: 'CCCCCCCCCCCCCCCCCCCCCA',
      previousBrokerEpoch: -1,
    });
    await made.beat(1);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1] });
  });

  test('an unclean leader is taken only where the topic allows it', async () => {
    const made = await world([1, 2]);
    const unclean = { 'unclean.leader.election.enable': 'true' };
    await assigned(made, 'safe', [1, 2]);
    await assigned(made, 'loose', [1, 2], unclean);
    await proposeIsr(made, 'safe', [1]);
    await proposeIsr(made, 'loose', [1]);
    await made.pass(12_000, [2]);
    expect(partition(made, 'safe')).toMatchObject({ leader: -1, isr: [], elr: [1] });
    expect(partition(made, 'loose')).toMatchObject({ leader: 2, isr: [2], elr: [], recoveryState: 1 });
  });
});

describe('elections and moves', () => {
  test('leadership goes back to the first replica on request', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    await made.pass(12_000, [2]);
    await made.beat(1);
    const elect = async (): Promise<unknown> => {
      const asked = { electionType: 0, topicPartitions: [{ topic: 't', partitions: [0, 5] }] };
      const { replicaElectionResults } = await made.ask(electLeaders, asked);
      return replicaElectionResults?.[0]?.partitionResult?.map((one) => one.errorCode);
    };
    expect(await elect()).toEqual([80, 3]);
    expect(await proposeIsr(made, 't', [1, 2])).toBe(0);
    expect(await elect()).toEqual([0, 3]);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1, 2] });
    expect(await elect()).toEqual([84, 3]);
  });

  test('a partition moves when the new replicas are in sync, and can be called back before', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2]);
    const move = async (replicas: readonly number[] | null): Promise<number> => {
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, replicas }] }];
      return (await made.ask(alterPartitionReassignments, { topics })).responses![0]!.partitions![0]!.errorCode!;
    };
    expect(await move(null)).toBe(85);
    expect(await move([9])).toBe(39);
    expect(await move([3])).toBe(0);
    expect(partition(made, 't')).toMatchObject({ replicas: [3, 1, 2], addingReplicas: [3], removingReplicas: [1, 2] });
    expect(await move(null)).toBe(0);
    expect(partition(made, 't')).toMatchObject({
      replicas: [1, 2],
      addingReplicas: [],
      removingReplicas: [],
      isr: [1, 2],
    });
    expect(await move([3])).toBe(0);
    // The proposer loses the lead by its own proposal.
    expect(await proposeIsr(made, 't', [1, 2, 3])).toBe(108);
    expect(partition(made, 't')).toMatchObject({ replicas: [3], isr: [3], leader: 3, addingReplicas: [] });
  });

  test('leadership is balanced from time to time', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    await made.pass(12_000, [2]);
    await made.beat(1);
    await proposeIsr(made, 't', [1, 2]);
    expect(partition(made, 't').leader).toBe(2);
    await made.pass(305_000, [1, 2]);
    expect(partition(made, 't').leader).toBe(1);
  });
});
