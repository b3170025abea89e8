import { Consumer } from '../../../core/client/index.ts';
import { expectEqual as equal } from '../checks.ts';
import { acked, allPartitions, bytes, isTrue, read, type Suite } from './suite.ts';

/** Consumer groups: every assignor, static members, patterns, commits. */
export async function groups(suite: Suite): Promise<void> {
  const { admin, check, common, run, runtime, topic, withConsumer, withProducer } = suite;

  for (const strategy of ['range', 'roundrobin', 'cooperative-sticky'] as const) {
    await check(`group of two with ${strategy}: share, commit, leave, take over`, async () => {
      const name = await topic(`group-${strategy}`, 4);
      await withProducer({ 'linger.ms': 0 }, async (producer) => {
        for (let index = 0; index < 40; index++) {
          acked(await producer.sendRecord({ topic: name, partition: index % 4, value: bytes(`${index}`) }));
        }
      });
      const config = {
        ...common,
        'group.id': `${run}-${strategy}`,
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        'partition.assignment.strategy': strategy,
        'heartbeat.interval.ms': 200,
        'session.timeout.ms': 6000,
      };
      const first = new Consumer({ runtime, config });
      const second = new Consumer({ runtime, config });
      const seen = new Set<string>();
      const drive = async (consumers: Consumer[], until: () => boolean): Promise<void> => {
        const endMs = performance.now() + 20000;
        while (!until()) {
          isTrue(
            performance.now() < endMs,
            `stuck with ${first.assignment().length} and ${second.assignment().length}`,
          );
          for (const batches of await Promise.all(consumers.map((consumer) => consumer.poll(100)))) {
            for (const batch of batches)
              for (const record of batch.records()) seen.add(`${batch.partition} ${record.offset}`);
          }
        }
      };
      try {
        first.subscribe([name]);
        await drive([first], () => first.assignment().length === 4 && seen.size === 40);
        await first.commitSync();
        second.subscribe([name]);
        await drive([first, second], () => first.assignment().length === 2 && second.assignment().length === 2);
        const owned = [...first.assignment(), ...second.assignment()].map((one) => one.partition).sort();
        equal(owned, [0, 1, 2, 3], 'who has what');
        equal(seen.size, 40, 'nothing is read again after the commit');
        const committed = await second.committed(allPartitions(name, 4));
        equal(
          committed.map((one) => one?.offset),
          [10, 10, 10, 10],
          'committed',
        );
        const [described] = await admin.describeGroups([config['group.id']]);
        equal([described?.state, described?.members.length], ['Stable', 2], 'describeGroups');
        await second.close();
        await drive([first], () => first.assignment().length === 4);
      } finally {
        await first.close();
        await second.close();
      }
      const listed = await admin.listGroups();
      isTrue(
        listed.some((group) => group.groupId === config['group.id']),
        'listGroups does not show the group',
      );
      const offsets = await admin.listGroupOffsets(config['group.id']);
      equal(
        offsets.map((one) => one.offset),
        [10, 10, 10, 10],
        'listGroupOffsets',
      );
      await admin.alterGroupOffsets(config['group.id'], [{ topic: name, partition: 0, offset: 3 }]);
      const [altered] = await admin.listGroupOffsets(config['group.id'], [{ topic: name, partition: 0 }]);
      equal(altered?.offset, 3, 'alterGroupOffsets');
      const [removed] = await admin.deleteGroupOffsets(config['group.id'], [{ topic: name, partition: 0 }]);
      equal(removed?.errorCode, 0, 'deleteGroupOffsets');
      const [deleted] = await admin.deleteGroups([config['group.id']]);
      equal(deleted?.errorCode, 0, 'deleteGroups');
    });
  }

  await check('a static member that comes back keeps its partitions without a rebalance', async () => {
    const name = await topic('static', 2);
    const config = {
      ...common,
      'group.id': `${run}-static`,
      'group.instance.id': 'one',
      'auto.offset.reset': 'earliest',
      'heartbeat.interval.ms': 200,
      'session.timeout.ms': 10000,
    };
    const generations: number[] = [];
    for (let round = 0; round < 2; round++) {
      const consumer = new Consumer({ runtime, config });
      consumer.subscribe([name]);
      for (let attempt = 0; consumer.assignment().length < 2; attempt++) {
        isTrue(attempt < 100, 'no assignment');
        await consumer.poll(100);
      }
      generations.push(consumer.generation);
      await consumer.close();
    }
    equal(generations[1], generations[0], 'the generation');
  });

  await check('a subscription by pattern takes new topics in', async () => {
    const first = await topic('pattern-1', 2);
    const config = { 'group.id': `${run}-pattern`, 'metadata.max.age.ms': 200, 'heartbeat.interval.ms': 200 };
    await withConsumer(config, async (consumer) => {
      const until = async (count: number): Promise<void> => {
        for (let attempt = 0; consumer.assignment().length !== count; attempt++) {
          isTrue(attempt < 100, `${consumer.assignment().length} partitions instead of ${count}`);
          await consumer.poll(100);
        }
      };
      consumer.subscribe(new RegExp(`^${run}-pattern-`));
      await until(2);
      isTrue(
        consumer.assignment().every((one) => one.topic === first),
        'another topic',
      );
      await topic('pattern-2', 3);
      await until(5);
    });
  });

  await check('auto commit: a second consumer goes on where the first stopped', async () => {
    const name = await topic('auto', 1);
    await withProducer({ 'linger.ms': 0 }, async (producer) => {
      for (let index = 0; index < 10; index++)
        acked(await producer.sendRecord({ topic: name, value: bytes(`${index}`) }));
    });
    const config = { 'group.id': `${run}-auto`, 'auto.offset.reset': 'earliest', 'max.poll.records': 4 };
    await withConsumer(config, async (consumer) => {
      consumer.subscribe([name]);
      equal((await read(consumer, 4)).length, 4, 'the first poll');
    });
    await withConsumer(config, async (consumer) => {
      consumer.subscribe([name]);
      equal((await read(consumer, 4))[0]?.offset, 4, 'where the second begins');
    });
  });
}
