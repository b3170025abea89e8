import { expect, test } from 'vitest';
import { nodeCodecs as codecs } from '../../node/index.ts';
import { type Draft, fetch, type Message, produce } from '../../protocol/index.ts';
import { batchBaseOffset, encodeEndTransactionMarker, wholeBatchSize } from '../../records/index.ts';
import { type BrokerWorld, type BrokerWorldOptions, batch, brokerWorld, type TestClient } from '../testing/world.ts';

type FetchDraft = Draft<typeof fetch.request>;
type FetchResponse = Message<typeof fetch.response>;

interface Setup extends BrokerWorld {
  readonly client: TestClient;
  readonly write: (values: readonly string[], partition?: number) => Promise<void>;
}

async function setup(
  options: Partial<BrokerWorldOptions> & { partitions?: number; replicas?: readonly number[] } = {},
): Promise<Setup> {
  const { partitions = 1, replicas = [1], ...rest } = options;
  const world = await brokerWorld({ codecs, ...rest });
  world.cluster.topic('t', { partitions, replicas });
  await world.settle();
  const writer = world.connect();
  return {
    ...world,
    client: world.connect(),
    write: async (values, partition = 0) => {
      const partitionData = [{ index: partition, records: batch(codecs, values) }];
      await writer.request(produce, 9, { acks: 1, timeoutMs: 1000, topicData: [{ name: 't', partitionData }] });
    },
  };
}

const ask = (partitions: readonly Record<string, unknown>[], more: FetchDraft = {}): FetchDraft => ({
  maxWaitMs: 0,
  minBytes: 1,
  sessionEpoch: -1,
  topics: [
    {
      topic: 't',
      partitions: partitions.map((each) => ({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20, ...each })),
    },
  ],
  ...more,
});
const partitionsOf = (response: FetchResponse) => response.responses.flatMap(({ partitions }) => partitions);
const offsetsIn = (records: Uint8Array | null): number[] => {
  const offsets: number[] = [];
  for (let at = 0; at < records!.length; at += wholeBatchSize(records!, at, records!.length)) {
    offsets.push(batchBaseOffset(records!, at));
  }
  return offsets;
};

test('waits for minBytes over all partitions, and answers with what there is when time is up', async () => {
  const { client, write, settle, time } = await setup({ partitions: 2 });
  const size = batch(codecs, ['x']).length;
  const answer = client.send(fetch, 12, ask([{}, { partition: 1 }], { maxWaitMs: 500, minBytes: size * 2 }));
  await write(['x'], 0);
  expect(client.unanswered).toBe(1);
  await write(['y'], 1);
  await settle();
  expect(partitionsOf(await answer).map(({ records }) => records!.length)).toEqual([size, size]);

  const late = client.send(fetch, 12, ask([{ fetchOffset: 1 }], { maxWaitMs: 500, minBytes: 1000 }));
  await write(['z'], 0);
  await time.pass(499);
  expect(client.unanswered).toBe(1);
  await time.pass(1);
  expect(offsetsIn(partitionsOf(await late)[0]!.records)).toEqual([1]);
});

