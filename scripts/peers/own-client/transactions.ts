import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientError, TransactionalProducer } from '../../../core/client/index.ts';
import { packageRoot } from '../../package.ts';
import { expectEqual as equal } from '../checks.ts';
import { runCommand } from '../process.ts';
import { acked, allPartitions, bytes, isTrue, read, type Suite } from './suite.ts';

const RUN_MS = 240_000;

/** Transactions: commit, abort, fencing, offsets; and a workload that writes in them. The cluster must coordinate them. */
export async function transactions(suite: Suite, bootstrap: string): Promise<void> {
  const { admin, check, common, run, runtime, topic, withConsumer, withProducer } = suite;

  const open = async (id: string): Promise<TransactionalProducer> => {
    const config = { ...common, 'transactional.id': `${run}-${id}`, 'linger.ms': 0 };
    const producer = new TransactionalProducer({ runtime, config });
    await producer.initTransactions();
    return producer;
  };
  const committedOf = (name: string, partitions: number, count: number): Promise<string[]> =>
    withConsumer({ 'isolation.level': 'read_committed', 'auto.offset.reset': 'earliest' }, async (consumer) => {
      consumer.assign(allPartitions(name, partitions));
      const values = (await read(consumer, count)).map(({ value }) => value!);
      // Whatever else is there would come now: the readers are at the last stable offset.
      for (const batch of await consumer.poll(500))
        for (const record of batch.records()) values.push(`${record.offset}`);
      return values.sort();
    });
  const failure = async (call: Promise<void>): Promise<ClientError> =>
    call.then(
      () => Promise.reject(new Error('it did not fail')),
      (error: ClientError) => error,
    );

  await check('transactions: read_committed sees exactly what was committed', async () => {
    const name = await topic('committed', 3);
    const producer = await open('committed');
    const expected: string[] = [];
    for (let number = 0; number < 9; number++) {
      producer.beginTransaction();
      const sent = [0, 1, 2].map((partition) =>
        producer.sendRecord({ topic: name, partition, value: bytes(`${number}-${partition}`) }),
      );
      if (number % 3 === 2) {
        for (const result of await Promise.all(sent)) acked(result);
        await producer.abortTransaction();
        continue;
      }
      await producer.commitTransaction();
      for (const result of await Promise.all(sent)) acked(result);
      for (const partition of [0, 1, 2]) expected.push(`${number}-${partition}`);
    }
    await producer.close();
    equal(await committedOf(name, 3, expected.length), expected.sort(), 'read_committed');
    await withConsumer({ 'auto.offset.reset': 'earliest' }, async (consumer) => {
      consumer.assign(allPartitions(name, 3));
      equal((await read(consumer, 27)).length, 27, 'read_uncommitted');
    });
  });

  await check('transactions: a second producer with the same id fences the first', async () => {
    const name = await topic('fenced', 1);
    const first = await open('fenced');
    first.beginTransaction();
    acked(await first.sendRecord({ topic: name, value: bytes('of the first') }));
    const second = await open('fenced');
    const { kind, definite } = await failure(first.commitTransaction());
    equal([kind, definite, first.transactionState], ['fenced', true, 'fatal'], 'the first');
    second.beginTransaction();
    acked(await second.sendRecord({ topic: name, value: bytes('of the second') }));
    await second.commitTransaction();
    equal(await committedOf(name, 1, 1), ['of the second'], 'read_committed');
    await first.close();
    await second.close();
  });

  await check('transactions: offsets are committed with it, or not at all', async () => {
    const name = await topic('offsets', 1);
    const group = { groupId: `${run}-offsets`, generation: -1, memberId: '', instanceId: null };
    const producer = await open('offsets');
    const offsetOf = async (): Promise<number> => {
      const config = { 'group.id': group.groupId, 'isolation.level': 'read_committed' };
      return withConsumer(config, async (reader) => (await reader.committed(allPartitions(name, 1)))[0]?.offset ?? -1);
    };
    for (const [offset, commits, expected] of [
      [5, false, -1],
      [6, true, 6],
      [7, false, 6],
    ] as const) {
      producer.beginTransaction();
      acked(await producer.sendRecord({ topic: name, value: bytes(`${offset}`) }));
      await producer.sendOffsetsToTransaction([{ topic: name, partition: 0, offset }], group);
      if (commits) await producer.commitTransaction();
      else await producer.abortTransaction();
      equal(await offsetOf(), expected, `committed after ${offset}`);
    }
    await producer.close();
    await admin.deleteGroups([group.groupId]);
  });

  await check('transactions: a producer without an id is read beside them', async () => {
    const name = await topic('beside', 1);
    await withProducer({ 'linger.ms': 0 }, async (plain) => {
      acked(await plain.sendRecord({ topic: name, value: bytes('plain') }));
    });
    const producer = await open('beside');
    producer.beginTransaction();
    acked(await producer.sendRecord({ topic: name, value: bytes('aborted') }));
    await producer.abortTransaction();
    await producer.close();
    equal(await committedOf(name, 1, 1), ['plain'], 'read_committed');
  });

  await check(
    'bench run workloads/transactions.yaml',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'faultline-transactions-'));
      try {
        const file = join(packageRoot, 'workloads/transactions.yaml');
        const words = [join(packageRoot, 'scripts/bench.js'), 'run', file, '--bootstrap', bootstrap, '--json'];
        const result = await runCommand(
          'sh',
          ['-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, process.execPath, ...words],
          {
            timeoutMs: RUN_MS,
          },
        );
        const record = JSON.parse(result.stdout);
        equal([record.verdict.result, result.code], ['pass', 0], `${result.stderr}\nverdict and exit`);
        for (const rule of ['X1', 'X2', 'X5']) {
          const found = record.verdict.rules.find((one: { rule: string }) => one.rule === rule);
          isTrue(found?.result === 'pass' && found.checked > 0, `${rule}: ${JSON.stringify(found)}`);
        }
        isTrue(record.metrics.transaction.count > 0, 'no transaction was measured');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    RUN_MS,
  );
}
