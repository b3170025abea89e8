import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from './nearest.ts';
import { consumerSettings, producerSettings } from './settings.ts';
import {
  type ConsumerSpec,
  consumerGroups,
  specOfTopic,
  type TopicSpec,
  topicNames,
  topicsOfInstance,
} from './workload.ts';

const producer = (client: Record<string, string>, transactional = false) =>
  producerSettings({ client, transaction: transactional ? { records: 10, abortShare: 0 } : null });

describe('settings', () => {
  test("unset ones are Kafka 4.3's defaults", () => {
    expect(producer({})).toEqual({
      acks: -1,
      idempotent: true,
      lingerMs: 5,
      batchBytes: 16_384,
      bufferBytes: 33_554_432,
      maxRequestBytes: 1_048_576,
      compression: 'none',
      compressionLevel: null,
      maxInFlight: 5,
      retries: 2_147_483_647,
      retryBackoffMs: 100,
      requestTimeoutMs: 30_000,
      deliveryTimeoutMs: 120_000,
      maxBlockMs: 60_000,
      transactionTimeoutMs: 60_000,
      metadataMaxAgeMs: 300_000,
      clientId: null,
    });
    expect(consumerSettings({ client: {} })).toMatchObject({
      isolation: 'read_uncommitted',
      offsetReset: 'latest',
      autoCommit: true,
      groupProtocol: 'classic',
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollRecords: 500,
      fetchMinBytes: 1,
      fetchMaxWaitMs: 500,
      groupInstanceId: null,
    });
  });

  test.each([
    [{}, true],
    [{ acks: 'all' }, true],
    [{ acks: '-1' }, true],
    [{ acks: '1' }, false],
    [{ acks: '0' }, false],
    [{ retries: '0' }, false],
    [{ 'max.in.flight.requests.per.connection': '6' }, false],
    [{ 'enable.idempotence': 'false' }, false],
    [{ 'enable.idempotence': 'true' }, true],
  ])('idempotence with %o is %s, as in Kafka since 3.0', (client, idempotent) => {
    expect(producer(client as Record<string, string>).idempotent).toBe(idempotent);
    expect(producer(client as Record<string, string>, true).idempotent).toBe(true);
  });

  test('a level belongs to its codec', () => {
    expect(
      producer({ 'compression.type': 'zstd', 'compression.zstd.level': '9', 'compression.gzip.level': '1' }),
    ).toMatchObject({
      compression: 'zstd',
      compressionLevel: 9,
    });
  });
});

describe('topics and groups of a spec', () => {
  const many: TopicSpec = { name: 'many', count: 3, partitions: 2, replicationFactor: 1, config: {} };
  const one: TopicSpec = { ...many, name: 'one', count: 1 };
  const consumer: ConsumerSpec = {
    topic: 'many',
    group: 'g',
    groups: 1,
    groupPerTopic: false,
    count: 2,
    processingNs: 0,
    startMs: 0,
    client: {},
  };

  test('names', () => {
    expect(topicNames(one)).toEqual(['one']);
    expect(topicNames(many)).toEqual(['many-0', 'many-1', 'many-2']);
    expect(specOfTopic([one, many], 'many-2')).toBe(many);
    for (const absent of ['many-3', 'many', 'many-02', 'one-0', 'many--1'])
      expect(specOfTopic([one, many], absent)).toBeUndefined();
  });

  test('instances share out the topics, each topic to somebody', () => {
    expect([0, 1].map((instance) => topicsOfInstance(5, instance, 2))).toEqual([
      [0, 2, 4],
      [1, 3],
    ]);
    expect([0, 1, 2, 3].map((instance) => topicsOfInstance(3, instance, 4))).toEqual([[0], [1], [2], [0]]);
  });

  test('groups over all topics, several, and one set for each topic', () => {
    const names = topicNames(many);
    expect(consumerGroups(consumer, many)).toEqual([{ group: 'g', topics: names, members: 2 }]);
    expect(consumerGroups({ ...consumer, groups: 2 }, many).map(({ group }) => group)).toEqual(['g-0', 'g-1']);
    expect(
      consumerGroups({ ...consumer, groups: 2, groupPerTopic: true }, many).map(({ group, topics }) => [
        group,
        ...topics,
      ]),
    ).toEqual(names.flatMap((name) => [0, 1].map((index) => [`g-${name}-${index}`, name])));
    expect(consumerGroups({ ...consumer, group: null }, many)).toEqual([{ group: null, topics: names, members: 2 }]);
  });
});

describe('nearest', () => {
  test.each([
    ['replicationfactor', 'replicationFactor'],
    ['replicaton-factor', 'replicationFactor'],
    ['partitoins', 'partitions'],
    ['zzz', null],
    ['', null],
  ])('%s is meant to be %s', (word, meant) => {
    expect(nearest(word, ['partitions', 'replicationFactor', 'name', 'config'])).toBe(meant);
  });

  test('an exchange of neighbours is one mistake', () => {
    expect(editDistance('kill', 'klil')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