test('a fetch that waits for several partitions is answered once with what one turn wrote to all of them', async () => {
  const { client, connect, settle, cluster } = await setup({ partitions: 2, replicas: [1, 2] });
  const writer = connect();
  const follower = connect('10.0.0.2');
  const followed = (fetchOffset: number, maxWaitMs: number) =>
    follower.send(fetch, 15, {
      ...{ maxWaitMs, minBytes: 1, sessionEpoch: -1, replicaState: { replicaId: 2, replicaEpoch: 102 } },
      topics: [
        {
          topicId: cluster.topicsByName.get('t')!.id,
          partitions: [0, 1].map((partition) => ({
            partition,
            fetchOffset,
            logStartOffset: 0,
            partitionMaxBytes: 1000,
          })),
        },
      ],
    });
  const copied = followed(0, 500);
  const consumed = client.send(fetch, 12, ask([{}, { partition: 1 }], { maxWaitMs: 500 }));
  await settle();
  expect([follower.unanswered, client.unanswered]).toEqual([1, 1]);
  const partitionData = [0, 1].map((index) => ({ index, records: batch(codecs, ['x']) }));
  const written = writer.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', partitionData }] });
  await settle();
  expect([writer.unanswered, client.unanswered]).toEqual([1, 1]);
  expect(partitionsOf(await copied).map(({ records }) => offsetsIn(records))).toEqual([[0], [0]]);
  // One fetch of the follower commits both.
  void followed(1, 0);
  await settle();
  expect(partitionsOf(await consumed).map(({ records }) => offsetsIn(records))).toEqual([[0], [0]]);
  expect((await written).responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
});

test('bounds: the first batch is given however large, partition and request limits hold for the rest', async () => {
  const { client, write } = await setup({ partitions: 2 });
  for (let count = 0; count < 4; count++) {
    await write(['v'.repeat(1000)], 0);
    await write(['v'.repeat(1000)], 1);
  }
  const size = batch(codecs, ['v'.repeat(1000)]).length;
  const sizes = async (partitions: readonly Record<string, unknown>[], maxBytes = 1 << 20): Promise<number[]> => {
    const response = await client.request(fetch, 12, ask(partitions, { maxBytes }));
    return partitionsOf(response).map(({ records }) => records!.length / size);
  };
  expect(await sizes([{ partitionMaxBytes: 1 }, { partition: 1, partitionMaxBytes: 1 }])).toEqual([1, 0]);
  expect(await sizes([{ partitionMaxBytes: size * 2.5 }, { partition: 1, partitionMaxBytes: size }])).toEqual([2, 1]);
  expect(await sizes([{}, { partition: 1 }], 0)).toEqual([1, 0]);
  expect(await sizes([{ partitionMaxBytes: size * 3 }, { partition: 1 }], size * 5)).toEqual([3, 2]);
  expect(await sizes([{ partitionMaxBytes: -5 }, { partition: 1 }], -1)).toEqual([1, 0]);
});

test('errors are answered at once, without offsets', async () => {
  const { client, write, cluster, settle } = await setup({ partitions: 2 });
  await write(['a']);
  cluster.topic('elsewhere', { replicas: [2] });
  await settle();
  const response = await client.request(
    fetch,
    12,
    ask([{ fetchOffset: 5 }, { fetchOffset: -1 }, { partition: 9 }, { partition: 1 }], { maxWaitMs: 500 }),
  );
  expect(
    partitionsOf(response).map(({ errorCode, highWatermark, logStartOffset }) => [
      errorCode,
      highWatermark,
      logStartOffset,
    ]),
  ).toEqual([
    [1, -1, -1],
    [1, -1, -1],
    [3, -1, -1],
    [0, 0, 0],
  ]);
  const other = await client.request(fetch, 12, {
    ...ask([]),
    topics: [
      { topic: 'elsewhere', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10 }] },
      { topic: 'unknown', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10 }] },
    ],
  });
  expect(partitionsOf(other).map(({ errorCode }) => errorCode)).toEqual([6, 3]);
  const byId = await client.request(fetch, 16, {
    ...ask([]),
    topics: [
      { topicId: cluster.topicsByName.get('elsewhere')!.id, partitions: [{ partition: 0, partitionMaxBytes: 10 }] },
      { topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitions: [{ partition: 0, partitionMaxBytes: 10 }] },
    ],
  });
  expect(partitionsOf(byId)).toMatchObject([
    { errorCode: 6, currentLeader: { leaderId: 2, leaderEpoch: 0 } },
    { errorCode: 100 },
  ]);
});

test('consumers see the high watermark, followers the end of the log', async () => {
  const { client, write, cluster } = await setup({ replicas: [1, 2] });
  await write(['a']);
  const consumer = await client.request(fetch, 12, ask([{}]));
  expect(partitionsOf(consumer)[0]).toMatchObject({ errorCode: 0, highWatermark: 0, records: new Uint8Array(0) });
  const follower = await client.request(fetch, 14, {
    ...ask([]),
    replicaId: 2,
    topics: [
      {
        topicId: cluster.topicsByName.get('t')!.id,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
      },
    ],
  });
  expect(offsetsIn(partitionsOf(follower)[0]!.records)).toEqual([0]);
});

