import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Channel, openChannel } from '../../client/channel.ts';
import { type Cluster, createNodeRuntime, startCluster } from '../../node/index.ts';
import {
  type ApiSchema,
  alterConfigs,
  alterPartitionReassignments,
  createPartitions,
  createTopics,
  type Draft,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeLogDirs,
  describeQuorum,
  describeTopicPartitions,
  electLeaders,
  incrementalAlterConfigs,
  listConfigResources,
  listPartitionReassignments,
  type Message,
  metadata,
  parseVersions,
  unregisterBroker,
  updateFeatures,
  ZERO_UUID,
} from '../../protocol/index.ts';

/** What Kafka 4.3.1 answers to the same requests stands in the expectations. */
let cluster: Cluster;
let channel: Channel;
const runtime = createNodeRuntime();

beforeAll(async () => {
  cluster = await startCluster({ config: { 'auto.create.topics.enable': 'true', 'num.partitions': '2' } });
  const { host, port } = cluster.brokers[0]!;
  channel = await openChannel({ runtime, host, port, clientId: 'test', connectTimeoutMs: 5000 });
});
afterAll(async () => {
  channel.close();
  await cluster.close();
  runtime.close();
});

function ask<A extends ApiSchema>(
  api: A,
  draft: Draft<A['request']>,
  version?: number,
): Promise<Message<A['response']>> {
  return channel.request(api, version ?? channel.version(api)!, draft, 5000);
}

async function create(name: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<string> {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const answer = await ask(createTopics, { topics: [{ name, numPartitions, replicationFactor: 1, configs: entries }] });
  expect(answer.topics[0]).toMatchObject({ errorCode: 0 });
  return answer.topics[0]!.topicId;
}

describe('every version of every admin request', () => {
  const drafts: readonly (readonly [ApiSchema, (version: number) => object])[] = [
    [metadata, () => ({ topics: [] })],
    [createTopics, (version) => ({ topics: [{ name: `v${version}`, numPartitions: 1, replicationFactor: 1 }] })],
    [
      deleteTopics,
      (version) => (version >= 6 ? { topics: [{ name: `v${version}` }] } : { topicNames: [`v${version}`, 'none'] }),
    ],
    [describeConfigs, () => ({ resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }] })],
    [alterConfigs, () => ({ resources: [{ resourceType: 2, resourceName: 'none', configs: [] }] })],
    [incrementalAlterConfigs, () => ({ resources: [{ resourceType: 8, resourceName: '1', configs: [] }] })],
    [describeLogDirs, () => ({ topics: null })],
    [createPartitions, () => ({ topics: [{ name: 'none', count: 3, assignments: null }], timeoutMs: 1000 })],
    [electLeaders, () => ({ topicPartitions: null, timeoutMs: 1000 })],
    [alterPartitionReassignments, () => ({ topics: [] })],
    [listPartitionReassignments, () => ({ topics: null })],
    [describeQuorum, () => ({ topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] })],
    [updateFeatures, () => ({ featureUpdates: [] })],
    [describeCluster, () => ({})],
    [unregisterBroker, () => ({ brokerId: 77 })],
    [listConfigResources, () => ({})],
    [describeTopicPartitions, () => ({ topics: [] })],
  ];
  for (const [api, draft] of drafts) {
    test(api.name, async () => {
      const { min, max } = parseVersions(api.request.versions)!;
      for (let version = min; version <= max; version++) {
        const answer = (await ask(api, draft(version) as never, version)) as { readonly errorCode?: number };
        expect([0, undefined, 102], `${api.name} v${version}`).toContain(answer.errorCode);
      }
    });
  }
});

