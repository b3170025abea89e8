import { expect, test } from 'vitest';
import {
  type BrokerWorld,
  type BrokerWorldOptions,
  batch,
  brokerWorld,
  type TestClient,
} from '../broker/testing/world.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs as codecs } from '../node/index.ts';
import { fetch, produce } from '../protocol/index.ts';
import type { Disk, DiskFile } from '../runtime.ts';
import { DiskError } from '../runtime.ts';

interface Setup extends BrokerWorld {
  readonly client: TestClient;
  readonly produced: (values: readonly string[], acks: number, withinMs?: number) => Promise<ProduceAnswer>;
  readonly follow: (replicaId: number, fetchOffset: number, epoch?: number) => Promise<void>;
  readonly highWatermark: () => number;
}
interface ProduceAnswer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

async function setup(
  options: Partial<BrokerWorldOptions> & { replicas?: readonly number[]; topic?: Record<string, string> } = {},
): Promise<Setup> {
  const world = await brokerWorld({ codecs, ...options });
  for (const id of options.replicas ?? [1]) if (id !== 1) world.cluster.broker(id);
  world.cluster.topic('t', { replicas: options.replicas ?? [1], configs: options.topic ?? {} });
  await world.settle();
  const client = world.connect();
  const followers = new Map<number, TestClient>();
  return {
    ...world,
    client,
    produced: async (values, acks, withinMs = 0) => {
      const response = await client.request(
        produce,
        9,
        {
          acks,
          timeoutMs: 1000,
          topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, values) }] }],
        },
        withinMs,
      );
      return response.responses[0]!.partitionResponses[0]!;
    },
    follow: async (replicaId, fetchOffset, epoch = 100 + replicaId) => {
      const follower = followers.get(replicaId) ?? world.connect(`10.0.0.${replicaId}`);
      followers.set(replicaId, follower);
      await follower.request(fetch, 15, {
        maxWaitMs: 0,
        minBytes: 0,
        replicaState: { replicaId, replicaEpoch: epoch },
        sessionEpoch: -1,
        topics: [
          {
            topicId: world.cluster.topicsByName.get('t')!.id,
            partitions: [{ partition: 0, fetchOffset, logStartOffset: 0, partitionMaxBytes: 1 << 20 }],
          },
        ],
      });
    },
    highWatermark: () => world.assembly.replicas.partition('t', 0)!.log!.highWatermark,
  };
}

const isrOf = (world: BrokerWorld): readonly number[] => world.assembly.replicas.partition('t', 0)!.leader!.isr;

test('the only replica commits what it has written', async () => {
  const { produced, highWatermark, time } = await setup();
  expect(await produced(['a', 'b'], -1)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await produced(['c'], 1)).toMatchObject({ errorCode: 0, baseOffset: 2 });
  expect(highWatermark()).toBe(3);
  expect(time.monotonicNs()).toBe(0);
});

test('acks=all waits for every in-sync replica, acks=1 does not', async () => {
  const { produced, follow, highWatermark, client, settle } = await setup({ replicas: [1, 2, 3] });
  await follow(2, 0);
  await follow(3, 0);
  expect(await produced(['a'], 1)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(highWatermark()).toBe(0);
  const all = client.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['b']) }] }],
  });
  await settle();
  await follow(2, 2);
  expect([highWatermark(), client.unanswered]).toEqual([0, 1]);
  await follow(3, 1);
  expect([highWatermark(), client.unanswered]).toEqual([1, 1]);
  await follow(3, 2);
  expect([highWatermark(), client.unanswered]).toEqual([2, 0]);
  expect((await all).responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 1 });
});

test('acks=all that nobody completes times out, and is forgotten', async () => {
  const { produced, follow, time, highWatermark } = await setup({ replicas: [1, 2] });
  const answer = produced(['a'], -1, 1000);
  expect(await answer).toMatchObject({ errorCode: 7, baseOffset: -1 });
  expect(time.monotonicNs()).toBe(1000e6);
  await follow(2, 1);
  expect(highWatermark()).toBe(1);
});

test('min.insync.replicas refuses acks=all before the append, and tells when the ISR shrank after it', async () => {
  const world = await setup({ replicas: [1, 2, 3], topic: { 'min.insync.replicas': '2' } });
  const { produced, cluster, follow, settle, highWatermark } = world;
  const client = world.connect();
  const late = client.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['a']) }] }],
  });
  await settle();
  cluster.change('t', 0, { isr: [1] });
  expect(await produced(['b'], 1)).toMatchObject({ errorCode: 0, baseOffset: 1 });
  // Below min ISR nothing is shown, also when the followers have it.
  await follow(2, 2);
  await follow(3, 2);
  expect(highWatermark()).toBe(0);
  cluster.change('t', 0, { isr: [1, 2] });
  expect(highWatermark()).toBe(2);
  await settle();
  expect((await late).responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0 });
  cluster.change('t', 0, { isr: [1] });
  expect(await produced(['c'], -1)).toMatchObject({ errorCode: 19, baseOffset: -1 });
  // More than there are replicas counts as all of them.
  cluster.configure('t', { 'min.insync.replicas': '5' });
  cluster.change('t', 0, { isr: [1, 2, 3] });
  const answer = client.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['d']) }] }],
  });
  await settle();
  await follow(2, 3);
  await follow(3, 3);
  await settle();
  expect((await answer).responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 2 });
});

