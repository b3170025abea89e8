import { installKafka, kafkaTool } from './apache-kafka.ts';
import { type Checks, expectEqual, expectMatch } from './checks.ts';

/** The Java client through Kafka's own command-line tools, unmodified. */
export async function checkJavaTools(checks: Checks, bootstrap: string): Promise<void> {
  await installKafka();
  const topic = `java-${Date.now()}`;
  const server = ['--bootstrap-server', bootstrap];
  const tool = async (name: string, args: readonly string[], input?: string): Promise<string> => {
    const result = await kafkaTool(name, args, { timeoutMs: 90_000, ...(input === undefined ? {} : { input }) });
    if (result.code !== 0)
      throw new Error(`${name} ${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };

  await checks.run('java: BrokerApiVersionsCommand reads every advertised API', async () => {
    const versions = await tool('BrokerApiVersionsCommand', server);
    expectMatch(versions, /Produce\(0\): \d+ to \d+ \[usable: \d+\]/, 'Produce');
  });

  await checks.run('java: TopicCommand creates, describes, alters, lists', async () => {
    await tool('TopicCommand', [
      ...server,
      '--create',
      '--topic',
      topic,
      '--partitions',
      '3',
      '--config',
      'segment.bytes=1048576',
    ]);
    const described = await tool('TopicCommand', [...server, '--describe', '--topic', topic]);
    expectMatch(described, /PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*segment\.bytes=1048576/, 'describe');
    await tool('TopicCommand', [...server, '--alter', '--topic', topic, '--partitions', '6']);
    expectMatch(await tool('TopicCommand', [...server, '--list']), new RegExp(`^${topic}$`, 'm'), 'list');
  });

  await checks.run('java: ProducerPerformance and ConsumerPerformance', async () => {
    const produced = await tool('ProducerPerformance', [
      '--topic',
      topic,
      '--num-records',
      '50000',
      '--record-size',
      '200',
      '--throughput',
      '-1',
      '--producer-props',
      `bootstrap.servers=${bootstrap}`,
      'acks=all',
      'compression.type=lz4',
    ]);
    expectMatch(produced, /50000 records sent/, 'records sent');
    const consumed = await tool('ConsumerPerformance', [
      ...server,
      '--topic',
      topic,
      '--messages',
      '50000',
      '--timeout',
      '20000',
    ]);
    const figures = consumed.trim().split('\n').at(-1)!.split(', ');
    expectEqual(Number(figures[4]) >= 50000, true, `records consumed (${consumed})`);
  });

  await checks.run('java: console producer and consumer', async () => {
    await tool('ConsoleProducer', [...server, '--topic', `${topic}-console`], 'one\ntwo\nthree\n');
    const seen = await tool('ConsoleConsumer', [
      ...server,
      '--topic',
      `${topic}-console`,
      '--from-beginning',
      '--max-messages',
      '3',
      '--timeout-ms',
      '20000',
    ]);
    expectEqual(seen.trimEnd().split('\n'), ['one', 'two', 'three'], 'lines');
  });

  await checks.run('java: ConfigCommand alters and describes topic and broker settings', async () => {
    await tool('ConfigCommand', [
      ...server,
      '--alter',
      '--entity-type',
      'topics',
      '--entity-name',
      topic,
      '--add-config',
      'retention.ms=777000',
    ]);
    const described = await tool('ConfigCommand', [
      ...server,
      '--describe',
      '--entity-type',
      'topics',
      '--entity-name',
      topic,
    ]);
    expectMatch(described, /retention\.ms=777000 .*DYNAMIC_TOPIC_CONFIG/, 'topic settings');
    const all = await tool('ConfigCommand', [
      ...server,
      '--describe',
      '--all',
      '--entity-type',
      'brokers',
      '--entity-name',
      '1',
    ]);
    expectMatch(all, /num\.partitions=/, 'broker settings');
  });

  await checks.run('java: ConsumerGroupCommand lists, describes, resets and deletes', async () => {
    const group = `${topic}-group`;
    await tool('ConsoleConsumer', [
      ...server,
      '--topic',
      `${topic}-console`,
      '--group',
      group,
      '--from-beginning',
      '--max-messages',
      '3',
      '--timeout-ms',
      '20000',
    ]);
    expectMatch(await tool('ConsumerGroupCommand', [...server, '--list']), new RegExp(`^${group}$`, 'm'), 'list');
    const described = await tool('ConsumerGroupCommand', [...server, '--describe', '--group', group]);
    expectMatch(described, new RegExp(`${group}\\s+${topic}-console\\s+0\\s+3\\s+3\\s+0`), 'describe');
    await tool('ConsumerGroupCommand', [
      ...server,
      '--group',
      group,
      '--topic',
      `${topic}-console`,
      '--reset-offsets',
      '--to-earliest',
      '--execute',
    ]);
    const reset = await tool('ConsumerGroupCommand', [...server, '--describe', '--group', group]);
    expectMatch(reset, new RegExp(`${group}\\s+${topic}-console\\s+0\\s+0\\s+3\\s+3`), 'describe after the reset');
    await tool('ConsumerGroupCommand', [...server, '--delete', '--group', group]);
  });

  await checks.run('java: GetOffsetShell, LogDirsCommand, DeleteRecordsCommand', async () => {
    const offsets = await tool('GetOffsetShell', [...server, '--topic', `${topic}-console`]);
    expectMatch(offsets, new RegExp(`${topic}-console:0:3`), 'end offset');
    expectMatch(await tool('LogDirsCommand', [...server, '--describe']), /"logDirs"/, 'log directories');
  });

  await checks.run('java: TopicCommand deletes', async () => {
    await tool('TopicCommand', [...server, '--delete', '--topic', topic]);
    const listed = await tool('TopicCommand', [...server, '--list']);
    expectEqual(listed.split('\n').includes(topic), false, 'still listed');
  });
}
