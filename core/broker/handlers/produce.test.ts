import { expect, test } from 'vitest';
import { nodeCodecs as codecs } from '../../node/index.ts';
import {
  type Draft,
  deleteRecords,
  describeProducers,
  fetch,
  initProducerId,
  listOffsets,
  offsetForLeaderEpoch,
  produce,
} from '../../protocol/index.ts';
import {
  batchCompression,
  batchCrcIsValid,
  batchMaxTimestamp,
  batchTimestampType,
  decodeBatch,
  setBatchCrc,
} from '../../records/index.ts';
import { type BrokerWorld, batch, brokerWorld, type TestClient } from '../testing/world.ts';

const now = 1_700_000_000_000;

async function setup(
  topic: Record<string, string> = {},
): Promise<BrokerWorld & { client: TestClient; send: (records: Uint8Array, more?: SendOptions) => Promise<Answer> }> {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t', { configs: topic });
  await world.settle();
  const client = world.connect();
  return {
    ...world,
    client,
    send: async (records, { version = 9, acks = -1, topic: name = 't', topicId, index = 0 } = {}) => {
      const response = await client.request(produce, version, {
        acks,
        timeoutMs: 1000,
        topicData: [{ name, topicId, partitionData: [{ index, records }] }],
      });
      return response.responses[0]!.partitionResponses[0]!;
    },
  };
}
interface SendOptions {
  readonly version?: number;
  readonly acks?: number;
  readonly topic?: string;
  readonly topicId?: string;
  readonly index?: number;
}
interface Answer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

test('what cannot be stored is refused, by its own error code', async () => {
  const { send, cluster, client } = await setup({ 'max.message.bytes': '1000' });
  const good = batch(codecs, ['a']);
  const badCrc = good.slice();
  badCrc[65]! ^= 1;
  const badMagic = good.slice();
  badMagic[16] = 9;
  const wrongCount = good.slice();
  wrongCount[60] = 5;
  setBatchCrc(wrongCount, 0, codecs);
  const codes = async (...batches: Uint8Array[]) => {
    const seen: number[] = [];
    for (const each of batches) seen.push((await send(each)).errorCode);
    return seen;
  };
  expect(await codes(badCrc, badMagic)).toEqual([2, 2]);
  expect(await codes(good.slice(0, 40), new Uint8Array(Buffer.concat([good, good])), wrongCount)).toEqual([87, 87, 87]);
  expect(await codes(batch(codecs, ['v'.repeat(2000)]))).toEqual([10]);
  expect(await codes(batch(codecs, ['a'], { timestamp: now + 3_700_000 }))).toEqual([32]);
  expect(await send(good, { acks: 2 })).toMatchObject({ errorCode: 21, baseOffset: -1 });
  expect(await send(good, { topic: 'unknown' })).toMatchObject({ errorCode: 3 });
  expect(await send(good, { index: 7 })).toMatchObject({ errorCode: 3 });
  expect(await send(good, { version: 13, topicId: 'BBBBBBBBBBBBBBBBBBBBBA' })).toMatchObject({ errorCode: 100 });
  expect(await send(good, { version: 13, topicId: cluster.topicsByName.get('t')!.id })).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
  });
  cluster.topic('__consumer_offsets');
  expect(await send(good, { topic: '__consumer_offsets' })).toMatchObject({ errorCode: 17 });
  expect(client.isClosed).toBe(false);
});

test('bad records are named from v8 on (KIP-467)', async () => {
  const { send } = await setup({ 'cleanup.policy': 'compact' });
  expect(await send(batch(codecs, ['a', 'b']), { version: 8 })).toMatchObject({
    errorCode: 87,
    recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }],
  });
  expect(await send(batch(codecs, ['a']), { version: 7 })).toMatchObject({ errorCode: 87, recordErrors: [] });
});