test('a reader whose log diverges is told where', async () => {
  const { client, write, cluster } = await setup();
  await write(['a']);
  cluster.change('t', 0, { leaderEpoch: 4 });
  await write(['b']);
  const at = async (fetchOffset: number, lastFetchedEpoch: number) =>
    partitionsOf(await client.request(fetch, 12, ask([{ fetchOffset, lastFetchedEpoch }])))[0]!;
  expect(await at(2, 0)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 1 } });
  expect(await at(2, 3)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 1 } });
  expect(await at(1, 0)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: -1 } });
  expect(await at(2, 4)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: -1 } });
});

test('read_committed stops at the last stable offset and names the aborted transactions', async () => {
  const world = await setup({ config: { 'transaction.partition.verification.enable': 'false' } });
  const { client, write, cluster, assembly } = world;
  cluster.configure('t', {});
  const log = assembly.replicas.partition('t', 0)!.log!;
  const producing = { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true };
  const writer = world.connect();
  await writer.request(produce, 9, {
    acks: 1,
    timeoutMs: 1000,
    transactionalId: 'x',
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['open'], producing) }] }],
  });
  await write(['after']);
  const read = async (isolationLevel: number) =>
    partitionsOf(await client.request(fetch, 12, ask([{}], { isolationLevel })))[0]!;
  expect(await read(1)).toMatchObject({ highWatermark: 2, lastStableOffset: 0, abortedTransactions: [] });
  expect((await read(1)).records).toHaveLength(0);
  expect(await read(0)).toMatchObject({ highWatermark: 2, lastStableOffset: 0, abortedTransactions: null });
  expect(offsetsIn((await read(0)).records)).toEqual([0, 1]);
  const marker = encodeEndTransactionMarker(
    { outcome: 'abort', coordinatorEpoch: 0, producerId: 7, producerEpoch: 0, timestamp: 1 },
    codecs,
  );
  log.append(marker, { origin: 'coordinator', leaderEpoch: 0 });
  log.setHighWatermark(log.logEndOffset);
  const committed = await read(1);
  expect(committed).toMatchObject({ lastStableOffset: 3, abortedTransactions: [{ producerId: 7, firstOffset: 0 }] });
  expect(offsetsIn(committed.records)).toEqual([0, 1, 2]);
});

test('a session names partitions once, then only what changed', async () => {
  const { client, write } = await setup({ partitions: 3 });
  await write(['a'], 1);
  const opened = await client.request(
    fetch,
    12,
    ask([{}, { partition: 1 }, { partition: 2 }], { sessionId: 0, sessionEpoch: 0 }),
  );
  expect(partitionsOf(opened).map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2]);
  const { sessionId } = opened;
  expect(sessionId).toBeGreaterThan(0);
  const next = (sessionEpoch: number, topics: FetchDraft['topics'] = [], more: FetchDraft = {}) =>
    client.request(fetch, 12, { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch, topics: topics ?? [], ...more });
  const moved = (partition: number, fetchOffset: number) => ({
    topic: 't',
    partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 20 }],
  });
  expect(partitionsOf(await next(1, [moved(1, 1)]))).toEqual([]);
  await write(['b'], 0);
  await write(['c'], 2);
  // Whoever had records goes to the end of the order.
  expect(partitionsOf(await next(2)).map(({ partitionIndex }) => partitionIndex)).toEqual([0, 2]);
  expect(partitionsOf(await next(3, [moved(0, 1), moved(2, 1)]))).toEqual([]);
  // An error is told every time, and its end is news.
  expect(partitionsOf(await next(4, [moved(0, 99)]))).toMatchObject([{ partitionIndex: 0, errorCode: 1 }]);
  expect(partitionsOf(await next(5, [moved(0, 1)]))).toMatchObject([{ partitionIndex: 0, errorCode: 0 }]);
  // Forgotten partitions are out.
  await write(['d'], 1);
  const forgotten = { forgottenTopicsData: [{ topic: 't', partitions: [1] }] };
  expect(partitionsOf(await next(6, [], forgotten))).toEqual([]);
  // Replaying an epoch, guessing an id, and mixing names with ids each have their error.
  expect(await next(6)).toMatchObject({ errorCode: 71, sessionId: 0, responses: [] });
  expect(await client.request(fetch, 12, { sessionId: sessionId + 1, sessionEpoch: 1 })).toMatchObject({
    errorCode: 70,
  });
  expect(await client.request(fetch, 13, { sessionId, sessionEpoch: 7 })).toMatchObject({ errorCode: 106 });
  expect(await next(7)).toMatchObject({ errorCode: 0, sessionId });
  // A session is ended by its client.
  expect((await client.request(fetch, 12, ask([{}], { sessionId, sessionEpoch: -1 }))).sessionId).toBe(0);
  expect(await next(8)).toMatchObject({ errorCode: 70 });
});

