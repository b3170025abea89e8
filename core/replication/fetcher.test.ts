import { expect, test, vi } from 'vitest';
import { type BrokerWorld, batch, brokerWorld } from '../broker/testing/world.ts';
import { readAll } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/index.ts';
import { ErrorCode, produce } from '../protocol/index.ts';
import type { ReplicationFaults } from './faults.ts';

async function pair(
  faults: ReplicationFaults = {},
): Promise<{ one: BrokerWorld; two: BrokerWorld; pass: (ms: number) => Promise<void> }> {
  const config = { 'replica.fetch.backoff.ms': '100' };
  const one = await brokerWorld({ codecs, config, faults });
  const two = await brokerWorld({ codecs, config, faults, nodeId: 2, beside: one });
  const pass = async (ms: number): Promise<void> => {
    await one.settle();
    await one.time.pass(ms);
  };
  return { one, two, pass };
}

const logOf = (world: BrokerWorld) => world.assembly.replicas.partition('t', 0)!.log!;
const valuesOf = (world: BrokerWorld): (string | null)[] => readAll(logOf(world), codecs).map(({ value }) => value);

async function write(world: BrokerWorld, value: string, acks: number): Promise<number> {
  const client = world.connect();
  const response = await client.request(
    produce,
    9,
    {
      acks,
      timeoutMs: 500,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, [value]) }] }],
    },
    500,
  );
  client.pipe.close();
  return response.responses[0]!.partitionResponses[0]!.errorCode;
}

test('a follower copies its leader’s log, and acks=all is answered when it has', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1, 2] });
  await pass(200);
  for (const value of ['a', 'b', 'c']) expect(await write(one, value, -1)).toBe(0);
  await pass(600);
  expect(valuesOf(two)).toEqual(['a', 'b', 'c']);
  expect([logOf(one).highWatermark, logOf(two).highWatermark]).toEqual([3, 3]);
});

test('a follower fetches in a session that knows its partitions, and goes on where the leader has forgotten it', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1, 2] });
  one.cluster.topic('still', { replicas: [1, 2], partitions: 3 });
  await pass(600);
  const { fetchSessions } = one.assembly;
  expect([fetchSessions.size, fetchSessions.partitionCount]).toEqual([1, 4]);
  expect(await write(one, 'a', -1)).toBe(0);
  vi.spyOn(fetchSessions, 'scope').mockReturnValueOnce({
    kind: 'refused',
    errorCode: ErrorCode.fetchSessionIdNotFound,
  });
  expect(await write(one, 'b', -1)).toBe(0);
  await pass(600);
  expect(valuesOf(two)).toEqual(['a', 'b']);
  expect([fetchSessions.size, fetchSessions.partitionCount]).toEqual([1, 4]);
});

test('a former leader cuts what its successor never had (KIP-101)', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1, 2] });
  await pass(200);
  expect(await write(one, 'a', -1)).toBe(0);
  // Cut off: nobody reaches broker 1 any more, what it takes now stays alone.
  two.cluster.change('t', 0, { leader: -1, leaderEpoch: 1 });
  await pass(200);
  logOf(one).append(batch(codecs, ['lost']), { origin: 'client', leaderEpoch: 0 });
  logOf(one).append(batch(codecs, ['lost too']), { origin: 'client', leaderEpoch: 0 });
  one.cluster.change('t', 0, { leader: 2, leaderEpoch: 2, isr: [2] });
  expect(await write(two, 'b', 1)).toBe(0);
  await pass(1000);
  expect(valuesOf(one)).toEqual(['a', 'b']);
  expect(valuesOf(two)).toEqual(['a', 'b']);
  expect(logOf(one).latestEpoch).toBe(2);
  expect(logOf(one).highWatermark).toBe(2);
});

test('several failovers between fetches are unwound epoch by epoch (KIP-279)', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1, 2] });
  await pass(200);
  expect(await write(one, 'a', -1)).toBe(0);
  one.cluster.change('t', 0, { leader: -1, leaderEpoch: 1 });
  await pass(200);
  const apart = async (world: BrokerWorld, value: string, leaderEpoch: number): Promise<void> => {
    logOf(world).append(batch(codecs, [value]), { origin: 'client', leaderEpoch });
  };
  await apart(one, '1 in 2', 2);
  await apart(two, '2 in 3', 3);
  await apart(two, '2 in 3 again', 3);
  await apart(one, '1 in 4', 4);
  await apart(one, '1 in 4 again', 4);
  one.cluster.change('t', 0, { leader: 2, leaderEpoch: 5, isr: [2] });
  expect(await write(two, 'b', 1)).toBe(0);
  await pass(2000);
  expect(valuesOf(two)).toEqual(['a', '2 in 3', '2 in 3 again', 'b']);
  expect(valuesOf(one)).toEqual(valuesOf(two));
});

test('a follower behind its leader’s log start begins there', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1] });
  await pass(200);
  for (const value of ['a', 'b', 'c', 'd']) expect(await write(one, value, -1)).toBe(0);
  one.assembly.replicas.partition('t', 0)!.deleteRecords(3);
  one.cluster.change('t', 0, { replicas: [1, 2] });
  await pass(1000);
  expect(logOf(two).logStartOffset).toBe(3);
  expect(valuesOf(two)).toEqual(['d']);
});

test('a leader that goes away and comes back is found again', async () => {
  const { one, two, pass } = await pair();
  one.cluster.topic('t', { replicas: [1, 2] });
  await pass(200);
  const server = one.assembly.server;
  await server.stopListening();
  await Promise.all([server.drain(10), pass(600)]);
  const again = await server.listen('localhost', one.port);
  expect(again.port).toBe(one.port);
  expect(await write(one, 'a', 1)).toBe(0);
  await pass(1000);
  expect(valuesOf(two)).toEqual(['a']);
});

test('without the check of diverging epochs the replicas differ', async () => {
  const { one, two, pass } = await pair({ ignoreDivergence: true });
  one.cluster.topic('t', { replicas: [1, 2] });
  await pass(200);
  one.cluster.change('t', 0, { leader: -1, leaderEpoch: 1 });
  await pass(200);
  logOf(one).append(batch(codecs, ['lost']), { origin: 'client', leaderEpoch: 0 });
  one.cluster.change('t', 0, { leader: 2, leaderEpoch: 2, isr: [2] });
  expect(await write(two, 'x', 1)).toBe(0);
  expect(await write(two, 'y', 1)).toBe(0);
  await pass(1000);
  expect(valuesOf(one)).toEqual(['lost', 'y']);
  expect(valuesOf(two)).toEqual(['x', 'y']);
});
