import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { openChannel } from '../client/index.ts';
import { fetch } from '../protocol/index.ts';
import { decodeBatch, wholeBatchSize } from '../records/index.ts';
import { createNodeRuntime, nodeCodecs, serve, startCluster } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'serve-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const kafkaOf = (brokers: readonly string[]): Kafka =>
  new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 2 } });

/** Everything below the high watermark of one partition, as text. */
async function contentsOf(bootstrap: string, topic: string, partition: number): Promise<string[]> {
  const runtime = createNodeRuntime();
  const [host, port] = bootstrap.split(':') as [string, string];
  const channel = await openChannel({ runtime, host, port: Number(port), clientId: 'reader', connectTimeoutMs: 1000 });
  const values: string[] = [];
  for (let offset = 0; ; ) {
    const response = await channel.request(
      fetch,
      12,
      {
        maxWaitMs: 0,
        minBytes: 1,
        sessionEpoch: -1,
        topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
      },
      5000,
    );
    const { records, errorCode } = response.responses[0]!.partitions[0]!;
    if (errorCode !== 0) throw new Error(`fetch: error ${errorCode}`);
    if (records === null || records.length === 0) break;
    for (let at = 0; at < records.length; at += wholeBatchSize(records, at, records.length)) {
      const batch = decodeBatch(records, at, nodeCodecs);
      if (batch.kind === 'corrupt') throw new Error(batch.reason);
      for (const record of batch.records) values.push(Buffer.from(record.value!).toString());
      offset = batch.records.at(-1)!.offset + 1;
    }
  }
  channel.close();
  runtime.close();
  return values;
}

test('kafkajs creates topics and produces with every kind of acknowledgement', async () => {
  await using cluster = await startCluster();
  const kafka = kafkaOf(cluster.bootstrapServers);
  const admin = kafka.admin();
  await admin.connect();
  expect(await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 3 }] })).toBe(true);
  const producer = kafka.producer({ createPartitioner: () => () => 0 });
  await producer.connect();
  const expected: string[] = [];
  for (const [index, acks] of [-1, 1, 0].entries()) {
    const messages = [{ value: `${index}.a` }, { value: `${index}.b` }];
    await producer.send({ topic: 'made', acks, messages });
    expected.push(...messages.map(({ value }) => value));
  }
  const messages = Array.from({ length: 500 }, (_, index) => ({ key: 'k', value: `compressed ${index}` }));
  await producer.send({ topic: 'made', compression: CompressionTypes.GZIP, messages });
  await producer.send({ topic: 'automatic', messages: [{ value: 'x' }] });
  expected.push(...messages.map(({ value }) => value));
  expect(await admin.fetchTopicOffsets('made')).toMatchObject([
    { partition: 0, offset: '506', low: '0', high: '506' },
    { partition: 1, offset: '0' },
    { partition: 2, offset: '0' },
  ]);
  expect(await contentsOf(cluster.bootstrapServers[0]!, 'made', 0)).toEqual(expected);
  expect((await admin.listTopics()).sort()).toEqual(['automatic', 'made']);
  await admin.deleteTopics({ topics: ['made'] });
  expect(await admin.listTopics()).toEqual(['automatic']);
  await producer.disconnect();
  await admin.disconnect();
});

test('three nodes replicate, and go on when one of them ends', async () => {
  await using cluster = await startCluster({ brokers: 3 });
  const kafka = kafkaOf(cluster.bootstrapServers);
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'min.insync.replicas', value: '2' }];
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1, replicationFactor: 3, configEntries }] });
  const leaderOf = async (): Promise<number> =>
    (await admin.fetchTopicMetadata({ topics: ['t'] })).topics[0]!.partitions[0]!.leader;
  const producer = kafka.producer({ retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 200 } });
  await producer.connect();
  for (let count = 0; count < 10; count++)
    await producer.send({ topic: 't', acks: -1, messages: [{ value: `${count}` }] });
  const before = await leaderOf();
  await cluster.brokers[before - 1]!.close();
  for (let count = 10; count < 20; count++)
    await producer.send({ topic: 't', acks: -1, messages: [{ value: `${count}` }] });
  const after = await leaderOf();
  expect(after).not.toBe(before);
  const leader = cluster.brokers[after - 1]!.bootstrapServer;
  expect(await contentsOf(leader, 't', 0)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  await producer.disconnect();
  await admin.disconnect();
}, 20_000);

