import { spawn } from 'node:child_process';
import { Consumer, MessagesStreamModes, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { installKafka, kafkaCommand } from './apache-kafka.ts';
import { type Checks, expectEqual } from './checks.ts';
import { eventually, type ServedTrio, serveTrio } from './cluster-process.ts';
import { runCommand } from './process.ts';

const RECORDS = 400;
const KILL_AFTER = 200;
const CHECK_MS = 180_000;

/** Sends lines to one partition, in order; the promise is that of their acknowledgement. */
type Send = (lines: readonly string[]) => Promise<void>;

/**
 * A partition's leader dies by SIGKILL while a client writes: what was acknowledged before and after is there, once and in
 * order. The broker is started again after each check.
 */
export async function checkClusterFailover(checks: Checks): Promise<void> {
  await installKafka();
  await using trio = await serveTrio();

  await checks.run(
    'failover: kafkajs writes and reads on while the leader is killed',
    () =>
      acrossKill(trio, 'kafkajs', async (topic, kill) => {
        const retry = { retries: 30, initialRetryTime: 100, maxRetryTime: 1000 };
        const brokers = trio.bootstrap.split(',');
        const kafka = new Kafka({ clientId: 'failover', brokers, retry, logLevel: logLevel.NOTHING });
        // A coordinator that is gone is given up after seven fetches, which wait 5 s each unless told otherwise.
        const patience = { sessionTimeout: 10_000, heartbeatInterval: 500, maxWaitTimeInMs: 500 };
        const consumer = kafka.consumer({ groupId: `${topic}-group`, ...patience });
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        const seen = new Set<string>();
        await consumer.run({ eachMessage: async ({ message }) => void seen.add(message.value!.toString()) });
        const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
        await producer.connect();
        await inHalves(kill, async (lines) => {
          for (const value of lines) await producer.send({ topic, acks: -1, messages: [{ partition: 0, value }] });
        });
        await producer.disconnect();
        await eventually('records read by the group', async () => ({
          done: seen.size === RECORDS,
          shown: `${seen.size}`,
        }));
        await consumer.disconnect();
      }),
    CHECK_MS,
  );

  await checks.run(
    'failover: @platformatic/kafka writes and reads on while the leader is killed',
    () =>
      acrossKill(trio, 'platformatic', async (topic, kill) => {
        const base = {
          clientId: 'failover',
          bootstrapBrokers: trio.bootstrap.split(','),
          retries: 60,
          retryDelay: 250,
        };
        const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true });
        await inHalves(kill, async (lines) => {
          for (const value of lines) await producer.send({ messages: [{ topic, partition: 0, value }] });
        });
        await producer.close();
        const consumer = new Consumer({ ...base, groupId: `${topic}-group`, deserializers: stringDeserializers });
        const stream = await consumer.consume({
          topics: [topic],
          mode: MessagesStreamModes.EARLIEST,
          autocommit: true,
        });
        let seen = 0;
        for await (const _message of stream) if (++seen === RECORDS) break;
        await consumer.close(true);
      }),
    CHECK_MS,
  );

  const kcat = ['-b', trio.bootstrap, '-X', 'topic.metadata.refresh.interval.ms=1000'];
  await checks.run(
    'failover: kcat writes and reads on while the leader is killed',
    () =>
      acrossKill(trio, 'kcat', (topic, kill) =>
        pipedAcross(trio, topic, kill, {
          write: ['kcat', '-P', ...kcat, '-t', topic, '-p', '0', '-X', 'enable.idempotence=true'],
          read: ['kcat', '-C', ...kcat, '-t', topic, '-p', '0', '-o', 'beginning', '-q', '-u', '-c', String(RECORDS)],
        }),
      ),
    CHECK_MS,
  );

  await checks.run(
    "failover: Kafka's console producer and consumer go on while the leader is killed",
    () =>
      acrossKill(trio, 'console', (topic, kill) => {
        const server = ['--bootstrap-server', trio.bootstrap, '--topic', topic];
        return pipedAcross(trio, topic, kill, {
          write: kafkaCommand('ConsoleProducer', server),
          read: kafkaCommand('ConsoleConsumer', [...server, '--from-beginning', '--max-messages', String(RECORDS)]),
        });
      }),
    CHECK_MS,
  );
}

/** A new topic, the client's work with a kill of its leader in the middle, what stands in the log, and the broker back. */
async function acrossKill(
  trio: ServedTrio,
  client: string,
  work: (topic: string, kill: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const topic = `failover-${client}-${Date.now()}`;
  const configEntries = [{ name: 'min.insync.replicas', value: '2' }];
  await trio.admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 3, configEntries }] });
  let killed = -1;
  await work(topic, async () => {
    killed = await trio.leaderOf(topic, 0);
    await trio.kill(killed);
  });
  try {
    expectEqual((await trio.leaderOf(topic, 0)) === killed, false, 'the killed broker still leads');
    const args = ['-b', trio.bootstrap, '-C', '-t', topic, '-p', '0', '-o', 'beginning', '-e', '-q'];
    const log = await runCommand('kcat', args, { timeoutMs: 30_000 });
    expectEqual(log.stdout.trimEnd().split('\n'), numbered(0, RECORDS), 'records in the log');
  } finally {
    await trio.start(killed);
    await eventually('the ISR is whole again', async () => {
      const { topics } = await trio.admin.fetchTopicMetadata({ topics: [topic] });
      const { isr } = topics[0]!.partitions[0]!;
      return { done: isr.length === 3, shown: isr.join() };
    });
  }
}

async function inHalves(kill: () => Promise<void>, send: Send): Promise<void> {
  await send(numbered(0, KILL_AFTER));
  await kill();
  await send(numbered(KILL_AFTER, RECORDS));
}

/** A program that writes what stands on its input, another that prints what it reads. */
async function pipedAcross(
  trio: ServedTrio,
  topic: string,
  kill: () => Promise<void>,
  commands: { readonly write: readonly string[]; readonly read: readonly string[] },
): Promise<void> {
  const [readProgram, ...readArgs] = commands.read;
  const reading = runCommand(readProgram!, readArgs, { timeoutMs: CHECK_MS });
  const [program, ...args] = commands.write;
  const writer = spawn(program!, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  writer.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  // A program that ends early is judged by its exit, not by the broken pipe.
  writer.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => writer.once('close', resolve));
  try {
    writer.stdin.write(`${numbered(0, KILL_AFTER).join('\n')}\n`);
    // A program may keep the end of its input until its buffer is full.
    await eventually('most of the first half is in the log', async () => {
      const [partition] = await trio.admin.fetchTopicOffsets(topic);
      return { done: Number(partition!.high) >= KILL_AFTER / 2, shown: partition!.high };
    });
    await kill();
    writer.stdin.end(`${numbered(KILL_AFTER, RECORDS).join('\n')}\n`);
    expectEqual(await ended, 0, `exit of the writer (${said})`);
    const read = await reading;
    expectEqual(read.stdout.trimEnd().split('\n'), numbered(0, RECORDS), `records read (${read.stderr.slice(-2000)})`);
  } finally {
    writer.kill('SIGKILL');
  }
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `record-${from + index}`.padEnd(100, '.'));
}
