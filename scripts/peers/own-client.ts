/**
 * Our own producer, consumer and admin client against any Kafka broker: `own-client.ts HOST:PORT`. Prints one line per
 * check and `N passed, N failed`; the exit code is 1 when one failed. Topics and groups get names of their own and are
 * deleted at the end.
 */
import { parseArgs } from 'node:util';
import {
  Admin,
  ClientError,
  type ConfigInput,
  Consumer,
  EARLIEST_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  Producer,
  type SendResult,
} from '../../core/client/index.ts';
import { createNodeRuntime } from '../../core/node/index.ts';
import { ErrorCode } from '../../core/protocol/index.ts';
import { partitionForKey } from '../../core/records/index.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const bootstrap = positionals[0];
if (bootstrap === undefined) {
  console.error('usage: own-client.ts HOST:PORT [--verbose] [--only TEXT]');
  process.exit(2);
}

const runtime = createNodeRuntime({ logLevel: values.verbose ? 'debug' : 'warn' });
const common: ConfigInput = { 'bootstrap.servers': bootstrap, 'client.id': 'own-client' };
const run = `own-client-${runtime.clock.wallMs().toString(36)}`;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const admin = new Admin({ runtime, config: { ...common, 'default.api.timeout.ms': 15000 } });
const made: string[] = [];
let passed = 0;
let failed = 0;

/** A check may take this long; then it failed and the next one begins. */
const CHECK_TIMEOUT_MS = 40000;

async function check(name: string, body: () => Promise<void>): Promise<void> {
  if (values.only !== undefined && !name.includes(values.only)) return;
  const startMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  try {
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
    });
    await Promise.race([body(), timeout]);
    passed++;
    console.log(`ok    ${name} (${Math.round(performance.now() - startMs)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error instanceof Error ? (values.verbose ? error.stack : error.message) : error}`);
  } finally {
    clearTimeout(timer);
  }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

function isTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

async function topic(suffix: string, partitions: number, config: Record<string, string> = {}): Promise<string> {
  const name = `${run}-${suffix}`;
  made.push(name);
  const [outcome] = await admin.createTopics([{ name, partitions, replicationFactor: 1, config }]);
  equal(outcome?.errorCode, 0, `creating ${name}`);
  // A broker answers for a topic once the controller's log has told it.
  for (let attempt = 0; ; attempt++) {
    const [described] = await admin.describeTopics([name]);
    const [configs] = await admin.describeConfigs([{ type: 'topic', name }]).catch(() => [{ errorCode: 0 }]);
    if (described?.errorCode === 0 && configs?.errorCode === 0) break;
    isTrue(attempt < 100, `${name} does not appear`);
    await runtime.timers.sleep(20);
  }
  // And a leader has the log before it can lose what acks=0 sends it.
  const queries = allPartitions(name, partitions).map((one) => ({ ...one, timestamp: LATEST_TIMESTAMP }));
  for (const { errorCode } of await admin.listOffsets(queries)) equal(errorCode, 0, `the leaders of ${name}`);
  return name;
}

function acked(result: SendResult): Extract<SendResult, { kind: 'acked' }> {
  if (result.kind !== 'acked') throw new Error(`not acknowledged: ${result.message} (${result.errorCode})`);
  return result;
}

async function withProducer<T>(config: ConfigInput, body: (producer: Producer) => Promise<T>): Promise<T> {
  const producer = new Producer({ runtime, config: { ...common, ...config } });
  try {
    return await body(producer);
  } finally {
    await producer.close(5000);
  }
}

async function withConsumer<T>(config: ConfigInput, body: (consumer: Consumer) => Promise<T>): Promise<T> {
  const consumer = new Consumer({ runtime, config: { ...common, ...config } });
  try {
    return await body(consumer);
  } finally {
    await consumer.close(5000);
  }
}

interface ReadRecord {
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  headers: string[];
}

/** Polls until `count` records have come. */
async function read(consumer: Consumer, count: number, timeoutMs = 15000): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const endMs = performance.now() + timeoutMs;
  while (records.length < count) {
    if (performance.now() > endMs) throw new Error(`${records.length} of ${count} records within ${timeoutMs} ms`);
    for (const batch of await consumer.poll(250)) {
      for (const record of batch.records()) {
        records.push({
          partition: batch.partition,
          offset: record.offset,
          key: record.key === null ? null : decoder.decode(record.key),
          value: record.value === null ? null : decoder.decode(record.value),
          headers: record.headers.map(({ name, value }) => `${name}=${value === null ? null : decoder.decode(value)}`),
        });
      }
      isTrue(batch.failure === null, `batch: ${batch.failure}`);
    }
  }
  return records;
}