test('a follower that lags is proposed for removal and one that caught up for return', async () => {
  const world = await setup({ replicas: [1, 2, 3], config: { 'replica.lag.time.max.ms': '10000' } });
  const { cluster, follow, produced, time, highWatermark, assembly } = world;
  assembly.replicas.start();
  let partitionEpoch = 0;
  const proposals: number[][] = [];
  cluster.answers.set(56, (request: never) => {
    const { topicId, partitions } = (request as { topics: { topicId: string; partitions: AlterAsked[] }[] }).topics[0]!;
    const isr = partitions[0]!.newIsrWithEpochs.map(({ brokerId }) => brokerId);
    proposals.push(isr);
    partitionEpoch++;
    const answer = { partitionIndex: 0, errorCode: 0, leaderId: 1, leaderEpoch: 0, isr, partitionEpoch };
    return { errorCode: 0, topics: [{ topicId, partitions: [answer] }] };
  });
  await produced(['a'], 1);
  for (let round = 0; round < 4; round++) {
    await follow(2, 1);
    await time.pass(4000);
  }
  expect(isrOf(world)).toEqual([1, 2]);
  expect(highWatermark()).toBe(1);
  // Behind the high watermark it stays out; at it, it comes back, if its broker is the registered one and not fenced.
  await follow(3, 0);
  expect(isrOf(world)).toEqual([1, 2]);
  await follow(3, 1, 77);
  expect(isrOf(world)).toEqual([1, 2]);
  cluster.broker(3, { fenced: true });
  await follow(3, 1);
  expect(isrOf(world)).toEqual([1, 2]);
  cluster.broker(3, { fenced: false });
  await follow(3, 1);
  await world.settle();
  expect(isrOf(world)).toEqual([1, 2, 3]);
  expect(proposals).toEqual([
    [1, 2],
    [1, 2, 3],
  ]);
});

interface AlterAsked {
  readonly newIsrWithEpochs: readonly { readonly brokerId: number }[];
}

test('a proposed member of the ISR holds the high watermark back before the controller has answered', async () => {
  const world = await setup({ replicas: [1, 2] });
  const { cluster, follow, produced, highWatermark, settle, time } = world;
  cluster.change('t', 0, { isr: [1] });
  await produced(['a'], 1);
  expect(highWatermark()).toBe(1);
  cluster.answers.set(56, () => null);
  await follow(2, 1);
  await produced(['b'], 1);
  await settle();
  expect(highWatermark()).toBe(1);
  expect(isrOf(world)).toEqual([1]);
  await follow(2, 2);
  expect(highWatermark()).toBe(2);
  // Also when it lags: the controller may have said yes, and elect it.
  await produced(['c'], 1);
  await time.pass(60_000);
  await produced(['d'], 1);
  expect(highWatermark()).toBe(2);
  await follow(2, 4);
  expect(highWatermark()).toBe(4);
});

test('a proposal that a newer state has overtaken holds the high watermark back until the metadata tell', async () => {
  const world = await setup({ replicas: [1, 2] });
  const { cluster, follow, produced, highWatermark, time } = world;
  const topicId = cluster.topicsByName.get('t')!.id;
  const superseded = { partitionIndex: 0, errorCode: 95 };
  cluster.change('t', 0, { isr: [1] });
  await produced(['a'], 1);
  // The answer to the first request got lost: the second one meets what the first one made.
  cluster.answers.set(56, () => ({ errorCode: 0, topics: [{ topicId, partitions: [superseded] }] }));
  await follow(2, 1);
  await produced(['b'], 1);
  await time.pass(60_000);
  await produced(['c'], 1);
  expect(highWatermark()).toBe(1);
  // The controller has not taken it in after all.
  cluster.change('t', 0, { isr: [1] });
  expect(highWatermark()).toBe(3);
});

test('leader epochs fence; a new epoch refuses what waited in the old role', async () => {
  const world = await setup({ replicas: [1, 2] });
  const { client, cluster, settle } = world;
  const waiting = client.send(produce, 10, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['a']) }] }],
  });
  await settle();
  cluster.change('t', 0, { leader: 2, leaderEpoch: 3 });
  await settle();
  expect(await waiting).toMatchObject({
    responses: [{ partitionResponses: [{ errorCode: 6, currentLeader: { leaderId: 2, leaderEpoch: 3 } }] }],
    nodeEndpoints: [{ nodeId: 2, host: 'host-2', port: 9092 }],
  });
  cluster.change('t', 0, { leader: 1, leaderEpoch: 4 });
  const at = async (currentLeaderEpoch: number): Promise<number> => {
    const response = await client.request(fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      sessionEpoch: -1,
      topics: [
        { topic: 't', partitions: [{ partition: 0, fetchOffset: 0, currentLeaderEpoch, partitionMaxBytes: 1000 }] },
      ],
    });
    return response.responses[0]!.partitions[0]!.errorCode;
  };
  expect([await at(3), await at(4), await at(5), await at(-1)]).toEqual([74, 0, 75, 0]);
});

