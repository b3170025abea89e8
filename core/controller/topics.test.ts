import { describe, expect, test } from 'vitest';
import { createPartitions, createTopics, deleteTopics } from '../protocol/index.ts';
import { ControllerWorld } from './testing/controller-world.ts';
import { assigned, partition, startWith } from './testing/partitions.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const world = (brokers: readonly number[]) => startWith(settle, brokers);

describe('topics', () => {
  test("are refused in Kafka's words", async () => {
    const made = await world([1]);
    await assigned(made, 'x.y', [1]);
    const topics = [
      { name: 'a b', numPartitions: 1, replicationFactor: 1 },
      { name: 'b', numPartitions: 0, replicationFactor: 1 },
      { name: 'c', numPartitions: 1, replicationFactor: 3 },
      { name: 'd', numPartitions: 1, replicationFactor: 0 },
      { name: 'x.y', numPartitions: 1, replicationFactor: 1 },
      { name: 'x_y', numPartitions: 1, replicationFactor: 1 },
      { name: 'e', numPartitions: 1, replicationFactor: 1, configs: [{ name: 'foo.bar', value: '1' }] },
      { name: 'f', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [7] }] },
      { name: 'g', numPartitions: 1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      { name: 'h', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      { name: 'dup', numPartitions: 1, replicationFactor: 1 },
      { name: 'dup', numPartitions: 1, replicationFactor: 1 },
      { name: '__cluster_metadata', numPartitions: 1, replicationFactor: 1 },
    ];
    const answer = await made.ask(createTopics, { topics });
    expect(answer.topics?.map((topic) => [topic.name, topic.errorCode, topic.errorMessage])).toEqual([
      [
        'a b',
        17,
        "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      ],
      ['b', 37, 'Number of partitions was set to an invalid non-positive value.'],
      [
        'c',
        38,
        'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
      ],
      ['d', 38, 'Replication factor must be larger than 0, or -1 to use the default value.'],
      ['x.y', 36, "Topic 'x.y' already exists."],
      ['x_y', 17, "Topic 'x_y' collides with existing topic: x.y"],
      ['e', 40, 'Unknown topic config name: foo.bar'],
      ['f', 39, 'The manual partition assignment includes broker 7, but no such broker is registered.'],
      ['g', 42, 'A manual partition assignment was specified, but numPartitions was not set to -1.'],
      ['h', 39, 'partitions should be a consecutive 0-based integer sequence'],
      ['dup', 42, 'Duplicate topic name.'],
      ['__cluster_metadata', 42, 'Creation of internal topic __cluster_metadata is prohibited.'],
    ]);
    expect(made.replica.image.topicsByName.size).toBe(1);
  });

  test('only validated are not created', async () => {
    const made = await world([1]);
    const topics = [
      { name: 'a', numPartitions: 2, replicationFactor: 1, configs: [{ name: 'retention.ms', value: '5' }] },
    ];
    const answer = await made.ask(createTopics, { topics, validateOnly: true });
    expect(answer.topics?.[0]).toMatchObject({ errorCode: 0, numPartitions: 2 });
    expect(answer.topics?.[0]?.configs?.find((config) => config.name === 'retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
    });
    expect(made.replica.image.topicsByName.size).toBe(0);
  });

  test('spread over racks first', async () => {
    const made = await ControllerWorld.start({ settle });
    for (const id of [1, 2, 3, 4, 5, 6]) await made.addBroker(id, { rack: `rack ${id % 3}` });
    await made.ask(createTopics, { topics: [{ name: 't', numPartitions: 12, replicationFactor: 3 }] });
    const leaders = new Map<number, number>();
    for (const { replicas, leader } of made.replica.image.topicsByName.get('t')!.partitions) {
      expect(new Set(replicas.map((id) => id % 3)).size).toBe(3);
      leaders.set(leader, (leaders.get(leader) ?? 0) + 1);
    }
    expect([...leaders.values()]).toEqual([2, 2, 2, 2, 2, 2]);
  });

  test('grow, and are deleted by name and by id, once', async () => {
    const made = await world([1]);
    await assigned(made, 't', [1], { 'retention.ms': '5' });
    const grow = (count: number) => made.ask(createPartitions, { topics: [{ name: 't', count, assignments: null }] });
    expect((await grow(3)).results?.[0]).toMatchObject({ errorCode: 0 });
    expect((await grow(3)).results?.[0]?.errorMessage).toBe('Topic already has 3 partition(s).');
    expect((await grow(2)).results?.[0]?.errorMessage).toBe(
      'The topic t currently has 3 partition(s); 2 would not be an increase.',
    );
    const { topicId } = partition(made, 't', 2);
    const topics = [{ name: 't' }, { name: null, topicId }, { name: 'u' }, { name: 'v', topicId }];
    expect((await made.ask(deleteTopics, { topics })).responses?.map((one) => one.errorCode)).toEqual([0, 0, 3, 42]);
    expect(made.replica.image.topicsByName.size).toBe(0);
    expect(made.replica.image.configs('topic', 't').size).toBe(0);
  });
});