function allPartitions(name: string, count: number): { topic: string; partition: number }[] {
  return Array.from({ length: count }, (_, partition) => ({ topic: name, partition }));
}

await check('cluster: brokers, controller, topics', async () => {
  const cluster = await admin.describeCluster();
  isTrue(cluster.brokers.length >= 1, 'no brokers');
  isTrue(cluster.clusterId.length > 0, 'no cluster id');
});

await check('topic: create, describe, refuse twice, grow, delete', async () => {
  const name = await topic('life', 2, { 'retention.ms': '7200000' });
  const [again] = await admin.createTopics([{ name, partitions: 2, replicationFactor: 1 }]);
  equal(again?.errorCode, ErrorCode.topicAlreadyExists, 'creating it twice');
  const [described] = await admin.describeTopics([name]);
  equal(described?.partitions.length, 2, 'partitions');
  isTrue(
    described!.partitions.every((one) => one.leaderId >= 0),
    'a partition has no leader',
  );
  const [grown] = await admin.createPartitions([{ name, count: 5 }]);
  equal(grown?.errorCode, 0, 'createPartitions');
  for (let attempt = 0; ; attempt++) {
    const [now] = await admin.describeTopics([name]);
    if (now?.partitions.length === 5) break;
    isTrue(attempt < 50, 'the topic did not grow');
    await runtime.timers.sleep(50);
  }
  const [gone] = await admin.deleteTopics([name]);
  equal(gone?.errorCode, 0, 'deleteTopics');
  const [missing] = await admin.deleteTopics([`${run}-never`]);
  equal(missing?.errorCode, ErrorCode.unknownTopicOrPartition, 'deleting what is not there');
});

await check('configs: describe and alter those of a topic', async () => {
  const name = await topic('configs', 1, { 'retention.ms': '7200000' });
  const resource = { type: 'topic', name } as const;
  const current = async (key: string): Promise<string | null | undefined> => {
    const [described] = await admin.describeConfigs([resource]);
    equal(described?.errorCode, 0, 'describeConfigs');
    return described?.configs.find((config) => config.name === key)?.value;
  };
  equal(await current('retention.ms'), '7200000', 'retention.ms');
  const change = { name: 'retention.ms', operation: 'set', value: '3600000' } as const;
  const [altered] = await admin.incrementalAlterConfigs([{ ...resource, changes: [change] }]);
  equal(altered?.errorCode, 0, 'incrementalAlterConfigs');
  for (let attempt = 0; (await current('retention.ms')) !== '3600000'; attempt++) {
    isTrue(attempt < 50, 'the change was not seen');
    await runtime.timers.sleep(50);
  }
  const bad = { name: 'no.such.config', operation: 'set', value: '1' } as const;
  const [refused] = await admin.incrementalAlterConfigs([{ ...resource, changes: [bad] }]);
  isTrue(refused?.errorCode !== 0, 'an unknown config was taken');
});

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
        isTrue(performance.now() < endMs, `stuck with ${first.assignment().length} and ${second.assignment().length}`);
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

await check('replicas: log dirs, quorum, elections, reassignments', async () => {
  const name = await topic('replicas', 1);
  const cluster = await admin.describeCluster();
  const dirs = await admin.describeLogDirs(cluster.brokers.map((broker) => broker.id));
  isTrue(
    dirs.some((dir) => dir.replicas.some((replica) => replica.topic === name)),
    'no log dir has the partition',
  );
  const quorum = await admin.describeQuorum();
  isTrue(quorum.leaderId >= 0 && quorum.voters.length >= 1, 'no quorum');
  const [elected] = await admin.electLeaders('preferred', [{ topic: name, partition: 0 }]);
  isTrue([0, ErrorCode.electionNotNeeded].includes(elected?.errorCode as 0), `electLeaders: ${elected?.errorCode}`);
  equal((await admin.listPartitionReassignments(null)).length, 0, 'listPartitionReassignments');
  const [cancelled] = await admin.alterPartitionReassignments([{ topic: name, partition: 0, replicas: null }]);
  equal(cancelled?.errorCode, ErrorCode.noReassignmentInProgress, 'cancelling what is not under way');
});

if (made.length > 0) await admin.deleteTopics(made, { timeoutMs: 10000 }).catch(() => []);
admin.close();
console.log(`${passed} passed, ${failed} failed`);
runtime.close();
process.exit(failed === 0 ? 0 : 1);