describe('Metadata', () => {
  test('creates what is asked for and allowed, and says what it cannot find', async () => {
    const asked = { topics: [{ name: 'auto' }, { name: 'a b' }], allowAutoTopicCreation: true };
    const { topics } = await ask(metadata, asked);
    expect(topics.find((topic) => topic.name === 'auto')).toMatchObject({ errorCode: 0 });
    expect(topics.find((topic) => topic.name === 'auto')?.partitions).toHaveLength(2);
    expect(topics.find((topic) => topic.name === 'a b')).toMatchObject({ errorCode: 17 });
    const denied = await ask(metadata, { topics: [{ name: 'no' }], allowAutoTopicCreation: false });
    expect(denied.topics[0]).toMatchObject({ name: 'no', errorCode: 3, topicId: ZERO_UUID });
  });

  test('answers by id when an id is asked for, and only then', async () => {
    const topicId = await create('by-id');
    const asked = {
      topics: [{ name: 'auto' }, { name: null, topicId }, { name: null, topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }],
    };
    const { topics } = await ask(metadata, asked, 12);
    expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['by-id', 0],
      [null, 100],
    ]);
  });

  test('an empty list is all topics in v0 and none later', async () => {
    await create('listed');
    expect((await ask(metadata, { topics: [] }, 0)).topics.some((topic) => topic.name === 'listed')).toBe(true);
    expect((await ask(metadata, { topics: [] }, 1)).topics).toEqual([]);
    expect((await ask(metadata, { topics: null }, 1)).topics.some((topic) => topic.name === 'listed')).toBe(true);
  });

  test('tells the cluster and what may be done to it', async () => {
    const asked = {
      topics: [{ name: 'auto' }],
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    };
    const answer = await ask(metadata, asked, 9);
    expect(answer).toMatchObject({ controllerId: 1, clusterAuthorizedOperations: 8096 });
    expect(answer.topics[0]).toMatchObject({ topicAuthorizedOperations: 3576 });
    expect(answer.brokers).toMatchObject([{ nodeId: 1, rack: null }]);
  });
});