test('LogAppendTime stamps the broker’s clock; CreateTime keeps the producer’s', async () => {
  const { send, client, cluster } = await setup({ 'message.timestamp.type': 'LogAppendTime' });
  const original = batch(codecs, ['a'], { timestamp: now - 5000 });
  const kept = original.slice();
  expect(await send(original)).toMatchObject({ errorCode: 0, logAppendTimeMs: now });
  expect(original).toEqual(kept);
  cluster.configure('t', {});
  expect(await send(original)).toMatchObject({ errorCode: 0, logAppendTimeMs: -1 });
  const read = async (fetchOffset: number) => {
    const response = await client.request(fetch, 12, {
      maxWaitMs: 0,
      sessionEpoch: -1,
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 }] }],
    });
    return response.responses[0]!.partitions[0]!.records!;
  };
  const first = await read(0);
  expect([batchTimestampType(first, 0), batchMaxTimestamp(first, 0)]).toEqual(['LogAppendTime', now]);
  const second = await read(1);
  expect([batchTimestampType(second, 0), batchMaxTimestamp(second, 0)]).toEqual(['CreateTime', now - 5000]);
  expect(decodeBatch(second, 0, codecs).kind).toBe('records');
});

test('compression.type other than the producer’s is the broker’s doing', async () => {
  const { send, client, cluster } = await setup({ 'compression.type': 'gzip' });
  const values = Array.from({ length: 50 }, (_, index) => `value ${index}`);
  const numbered = { producerId: 5, producerEpoch: 0 };
  expect(await send(batch(codecs, values, { ...numbered, baseSequence: 0 }))).toMatchObject({ errorCode: 0 });
  cluster.configure('t', { 'compression.type': 'uncompressed' });
  const zstd = batch(codecs, values, { ...numbered, baseSequence: 50, compression: 'zstd' });
  expect(await send(zstd)).toMatchObject({ errorCode: 0, baseOffset: 50 });
  cluster.configure('t', { 'compression.type': 'zstd', 'message.timestamp.type': 'LogAppendTime' });
  expect(await send(batch(codecs, values, { ...numbered, baseSequence: 100 }))).toMatchObject({ baseOffset: 100 });
  expect(await send(zstd)).toMatchObject({ errorCode: 0, baseOffset: 50 });
  for (const [offset, compression, timestamp] of [
    [0, 'gzip', now],
    [50, 'none', now],
    [100, 'zstd', now],
  ] as const) {
    const response = await client.request(fetch, 12, {
      maxWaitMs: 0,
      sessionEpoch: -1,
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 }] }],
    });
    const { records } = response.responses[0]!.partitions[0]!;
    expect(batchCompression(records!, 0)).toBe(compression);
    expect(batchCrcIsValid(records!, 0, codecs)).toBe(true);
    const decoded = decodeBatch(records!, 0, codecs);
    if (decoded.kind !== 'records') throw new Error(decoded.reason);
    expect(decoded.records.map(({ value }) => Buffer.from(value!).toString())).toEqual(values);
    expect(decoded.records[0]!.timestamp).toBe(timestamp);
  }
});

test('acks=0 has no response; an error ends the connection', async () => {
  const { client, settle, assembly, connect } = await setup();
  const draft = (topic: string): Draft<typeof produce.request> => ({
    acks: 0,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batch(codecs, ['a']) }] }],
  });
  void client.send(produce, 9, draft('t'));
  const latest = client.send(listOffsets, 5, {
    replicaId: -1,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  await settle();
  expect(client.order).toEqual([2]);
  expect((await latest).topics[0]!.partitions[0]!.offset).toBe(1);
  const other = connect();
  void other.send(produce, 9, draft('unknown'));
  await settle();
  expect(other.isClosed).toBe(true);
  expect(assembly.server.connectionCount).toBe(1);
});

