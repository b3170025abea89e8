import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { describeOmb, describeOmbDriver, readOmb } from './omb.ts';
import { OMB_FIELDS } from './omb-fields.ts';
import { parseWorkload } from './parse.ts';
import { parseProperties } from './properties.ts';
import { consumerGroups, type Workload } from './workload.ts';

const files = gunzipSync(readFileSync(new URL('fixtures/omb.ndjson.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { path: string; text: string });
const workloads = files.filter(({ path }) => path.startsWith('workloads/'));
const drivers = files.filter(({ path }) => path.startsWith('driver-kafka/'));
const driver = (name: string) => drivers.find(({ path }) => path === `driver-kafka/${name}.yaml`)!.text;

function read(text: string, driverText: string | null = driver('kafka-throughput')): Workload {
  const result = readOmb(text, driverText);
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  return result.workload;
}

const mistakes = (text: string, driverText: string | null = null): string[] => {
  const result = readOmb(text, driverText);
  return (result.ok ? result.warnings : result.diagnostics).map(formatDiagnostic);
};

const SMALL = `name: small
topics: 2
partitionsPerTopic: 4
messageSize: 1024
useRandomizedPayloads: true
randomBytesRatio: 0.25
randomizedPayloadPoolSize: 10
subscriptionsPerTopic: 3
consumerPerSubscription: 2
producersPerTopic: 5
producerRate: 1000
testDurationMinutes: 2
`;

test('all 130 workload files and all 14 Kafka driver files are read', { timeout: 30_000 }, () => {
  expect([workloads.length, drivers.length]).toEqual([130, 14]);
  for (const [index, { path, text }] of workloads.entries()) {
    const { text: driverText, path: driverFile } = drivers[index % drivers.length]!;
    const result = parseWorkload(text, { file: path, driver: { text: driverText, file: driverFile } });
    if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
    expect(result.format).toBe('omb');
    expect(result.workload.target).toBe('kafka');
    expect(result.warnings.every(({ message }) => /will be idle$/.test(message))).toBe(true);
    const described = describeOmb(text)!;
    expect(Object.keys(described)).toEqual(OMB_FIELDS);
    expect(described.topics).toBe(result.workload.topics[0]!.count);
    expect(result.workload.producers[0]!.count).toBe(described.topics * described.producersPerTopic);
  }
});

test('every driver file gives the configs that it holds', () => {
  for (const { text, path } of drivers) {
    const result = readOmb(SMALL, text);
    if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
    expect(result.warnings, path).toEqual([]);
    expect(result.workload.topics[0]).toMatchObject({ replicationFactor: 3, config: { 'min.insync.replicas': '2' } });
    expect(result.workload.bootstrap).toEqual(['localhost:9092']);
    expect(describeOmbDriver(text)).toMatchObject({
      replicationFactor: 3,
      driverClass: expect.stringMatching(/Kafka/),
    });
  }
  const exactly = read(SMALL, driver('kafka-exactly-once'));
  expect(exactly.producers[0]!.client).toEqual({
    'enable.idempotence': 'true',
    'max.in.flight.requests.per.connection': '1',
    retries: '2147483647',
    acks: 'all',
    'linger.ms': '1',
    'batch.size': '1048576',
  });
  expect(read(SMALL, driver('kafka-sync')).topics[0]!.config).toEqual({
    'min.insync.replicas': '2',
    'flush.messages': '1',
    'flush.ms': '0',
  });
});

test('fields mean what they mean there', () => {
  const small = read(SMALL);
  expect(small.name).toBe('small');
  expect(small.topics[0]).toMatchObject({ count: 2, partitions: 4 });
  expect(small.producers[0]).toMatchObject({
    count: 10,
    rate: { kind: 'fixed', perSecond: 1000 },
    keys: { kind: 'none' },
    value: { size: { kind: 'fixed', bytes: 1024 }, compressible: 0.75, poolSize: 10, corpus: null },
  });
  const groups = consumerGroups(small.consumers[0]!, small.topics[0]!);
  expect(groups).toHaveLength(6);
  expect(new Set(groups.map(({ group }) => group)).size).toBe(6);
  expect(groups.every(({ members, topics }) => members === 2 && topics.length === 1)).toBe(true);
  expect(small.phases).toMatchObject({ warmupMs: 60_000, measureMs: 120_000, backlog: null });

  const file = read(SMALL.replace(/useRandom.*\nrandom.*\nrandom.*\n/, 'payloadFile: payload/payload-1Kb.data\n'));
  expect(file.producers[0]!.value).toMatchObject({ corpus: 'payload/payload-1Kb.data', poolSize: 1 });
  expect(read(SMALL.replace('producerRate: 1000', 'producerRate: 0')).producers[0]!.rate).toEqual({ kind: 'max' });
  expect(read(`${SMALL}keyDistributor: KEY_ROUND_ROBIN\n`).producers[0]!.keys).toEqual({
    kind: 'sequential',
    cardinality: 10_000,
    bytes: 7,
  });
  expect(read(`${SMALL}keyDistributor: RANDOM_NANO\n`).producers[0]!.keys).toMatchObject({ kind: 'uniform' });
  expect(read(`${SMALL}keyDistributor: SOMETHING\n`).producers[0]!.keys).toEqual({ kind: 'none' });
  expect(read(`${SMALL}consumerBacklogSizeGB: 2\nbacklogDrainRatio: 0.9\n`).phases.backlog).toEqual({
    bytes: 2 ** 31,
    drainRatio: 0.9,
  });
  expect(read(`${SMALL}warmupDurationMinutes: 0\n`).phases.warmupMs).toBe(0);
});

test('without a driver it runs on one broker of our own', () => {
  expect(read(SMALL, null)).toMatchObject({
    target: 'local',
    bootstrap: [],
    cluster: { brokers: 1 },
    topics: [{ replicationFactor: 1 }],
  });
});

test('an unset field is what Java makes of it', () => {
  const least = SMALL.split('\n')
    .filter((line) => !/^(name|random|use|producerRate)/.test(line))
    .join('\n');
  expect(describeOmb(least)).toEqual({
    name: '',
    topics: 2,
    partitionsPerTopic: 4,
    keyDistributor: 'NO_KEY',
    messageSize: 1024,
    useRandomizedPayloads: false,
    randomBytesRatio: 0,
    randomizedPayloadPoolSize: 0,
    payloadFile: null,
    subscriptionsPerTopic: 3,
    producersPerTopic: 5,
    consumerPerSubscription: 2,
    producerRate: 0,
    consumerBacklogSizeGB: 0,
    backlogDrainRatio: 1,
    testDurationMinutes: 2,
    warmupDurationMinutes: 1,
  });
});

test('what it would trip over while running is refused, what it ignores is mentioned', () => {
  expect(mistakes(SMALL.replace('useRandomizedPayloads: true\n', ''))).toContain(
    'workload.yaml:1:1 "payloadFile" is missing; it is needed unless useRandomizedPayloads is true',
  );
  expect(mistakes(`${SMALL}consumerBacklogSizeGB: 1\n`.replace('producerRate: 1000\n', ''))).toContain(
    'workload.yaml:12:24 consumerBacklogSizeGB: needs a producerRate above 0',
  );
  expect(mistakes(`${SMALL}partitonsPerTopic: 4\n`)).toEqual([
    'workload.yaml:13:1 warning: unknown field "partitonsPerTopic" is ignored, as OpenMessaging Benchmark does; did you mean "partitionsPerTopic"?',
  ]);
  expect(mistakes(SMALL.replace('topics: 2', 'topics: two'))).toEqual([
    'workload.yaml:2:9 topics: expected a whole number from 1 to 2147483647, found "two"',
  ]);
  expect(
    mistakes(SMALL, driver('kafka-latency').replace(/driverClass: .*/, 'driverClass: a.PulsarBenchmarkDriver'))[0],
  ).toMatch(/^driver.yaml:17:14 driverClass: expected a Kafka driver, found "a.PulsarBenchmarkDriver"/);
  expect(mistakes(SMALL, driver('kafka-latency').replace('acks=all', 'acks=most'))).toEqual([
    expect.stringMatching(/^driver.yaml:29:3 producerConfig: acks: expected all, -1, 0 or 1, found "most"/),
  ]);
  const secret = 'acks=all\n  sasl.jaas.config=PlainLoginModule required password="hunter2";';
  const secretive = driver('kafka-latency').replace('acks=all', secret);
  expect(mistakes(SMALL, secretive)).toEqual([
    expect.stringMatching(/^driver.yaml:30:3 warning: producerConfig: sasl.jaas.config is left out: .*--client-config/),
  ]);
  expect(JSON.stringify(read(SMALL, secretive))).not.toContain('hunter2');
  expect(mistakes(SMALL, driver('kafka-latency').replace('linger.ms', 'linger'))[0]).toMatch(
    /unknown producer config "linger" is ignored/,
  );
});

test('a driver file alone is told apart, with its own mistakes', () => {
  const alone = (text: string) => {
    const result = parseWorkload(text, { file: 'driver.yaml' });
    return result.ok ? [] : result.diagnostics.map(formatDiagnostic);
  };
  expect(alone(driver('kafka-sync'))).toEqual([
    'driver.yaml:1:1 a driver file of OpenMessaging Benchmark; give it with --driver beside a workload file',
  ]);
  const wrong = driver('kafka-sync').replace('flush.ms=0', 'flush.ms=often');
  expect(alone(wrong)[0]).toMatch(/^driver.yaml:26:3 topicConfig: flush.ms: expected a duration/);
  expect(describeOmbDriver(wrong)).toBeNull();
});

test('a payload file must hold one message', () => {
  const text = SMALL.replace(/useRandom.*\nrandom.*\nrandom.*\n/, 'payloadFile: p.data\n');
  const result = (length: number) =>
    parseWorkload(text, { file: 'small.yaml', readFile: () => new Uint8Array(length) });
  expect(result(1024).ok).toBe(true);
  expect(result(1000)).toMatchObject({
    ok: false,
    diagnostics: [{ message: 'producers[0].value.corpus: "p.data" has 1000 bytes; messageSize is 1024' }],
  });
});

test('a payload file is looked for beside the folders above, where their distribution has it', () => {
  const text = SMALL.replace(/useRandom.*\nrandom.*\nrandom.*\n/, 'payloadFile: payload/p.data\n');
  const readFile = (path: string) => (path === '../payload/p.data' ? new Uint8Array(1024) : null);
  expect(parseWorkload(text, { file: 'small.yaml', readFile })).toMatchObject({
    ok: true,
    workload: { producers: [{ value: { corpus: '../payload/p.data' } }] },
  });
  expect(parseWorkload(text, { file: 'small.yaml', readFile: () => null })).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'file', message: 'producers[0].value.corpus: there is no file "payload/p.data"' }],
  });
});

test('--set takes their names and ours', () => {
  const result = parseWorkload(SMALL, {
    file: 'small.yaml',
    set: ['producerRate=50', 'phases.measure=5s', 'producers[0].client.linger.ms=9', 'target=sim'],
    driver: { text: driver('kafka-latency'), file: 'driver.yaml' },
  });
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  expect(result.workload).toMatchObject({
    name: 'small',
    target: 'sim',
    phases: { warmupMs: 60_000, measureMs: 5_000 },
    producers: [{ rate: { perSecond: 50 }, client: { 'linger.ms': '9', acks: 'all' } }],
  });
});

test('properties are read as Java reads them', () => {
  expect(parseProperties('# c\n! c\n a = b \nc:d\ne f\\\n  g\nh\\=i=j\\\\\nk=\\u0041\\n\nlast')).toEqual({
    a: 'b',
    c: 'd',
    e: 'fg',
    'h=i': 'j\\',
    k: 'A',
    last: '',
  });
});