describe('settings', () => {
  async function described(
    resourceType: number,
    resourceName: string,
    keys: readonly string[] | null,
  ): Promise<Message<typeof describeConfigs.response>['results'][number]> {
    const resources = [{ resourceType, resourceName, configurationKeys: keys }];
    return (await ask(describeConfigs, { resources, includeSynonyms: true })).results[0]!;
  }
  async function set(resourceType: number, resourceName: string, name: string, value: string | null): Promise<number> {
    const configs = [{ name, configOperation: value === null ? 1 : 0, value }];
    return (await ask(incrementalAlterConfigs, { resources: [{ resourceType, resourceName, configs }] })).responses[0]!
      .errorCode;
  }

  test('of a topic: where each value comes from', async () => {
    await create('settings', 1, { 'retention.ms': '5' });
    expect(await set(4, '', 'log.retention.ms', '400000')).toBe(0);
    const result = await described(2, 'settings', ['retention.ms', 'cleanup.policy', 'nope']);
    expect(result).toMatchObject({ errorCode: 0, errorMessage: '' });
    expect(result.configs).toMatchObject([
      { name: 'cleanup.policy', value: 'delete', configSource: 5, readOnly: false, configType: 7 },
      { name: 'retention.ms', value: '5', configSource: 1, isSensitive: false, configType: 5 },
    ]);
    expect(result.configs[1]!.synonyms).toEqual([
      { name: 'retention.ms', value: '5', source: 1 },
      { name: 'log.retention.ms', value: '400000', source: 3 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ]);
    expect(await set(4, '', 'log.retention.ms', null)).toBe(0);
  });

  test('of brokers, loggers, groups and what does not exist', async () => {
    expect(await described(2, 'nowhere', null)).toMatchObject({ errorCode: 3, configs: [] });
    expect(await described(2, 'a b', null)).toMatchObject({ errorCode: 17 });
    expect(await described(4, '9', null)).toMatchObject({
      errorCode: 42,
      errorMessage: 'Unexpected broker id, expected 1 or empty string, but received 9',
    });
    expect((await described(4, '1', null)).configs).toHaveLength(340);
    expect((await described(4, '1', ['ssl.key.password'])).configs).toMatchObject([{ value: null, isSensitive: true }]);
    expect((await described(4, '1', ['node.id'])).configs).toMatchObject([
      { value: '1', readOnly: true, configSource: 4 },
    ]);
    expect((await described(8, '1', null)).configs).toMatchObject([{ name: 'root', configSource: 6 }]);
    expect((await described(32, 'g', ['consumer.heartbeat.interval.ms'])).configs).toMatchObject([
      { value: '5000', synonyms: [{ name: 'group.consumer.heartbeat.interval.ms', source: 5 }] },
    ]);
    expect((await described(16, 'm', null)).configs).toHaveLength(3);
    expect(await described(77, 'x', null)).toMatchObject({ errorCode: 42 });
  });

  test('change at once where they are dynamic', async () => {
    const { config } = cluster.brokers[0]!.broker;
    expect(await set(4, '1', 'message.max.bytes', '2000000')).toBe(0);
    expect(config.number('message.max.bytes')).toBe(2_000_000);
    expect(await set(4, '1', 'message.max.bytes', null)).toBe(0);
    expect(config.number('message.max.bytes')).toBe(1_048_588);
    expect(await set(4, '2', 'message.max.bytes', '1')).toBe(42);
  });

  test('are listed by the resources that have them', async () => {
    expect(await set(32, 'listed-group', 'consumer.session.timeout.ms', '50000')).toBe(0);
    const { configResources } = await ask(listConfigResources, { resourceTypes: [32, 4] });
    expect(configResources).toEqual([
      { resourceName: 'listed-group', resourceType: 32 },
      { resourceName: '1', resourceType: 4 },
    ]);
    expect(await ask(listConfigResources, { resourceTypes: [99] })).toMatchObject({ errorCode: 35 });
    expect((await ask(listConfigResources, {}, 0)).configResources).toEqual([]);
  });
});

describe('DescribeTopicPartitions', () => {
  test('hands out portions in the order of names', async () => {
    await create('p-a', 3);
    await create('p-b', 2);
    const topics = [{ name: 'p-b' }, { name: 'p-a' }, { name: 'p-none' }];
    const first = await ask(describeTopicPartitions, { topics, responsePartitionLimit: 2 });
    expect(first.topics.map((topic) => [topic.name, topic.partitions.length])).toEqual([['p-a', 2]]);
    expect(first.nextCursor).toMatchObject({ topicName: 'p-a', partitionIndex: 2 });
    const second = await ask(describeTopicPartitions, { topics, responsePartitionLimit: 3, cursor: first.nextCursor });
    expect(
      second.topics.map((topic) => [topic.name, topic.errorCode, topic.partitions.map((one) => one.partitionIndex)]),
    ).toEqual([
      ['p-a', 0, [2]],
      ['p-b', 0, [0, 1]],
      ['p-none', 3, []],
    ]);
    expect(second.nextCursor).toBe(null);
    expect(second.topics[0]!.partitions[0]).toMatchObject({ eligibleLeaderReplicas: [], lastKnownElr: [] });
  });
});

test('the quorum and the cluster describe themselves', async () => {
  const quorum = await ask(describeQuorum, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  });
  expect(quorum.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, leaderId: 1, observers: [] });
  expect(quorum.topics[0]!.partitions[0]!.currentVoters).toMatchObject([{ replicaId: 1 }]);
  expect(await ask(describeCluster, { endpointType: 2 })).toMatchObject({ errorCode: 114 });
  expect(await ask(describeCluster, { includeFencedBrokers: true })).toMatchObject({
    errorCode: 0,
    controllerId: 1,
    clusterId: cluster.brokers[0]!.clusterId,
    brokers: [{ brokerId: 1, isFenced: false }],
  });
});

test('log directories tell what lies in them', async () => {
  await create('lies', 2);
  const { results } = await ask(describeLogDirs, { topics: [{ topic: 'lies', partitions: [1, 7] }] });
  expect(results).toMatchObject([
    { errorCode: 0, topics: [{ name: 'lies', partitions: [{ partitionIndex: 1, partitionSize: 0, offsetLag: 0 }] }] },
  ]);
});