test('the cache of sessions is bounded; who finds no place goes on without', async () => {
  const { client, assembly, time, cluster } = await setup({
    config: { 'max.incremental.fetch.session.cache.slots': '2' },
  });
  const open = async () => (await client.request(fetch, 12, ask([{}], { sessionId: 0, sessionEpoch: 0 }))).sessionId;
  const ids = [await open(), await open(), await open()];
  expect([ids[0]! > 0, ids[1]! > 0, ids[2]]).toEqual([true, true, 0]);
  await time.pass(100_000);
  await client.request(fetch, 12, { sessionId: ids[0]!, sessionEpoch: 1 });
  await time.pass(30_000);
  // The second was unused for two minutes.
  expect(await open()).toBeGreaterThan(0);
  expect(await client.request(fetch, 12, { sessionId: ids[1]!, sessionEpoch: 1 })).toMatchObject({ errorCode: 70 });
  expect(assembly.fetchSessions.size).toBe(2);
  // A follower takes a consumer's place.
  const topicId = cluster.topicsByName.get('t')!.id;
  const follower = await client.request(fetch, 14, {
    replicaId: 2,
    sessionEpoch: 0,
    topics: [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10 }] }],
  });
  expect(follower.sessionId).toBeGreaterThan(0);
  expect(assembly.fetchSessions).toMatchObject({ size: 2, partitionCount: 2 });
});

test('a waiting fetch ends with its connection', async () => {
  const { client, assembly, settle } = await setup();
  void client.send(fetch, 12, ask([{}], { maxWaitMs: 0x7fffffff, minBytes: 0x7fffffff }));
  await settle();
  const { fetches } = assembly.replicas.partition('t', 0)!;
  expect(fetches.size).toBe(1);
  client.pipe.destroy();
  expect(fetches.size).toBe(0);
});

test('a consumer is sent to the in-sync replica in its rack that has what it asks for (KIP-392)', async () => {
  const { client, write, cluster, connect } = await setup({
    replicas: [1, 2, 3],
    config: { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
  });
  for (const [id, rack] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ] as const) {
    cluster.broker(id, { rack });
  }
  const topicId = cluster.topicsByName.get('t')!.id;
  const follower = connect();
  const follow = (replicaId: number, fetchOffset: number) =>
    follower.request(fetch, 14, {
      replicaId,
      maxWaitMs: 0,
      sessionEpoch: -1,
      topics: [{ topicId, partitions: [{ partition: 0, fetchOffset, logStartOffset: 0, partitionMaxBytes: 10 }] }],
    });
  await write(['x']);
  await follow(2, 1);
  await follow(3, 0);
  const sentTo = async (rackId: string, fetchOffset: number) => {
    const response = await client.request(fetch, 12, ask([{ fetchOffset }], { rackId, maxWaitMs: 500 }));
    return partitionsOf(response)[0]!.preferredReadReplica;
  };
  expect(await sentTo('b', 1)).toBe(2);
  expect(await sentTo('c', 0)).toBe(3);
  await follow(3, 1);
  expect(await sentTo('a', 0)).toBe(-1);
  expect(await sentTo('nowhere', 0)).toBe(-1);
  cluster.change('t', 0, { isr: [1, 3] });
  expect(await sentTo('b', 0)).toBe(-1);
});
