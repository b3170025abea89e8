import { ClientError, EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, MAX_TIMESTAMP } from '../../../core/client/index.ts';
import { expectEqual as equal } from '../checks.ts';
import { acked, allPartitions, bytes, isTrue, read, type Suite } from './suite.ts';

/** Offsets by kind and time, where to begin, pause and seek. */
export async function reading(suite: Suite): Promise<void> {
  const { admin, check, topic, withConsumer, withProducer } = suite;

  await check('offsets: earliest, latest, by time, largest timestamp; deleteRecords moves the start', async () => {
    const name = await topic('offsets', 1);
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      for (let index = 0; index < 10; index++) {
        acked(await producer.sendRecord({ topic: name, value: bytes('x'), timestampMs: 1700000000000 + index * 1000 }));
      }
    });
    const at = async (timestamp: number): Promise<number | undefined> => {
      const [answer] = await admin.listOffsets([{ topic: name, partition: 0, timestamp }]);
      equal(answer?.errorCode, 0, 'listOffsets');
      return answer?.value?.offset;
    };
    equal(await at(EARLIEST_TIMESTAMP), 0, 'earliest');
    equal(await at(LATEST_TIMESTAMP), 10, 'latest');
    equal(await at(1700000004500), 5, 'by time');
    equal(await at(1800000000000), -1, 'by a time in the future');
    equal(await at(MAX_TIMESTAMP), 9, 'largest timestamp');
    const [deleted] = await admin.deleteRecords([{ topic: name, partition: 0, beforeOffset: 4 }]);
    equal(deleted?.value, 4, 'the new start');
    equal(await at(EARLIEST_TIMESTAMP), 4, 'earliest after deleteRecords');
    await withConsumer({ 'auto.offset.reset': 'earliest' }, async (consumer) => {
      const partition = { topic: name, partition: 0 };
      consumer.assign([partition]);
      consumer.seek(partition, 1);
      const records = await read(consumer, 6);
      equal(
        records.map((record) => record.offset),
        [4, 5, 6, 7, 8, 9],
        'read after a seek below the start',
      );
      equal(await consumer.position(partition), 10, 'position');
      equal(consumer.currentLag(partition), 0, 'lag');
    });
  });

  await check('auto.offset.reset: latest sees what comes, none refuses', async () => {
    const name = await topic('reset', 1);
    const partition = { topic: name, partition: 0 };
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      acked(await producer.sendRecord({ topic: name, value: bytes('before') }));
      await withConsumer({}, async (consumer) => {
        consumer.assign([partition]);
        equal(await consumer.position(partition), 1, 'position');
        acked(await producer.sendRecord({ topic: name, value: bytes('after') }));
        equal((await read(consumer, 1))[0]?.value, 'after', 'the value');
      });
    });
    await withConsumer({ 'auto.offset.reset': 'none' }, async (consumer) => {
      consumer.assign([partition]);
      try {
        await consumer.poll(2000);
        await consumer.poll(2000);
      } catch (error) {
        isTrue(error instanceof ClientError && error.kind === 'noOffset', String(error));
        return;
      }
      throw new Error('the poll was not refused');
    });
  });

  await check('pause, resume and seek', async () => {
    const name = await topic('pause', 2);
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      for (let index = 0; index < 20; index++) {
        acked(await producer.sendRecord({ topic: name, partition: index % 2, value: bytes(`${index}`) }));
      }
    });
    await withConsumer({ 'auto.offset.reset': 'earliest' }, async (consumer) => {
      const [zero, one] = allPartitions(name, 2);
      consumer.assign([zero!, one!]);
      consumer.pause([one!]);
      const first = await read(consumer, 10);
      isTrue(
        first.every((record) => record.partition === 0),
        'a paused partition was read',
      );
      consumer.resume([one!]);
      const second = await read(consumer, 10);
      isTrue(
        second.every((record) => record.partition === 1),
        'records of the other partition again',
      );
      consumer.seek(zero!, 7);
      equal(
        (await read(consumer, 3)).map((record) => record.offset),
        [7, 8, 9],
        'after the seek',
      );
    });
  });
}
