import { LATEST_TIMESTAMP, Producer } from '../../../core/client/index.ts';
import { ErrorCode } from '../../../core/protocol/index.ts';
import { partitionForKey } from '../../../core/records/index.ts';
import { expectEqual as equal } from '../checks.ts';
import { acked, allPartitions, bytes, isTrue, read, type Suite } from './suite.ts';

/** Every acks and codec, and what a broker refuses. */
export async function producing(suite: Suite): Promise<void> {
  const { admin, check, common, runtime, topic, withConsumer, withProducer } = suite;

  for (const acks of ['all', '1', '0'] as const) {
    await check(`produce and consume, acks=${acks}`, async () => {
      const name = await topic(`acks-${acks}`, 3);
      await withProducer({ acks, 'linger.ms': 0 }, async (producer) => {
        for (let index = 0; index < 60; index++) {
          const key = bytes(`key-${index % 7}`);
          const result = acked(await producer.sendRecord({ topic: name, key, value: bytes(`${index}`) }));
          equal(result.partition, partitionForKey(key, 3), 'the partition of a key');
          isTrue(acks === '0' ? result.offset === -1 : result.offset >= 0, `offset ${result.offset}`);
        }
      });
      await withConsumer({ 'auto.offset.reset': 'earliest' }, async (consumer) => {
        consumer.assign(allPartitions(name, 3));
        const records = await read(consumer, 60);
        const numbers = records.map((record) => Number(record.value)).sort((a, b) => a - b);
        equal(
          numbers,
          Array.from({ length: 60 }, (_, index) => index),
          'the values',
        );
        for (const { topic: _, partition } of allPartitions(name, 3)) {
          const own = records.filter((record) => record.partition === partition).map((record) => record.offset);
          equal(
            own,
            Array.from({ length: own.length }, (_, index) => index),
            `the offsets of partition ${partition}`,
          );
        }
      });
    });
  }

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    await check(`batches of many records, ${compression}`, async () => {
      const name = await topic(`codec-${compression}`, 1);
      const count = 5000;
      let ended = 0;
      const producer = new Producer({
        runtime,
        config: { ...common, 'compression.type': compression, 'linger.ms': 20, 'batch.size': 65536 },
        onBatch: ({ result, tokens }) => {
          if (result.kind === 'acked') ended += tokens.length;
        },
      });
      const handle = await producer.topic(name);
      for (let index = 0; index < count; ) {
        const value = bytes(`value ${index} of a text that repeats itself, repeats itself`);
        const headers = index % 2 === 0 ? [{ name: 'n', value: bytes(`${index}`) }] : [];
        if (producer.append(handle, 0, 1700000000000 + index, null, value, headers, index)) index++;
        else await producer.writable();
      }
      await producer.flush();
      equal(ended, count, 'acknowledged');
      await producer.close();
      await withConsumer({ 'auto.offset.reset': 'earliest', 'max.poll.records': 333 }, async (consumer) => {
        consumer.assign([{ topic: name, partition: 0 }]);
        const records = await read(consumer, count);
        for (let index = 0; index < count; index++) {
          equal(records[index]!.offset, index, 'an offset');
          equal(records[index]!.value, `value ${index} of a text that repeats itself, repeats itself`, 'a value');
          equal(records[index]!.headers, index % 2 === 0 ? [`n=${index}`] : [], 'the headers');
        }
      });
    });
  }

  await check('null keys and values, empty ones, and a header without value', async () => {
    const name = await topic('nulls', 1);
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      acked(await producer.sendRecord({ topic: name, key: null, value: null }));
      acked(await producer.sendRecord({ topic: name, key: bytes(''), value: bytes('') }));
      acked(await producer.sendRecord({ topic: name, value: bytes('v'), headers: [{ name: 'h', value: null }] }));
    });
    await withConsumer({ 'auto.offset.reset': 'earliest' }, async (consumer) => {
      consumer.assign([{ topic: name, partition: 0 }]);
      const records = await read(consumer, 3);
      equal(
        records.map(({ key, value, headers }) => [key, value, headers]),
        [
          [null, null, []],
          ['', '', []],
          [null, 'v', ['h=null']],
        ],
        'the records',
      );
    });
  });

  await check('a record that is too large is refused, definitely', async () => {
    const name = await topic('large', 1, { 'max.message.bytes': '20000' });
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      const own = await producer.sendRecord({ topic: name, value: new Uint8Array(2000000) });
      isTrue(own.kind === 'failed' && own.definite && own.errorCode === ErrorCode.messageTooLarge, 'by the client');
      const theirs = await producer.sendRecord({ topic: name, value: new Uint8Array(100000) });
      isTrue(theirs.kind === 'failed' && theirs.definite, `by the broker: ${JSON.stringify(theirs)}`);
      acked(await producer.sendRecord({ topic: name, value: bytes('after') }));
    });
    await withProducer({ 'linger.ms': 50, 'batch.size': 200000 }, async (producer) => {
      const results = Array.from({ length: 100 }, () =>
        producer.sendRecord({ topic: name, value: new Uint8Array(1000) }),
      );
      for (const [index, result] of (await Promise.all(results)).entries()) {
        equal(acked(result).offset, index + 1, 'the offset of a record whose batch had to be split');
      }
    });
    const [end] = await admin.listOffsets([{ topic: name, partition: 0, timestamp: LATEST_TIMESTAMP }]);
    equal(end?.value?.offset, 101, 'the end of the log');
  });

  await check('a topic that does not exist is refused within max.block.ms', async () => {
    await withProducer({ 'max.block.ms': 1500 }, async (producer) => {
      const result = await producer.sendRecord({ topic: 'not/a valid name', value: bytes('x') });
      isTrue(result.kind === 'failed' && result.definite, JSON.stringify(result));
    });
  });
}
