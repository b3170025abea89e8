import { CompressionTypes, type EachMessagePayload, Kafka, logLevel } from 'kafkajs';
import { type Checks, expectEqual } from './checks.ts';

/** kafkajs 2.2: admin, producer with and without idempotence, consumer groups. */
export async function checkKafkaJs(checks: Checks, bootstrap: string): Promise<void> {
  const kafka = new Kafka({ clientId: 'kafkajs', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
  const topic = `kafkajs-${Date.now()}`;

  await checks.run('kafkajs: admin creates, describes, grows and configures a topic', async () => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      expectEqual(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), true, 'created');
      expectEqual(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), false, 'created again');
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      expectEqual(topics[0]!.partitions.length, 3, 'partitions');
      await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: topic, configEntries: [{ name: 'retention.ms', value: '123456' }] }],
      });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }],
      });
      expectEqual(resources[0]!.configEntries[0]!.configValue, '123456', 'retention.ms');
      const cluster = await admin.describeCluster();
      expectEqual(cluster.brokers.length >= 1, true, 'brokers');
    } finally {
      await admin.disconnect();
    }
  });

  await checks.run('kafkajs: what was produced with gzip and without is consumed by a group, in order', async () => {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const sent: string[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const messages = Array.from({ length: 50 }, (_, index) => ({
        key: `key-${index % 7}`,
        value: `value-${batch}-${index}`,
        headers: { batch: String(batch) },
      }));
      sent.push(...messages.map((message) => message.value));
      await producer.send({
        topic,
        acks: -1,
        messages,
        compression: batch % 2 === 0 ? CompressionTypes.GZIP : CompressionTypes.None,
      });
    }
    await producer.disconnect();

    const consumer = kafka.consumer({ groupId: `${topic}-group` });
    await consumer.connect();
    const seen: { partition: number; offset: number; value: string }[] = [];
    try {
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer
          .run({
            eachMessage: async ({ partition, message }: EachMessagePayload) => {
              seen.push({ partition, offset: Number(message.offset), value: message.value!.toString() });
              if (seen.length === sent.length) resolve();
            },
          })
          .catch(reject);
      });
      await consumer.stop();
    } finally {
      await consumer.disconnect();
    }
    expectEqual(seen.map((record) => record.value).sort(), [...sent].sort(), 'values');
    for (const partition of [0, 1, 2, 3]) {
      const offsets = seen.filter((record) => record.partition === partition).map((record) => record.offset);
      expectEqual(
        offsets,
        offsets.map((_, index) => index),
        `offsets of partition ${partition}`,
      );
    }
  });

  await checks.run('kafkajs: committed offsets, lag by admin, group listing and deletion', async () => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      const [offsets] = await admin.fetchOffsets({ groupId: `${topic}-group`, topics: [topic] });
      const committed = offsets!.partitions.reduce((sum, entry) => sum + Math.max(0, Number(entry.offset)), 0);
      expectEqual(committed, 500, 'committed in all');
      const ends = await admin.fetchTopicOffsets(topic);
      expectEqual(
        ends.reduce((sum, entry) => sum + Number(entry.high), 0),
        500,
        'log ends',
      );
      const { groups } = await admin.listGroups();
      expectEqual(
        groups.some((group) => group.groupId === `${topic}-group`),
        true,
        'listed',
      );
      await admin.setOffsets({ groupId: `${topic}-group`, topic, partitions: [{ partition: 0, offset: '1' }] });
      await admin.deleteGroups([`${topic}-group`]);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] });
      await admin.deleteTopics({ topics: [topic] });
    } finally {
      await admin.disconnect();
    }
  });

  await checks.run('kafkajs: two members share a group, and the second takes over when the first leaves', async () => {
    const shared = `${topic}-shared`;
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: shared, numPartitions: 2 }] });
    const producer = kafka.producer();
    await producer.connect();
    const seen = new Set<string>();
    let members = 0;
    const start = async (): Promise<{ stop(): Promise<void> }> => {
      const consumer = kafka.consumer({ groupId: `${shared}-group`, sessionTimeout: 10_000, heartbeatInterval: 500 });
      consumer.on('consumer.group_join', ({ payload }) => {
        members = payload.isLeader ? Object.keys(payload.memberAssignment).length : members;
      });
      await consumer.connect();
      await consumer.subscribe({ topic: shared, fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void seen.add(message.value!.toString()) });
      return { stop: () => consumer.disconnect() };
    };
    const until = async (done: () => boolean): Promise<void> => {
      while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    try {
      const [first, second] = await Promise.all([start(), start()]);
      const send = (from: number): Promise<unknown> =>
        producer.send({
          topic: shared,
          messages: Array.from({ length: 20 }, (_, index) => ({ partition: index % 2, value: `v-${from + index}` })),
        });
      await send(0);
      await until(() => seen.size === 20);
      await first.stop();
      await send(20);
      await until(() => seen.size === 40);
      await second.stop();
    } finally {
      await producer.disconnect();
      await admin.disconnect();
    }
  });
}