test('idempotence: duplicates keep their offset, gaps are refused', async () => {
  const { send, client } = await setup();
  const first = await client.request(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 });
  const second = await client.request(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 });
  expect([first.errorCode, first.producerEpoch, second.producerId - first.producerId]).toEqual([0, 0, 1]);
  const numbered = (baseSequence: number) =>
    batch(codecs, ['a'], { producerId: first.producerId, producerEpoch: 0, baseSequence });
  expect(await send(numbered(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(numbered(1))).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect(await send(numbered(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(numbered(3))).toMatchObject({ errorCode: 45, baseOffset: -1 });
  const described = await client.request(describeProducers, 0, { topics: [{ name: 't', partitionIndexes: [0, 4] }] });
  expect(described.topics[0]!.partitions).toMatchObject([
    { errorCode: 0, activeProducers: [{ producerId: first.producerId, lastSequence: 1, currentTxnStartOffset: -1 }] },
    { errorCode: 3 },
  ]);
  // Transactions are not served: the answer is one that no client retries.
  expect(await client.request(initProducerId, 4, { transactionalId: 'x', transactionTimeoutMs: 1 })).toMatchObject({
    errorCode: 35,
  });
});

test('ListOffsets: the ends, times, the largest time, and what a version does not know yet', async () => {
  const { send, client, cluster } = await setup();
  for (const [value, timestamp] of [
    ['a', now - 100],
    ['b', now + 50],
    ['c', now - 40],
  ] as const) {
    await send(batch(codecs, [value], { timestamp }));
  }
  const at = async (timestamp: number, version = 11, more: object = {}) => {
    const { topics } = await client.request(listOffsets, version, {
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp, ...more }] }],
    });
    const { errorCode, offset, timestamp: found } = topics[0]!.partitions[0]!;
    return [errorCode, offset, found];
  };
  expect(await at(-1)).toEqual([0, 3, -1]);
  expect(await at(-2)).toEqual([0, 0, -1]);
  expect(await at(-3)).toEqual([0, 1, now + 50]);
  expect(await at(-4)).toEqual([0, 0, -1]);
  expect(await at(-5)).toEqual([0, -1, -1]);
  expect(await at(-6)).toEqual([0, -1, -1]);
  expect(await at(-7)).toEqual([35, -1, -1]);
  expect(await at(now - 60)).toEqual([0, 1, now + 50]);
  expect(await at(now + 51)).toEqual([0, -1, -1]);
  expect(await at(-3, 6)).toEqual([35, -1, -1]);
  expect(await at(-4, 7)).toEqual([35, -1, -1]);
  expect(await at(-5, 8)).toEqual([35, -1, -1]);
  expect(await at(-6, 10)).toEqual([35, -1, -1]);
  expect(await at(-1, 1)).toEqual([0, 3, -1]);
  cluster.change('t', 0, { leaderEpoch: 2 });
  expect(await at(-1, 5, { currentLeaderEpoch: 1 })).toEqual([74, -1, -1]);
  expect(await at(-1, 5, { currentLeaderEpoch: 3 })).toEqual([75, -1, -1]);
});

test('OffsetForLeaderEpoch: where an epoch ended', async () => {
  const { send, client, cluster } = await setup();
  await send(batch(codecs, ['a', 'b']));
  cluster.change('t', 0, { leaderEpoch: 3 });
  await send(batch(codecs, ['c']));
  const of = async (leaderEpoch: number) => {
    const { topics } = await client.request(offsetForLeaderEpoch, 4, {
      replicaId: -1,
      topics: [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch: 3, leaderEpoch }] }],
    });
    const partition = topics[0]!.partitions[0]!;
    return [partition.errorCode, partition.leaderEpoch, partition.endOffset];
  };
  expect([await of(0), await of(1), await of(3), await of(9)]).toEqual([
    [0, 0, 2],
    [0, 0, 2],
    [0, 3, 3],
    [0, -1, -1],
  ]);
});

test('DeleteRecords moves the log start and waits for the followers’', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.broker(2);
  world.cluster.topic('t', { replicas: [1, 2] });
  await world.settle();
  const client = world.connect();
  const follower = world.connect();
  const follow = (logStartOffset: number) =>
    follower.request(fetch, 13, {
      replicaId: 2,
      maxWaitMs: 0,
      sessionEpoch: -1,
      topics: [
        {
          topicId: world.cluster.topicsByName.get('t')!.id,
          partitions: [{ partition: 0, fetchOffset: 3, logStartOffset, partitionMaxBytes: 1000 }],
        },
      ],
    });
  for (const value of ['a', 'b', 'c']) {
    void client.send(produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, [value]) }] }],
    });
  }
  await world.settle();
  await follow(0);
  const remove = (offset: number) =>
    client.send(deleteRecords, 2, {
      timeoutMs: 1000,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }],
    });
  const answer = remove(2);
  await world.settle();
  expect(client.unanswered).toBe(1);
  await follow(2);
  expect((await answer).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2 });
  const beyond = remove(4);
  await world.settle();
  expect((await beyond).topics[0]!.partitions[0]).toMatchObject({ errorCode: 1, lowWatermark: -1 });
  const slow = remove(-1);
  await world.time.pass(1000);
  expect((await slow).topics[0]!.partitions[0]).toMatchObject({ errorCode: 7, lowWatermark: -1 });
});
