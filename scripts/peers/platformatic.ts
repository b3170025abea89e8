import {
  Admin,
  Consumer,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { type Checks, expectEqual } from './checks.ts';

/** @platformatic/kafka 2: admin, producer, consumer streams with a group. */
export async function checkPlatformatic(checks: Checks, bootstrap: string): Promise<void> {
  const topic = `platformatic-${Date.now()}`;
  const base = { clientId: 'platformatic', bootstrapBrokers: bootstrap.split(',') };

  await checks.run('@platformatic/kafka: creates a topic, produces, consumes with a group', async () => {
    const admin = new Admin(base);
    await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
    const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true });
    const values = Array.from({ length: 100 }, (_, index) => `value-${index}`);
    await producer.send({ messages: values.map((value, index) => ({ topic, key: `key-${index}`, value })) });
    await producer.close();

    const consumer = new Consumer({ ...base, groupId: `${topic}-group`, deserializers: stringDeserializers });
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: true });
    const seen: string[] = [];
    for await (const message of stream) {
      seen.push(message.value);
      if (seen.length === values.length) break;
    }
    await consumer.close(true);
    expectEqual([...seen].sort(), [...values].sort(), 'values');
    const groups = await admin.listGroups();
    expectEqual(groups.has(`${topic}-group`), true, 'group listed');
    await admin.deleteTopics({ topics: [topic] });
    await admin.close();
  });

  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    await checks.run(`@platformatic/kafka: ${compression}`, async () => {
      const name = `${topic}-${compression}`;
      const admin = new Admin(base);
      await admin.createTopics({ topics: [name], partitions: 1, replicas: 1 });
      await admin.close();
      const producer = new Producer({ ...base, serializers: stringSerializers });
      const values = Array.from({ length: 50 }, (_, index) => `${compression}-${index}`);
      await producer.send({ compression, messages: values.map((value) => ({ topic: name, value })) });
      await producer.close();
      const consumer = new Consumer({ ...base, groupId: `${name}-group`, deserializers: stringDeserializers });
      const stream = await consumer.consume({ topics: [name], mode: MessagesStreamModes.EARLIEST, autocommit: false });
      const seen: string[] = [];
      for await (const message of stream) {
        seen.push(message.value);
        if (seen.length === values.length) break;
      }
      await consumer.close(true);
      expectEqual(seen, values, 'values');
    });
  }
}