test('a consumer group reads, commits and goes on where it was', async () => {
  await using cluster = await startCluster({ config: { 'group.initial.rebalance.delay.ms': '0' } });
  const kafka = kafkaOf(cluster.bootstrapServers);
  const producer = kafka.producer();
  await producer.connect();
  const consume = async (count: number): Promise<string[]> => {
    const consumer = kafka.consumer({ groupId: 'g' });
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    const values: string[] = [];
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            values.push(message.value!.toString());
            if (values.length === count) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    return values;
  };
  await producer.send({ topic: 't', messages: [{ value: 'a' }, { value: 'b' }] });
  expect(await consume(2)).toEqual(['a', 'b']);
  await producer.send({ topic: 't', messages: [{ value: 'c' }] });
  expect(await consume(1)).toEqual(['c']);
  await producer.disconnect();
}, 20_000);

test('a client that speaks only new versions: topic ids, fetch sessions, an idempotent producer, a group', async () => {
  await using cluster = await startCluster({ config: { 'group.initial.rebalance.delay.ms': '0' } });
  const bootstrapBrokers = [...cluster.bootstrapServers];
  const producer = new Producer({
    clientId: 'writer',
    bootstrapBrokers,
    serializers: stringSerializers,
    autocreateTopics: true,
    idempotent: true,
  });
  const values = Array.from({ length: 10 }, (_, index) => `value ${index}`);
  for (const value of values) await producer.send({ messages: [{ topic: 't', value }] });
  const consumer = new Consumer({
    groupId: 'g',
    clientId: 'reader',
    bootstrapBrokers,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
  });
  const stream = await consumer.consume({ topics: ['t'], mode: 'earliest' });
  const seen: string[] = [];
  for await (const { value } of stream) {
    seen.push(value);
    if (seen.length === values.length) break;
  }
  expect(seen).toEqual(values);
  await stream.close();
  await consumer.close();
  await producer.close();
}, 20_000);

test('an idempotent producer writes each message once', async () => {
  await using cluster = await startCluster();
  const producer = kafkaOf(cluster.bootstrapServers).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let count = 0; count < 20; count++) {
    await producer.send({ topic: 't', messages: [{ value: `${count}`, partition: 0 }] });
  }
  await producer.disconnect();
  expect(await contentsOf(cluster.bootstrapServers[0]!, 't', 0)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
});

test('what was produced is there after a restart, at the same cluster id', async () => {
  const logDirs = [join(scratch, 'data')];
  const first = await serve({ logDirs });
  const producer = kafkaOf([first.bootstrapServer]).producer();
  await producer.connect();
  await producer.send({ topic: 't', messages: [{ value: 'kept', partition: 0 }] });
  await producer.disconnect();
  await first.close();
  await first.close();
  await using second = await serve({ logDirs });
  expect(second.clusterId).toBe(first.clusterId);
  expect(await contentsOf(second.bootstrapServer, 't', 0)).toEqual(['kept']);
});

test('a start that cannot succeed says why and leaves nothing open', async () => {
  await using running = await serve({ logDirs: [join(scratch, 'a')] });
  const taken = { host: '127.0.0.1', port: running.port };
  await expect(serve({ logDirs: [join(scratch, 'b')], listen: taken })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(serve({ logDirs: [join(scratch, 'b')], nodeId: 2 })).rejects.toThrow(/node/);
  await expect(serve({ logDirs: [join(scratch, 'c')], config: { 'log.retention.mss': '1' } })).rejects.toThrow(
    /did you mean log.retention.ms/,
  );
  await using again = await serve({ logDirs: [join(scratch, 'b')] });
  expect(again.port).toBeGreaterThan(0);
});