test('flush.messages=1 acknowledges after the sync, and one sync serves many', async () => {
  let syncs = 0;
  const held: (() => void)[] = [];
  let hold = false;
  const disk = watched(createMemoryDisk(), async (file, sync) => {
    if (!file.path.endsWith('.log')) return sync();
    syncs++;
    if (hold) await new Promise<void>((resolve) => held.push(resolve));
    return sync();
  });
  const { client, settle, highWatermark } = await setup({ disk, topic: { 'flush.messages': '1' } });
  hold = true;
  syncs = 0;
  const send = (acks: number) =>
    client.send(produce, 9, {
      acks,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, ['a']) }] }],
    });
  void send(-1);
  void send(1);
  await settle();
  expect([client.unanswered, highWatermark(), syncs]).toEqual([2, 0, 1]);
  for (let count = 0; count < 5; count++) void send(count % 2 === 0 ? -1 : 1);
  await settle();
  expect([client.unanswered, highWatermark(), syncs]).toEqual([7, 0, 1]);
  held.shift()!();
  await settle();
  expect([client.unanswered, highWatermark(), syncs]).toEqual([5, 2, 2]);
  held.shift()!();
  await settle();
  expect([client.unanswered, highWatermark()]).toEqual([0, 7]);
});

test('a failed disk takes its directory offline: waiting and later requests get KAFKA_STORAGE_ERROR', async () => {
  let broken = false;
  const disk = watched(createMemoryDisk(), async (file, sync) => {
    if (broken && file.path.endsWith('.log')) throw new DiskError('EIO', file.path, 'sync');
    return sync();
  });
  const { produced, client, settle } = await setup({ disk, topic: { 'flush.messages': '1' } });
  expect(await produced(['a'], -1)).toMatchObject({ errorCode: 0 });
  broken = true;
  expect(await produced(['b'], -1)).toMatchObject({ errorCode: 56 });
  expect(await produced(['c'], 1)).toMatchObject({ errorCode: 56 });
  await settle();
  const fetched = await client.request(fetch, 12, {
    maxWaitMs: 500,
    minBytes: 1,
    sessionEpoch: -1,
    topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
  });
  expect(fetched.responses[0]!.partitions[0]).toMatchObject({ errorCode: 56, highWatermark: -1, logStartOffset: -1 });
});

test('requests for a topic whose logs are being made wait for them, in order', async () => {
  const world = await brokerWorld({ codecs });
  const client = world.connect();
  await world.settle();
  world.cluster.topic('t');
  const answers = [0, 1, 2].map((sequence) =>
    client.send(produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: 't',
          partitionData: [
            { index: 0, records: batch(codecs, ['a'], { producerId: 5, producerEpoch: 0, baseSequence: sequence }) },
          ],
        },
      ],
    }),
  );
  await world.settle();
  const codes = (await Promise.all(answers)).map(({ responses }) => responses[0]!.partitionResponses[0]!);
  expect(codes.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
  ]);
});

test('a topic of the same name again starts empty', async () => {
  const { produced, cluster, settle, highWatermark } = await setup();
  await produced(['a'], -1);
  cluster.remove('t');
  cluster.topic('t');
  await settle();
  await settle();
  expect(highWatermark()).toBe(0);
  expect(await produced(['b'], -1)).toMatchObject({ errorCode: 0, baseOffset: 0 });
});

test('the broken variants break what they say', async () => {
  const early = await setup({ faults: { hwOnOwnAppend: true }, replicas: [1, 2] });
  expect(await early.produced(['a'], -1)).toMatchObject({ errorCode: 0 });
  const unwritten = await setup({ faults: { ackBeforeWrite: true } });
  expect(await unwritten.produced(['a'], -1)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(unwritten.assembly.replicas.partition('t', 0)!.log!.logEndOffset).toBe(0);
  await unwritten.time.pass(10);
  expect(unwritten.assembly.replicas.partition('t', 0)!.log!.logEndOffset).toBe(1);
});

/** A disk whose syncs go through `around`. */
function watched(disk: Disk, around: (file: DiskFile, sync: () => Promise<void>) => Promise<void>): Disk {
  const open = disk.open.bind(disk);
  disk.open = (path, options) => {
    const file = open(path, options);
    const sync = file.sync.bind(file);
    file.sync = () => around(file, sync);
    return file;
  };
  return disk;
}
