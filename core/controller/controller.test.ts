import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { createNodeRuntime } from '../node/index.ts';
import {
  allocateProducerIds,
  alterPartition,
  alterPartitionReassignments,
  assignReplicasToDirs,
  brokerHeartbeat,
  brokerRegistration,
  createPartitions,
  createTopics,
  deleteTopics,
  electLeaders,
  incrementalAlterConfigs,
  unregisterBroker,
  updateFeatures,
} from '../protocol/index.ts';
import type { ControllerFaults } from './faults.ts';
import type { PartitionImage } from './image.ts';
import { ControllerWorld } from './testing/controller-world.ts';
import { registration, SingleNode } from './testing/single-node.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function world(brokers: readonly number[], faults: ControllerFaults = {}): Promise<ControllerWorld> {
  const made = await ControllerWorld.start({ settle, faults });
  for (const id of brokers) await made.addBroker(id);
  return made;
}

function partition(made: ControllerWorld, topic: string, index = 0): PartitionImage {
  return made.replica.image.topicsByName.get(topic)!.partitions[index]!;
}

/** A topic of one partition on exactly these brokers. */
async function assigned(
  made: ControllerWorld,
  name: string,
  brokerIds: readonly number[],
  configs = {},
): Promise<void> {
  const answer = await made.ask(createTopics, {
    topics: [
      {
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds }],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: value as string })),
      },
    ],
  });
  expect(answer.topics?.[0]).toMatchObject({ errorCode: 0 });
}

async function proposeIsr(
  made: ControllerWorld,
  topic: string,
  isr: readonly number[],
  more: { partitionEpoch?: number; leaderEpoch?: number; brokerId?: number } = {},
): Promise<number> {
  const now = partition(made, topic);
  const brokerId = more.brokerId ?? now.leader;
  const answer = await made.ask(alterPartition, {
    brokerId,
    brokerEpoch: made.epochs.get(brokerId)!,
    topics: [
      {
        topicId: now.topicId,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch: more.leaderEpoch ?? now.leaderEpoch,
            partitionEpoch: more.partitionEpoch ?? now.partitionEpoch,
            leaderRecoveryState: now.recoveryState,
            newIsrWithEpochs: isr.map((id) => ({ brokerId: id, brokerEpoch: made.epochs.get(id) ?? -1 })),
          },
        ],
      },
    ],
  });
  return answer.errorCode || answer.topics![0]!.partitions![0]!.errorCode!;
}

describe('a new cluster', () => {
  test('finalizes the features of Kafka 4.3 and a minimum of in-sync replicas', async () => {
    const made = await world([]);
    expect([...made.replica.image.features]).toEqual([
      ['metadata.version', 30],
      ['eligible.leader.replicas.version', 1],
      ['group.version', 1],
      ['share.version', 1],
      ['streams.version', 1],
      ['transaction.version', 2],
    ]);
    expect(made.replica.image.configs('broker', '').get('min.insync.replicas')).toBe('1');
  });

  test('is found again after a restart', async () => {
    const runtime = createNodeRuntime({ disk: createMemoryDisk(), randomSeed: 'controller' });
    const node = await SingleNode.start(runtime);
    const { brokerEpoch } = await node.ask(brokerRegistration, registration(1));
    const currentMetadataOffset = node.replica.image.endOffset;
    await node.ask(brokerHeartbeat, { brokerId: 1, brokerEpoch, currentMetadataOffset });
    await node.ask(createTopics, { topics: [{ name: 'a', numPartitions: 3, replicationFactor: 1 }] });
    const before = node.replica.image.topicsByName.get('a');
    await node.close();
    const again = await SingleNode.start(runtime);
    expect(again.replica.image.topicsByName.get('a')).toEqual(before);
    expect(again.replica.image.brokers.get(1)?.fenced).toBe(false);
    await again.close();
    runtime.close();
  });
});

describe('brokers', () => {
  test('start fenced, and are unfenced when they have replayed their registration', async () => {
    const made = await world([]);
    const { brokerEpoch } = await made.ask(brokerRegistration, registration(1));
    made.epochs.set(1, brokerEpoch!);
    expect(made.replica.image.brokers.get(1)).toMatchObject({ fenced: true, epoch: brokerEpoch });
    const early = await made.beat(1, { currentMetadataOffset: brokerEpoch! - 1 });
    expect(early).toMatchObject({ isCaughtUp: false, isFenced: true });
    expect(await made.beat(1)).toMatchObject({ isCaughtUp: true, isFenced: false });
  });

  test('are refused with another cluster id, a stale epoch, or while their former life is alive', async () => {
    const made = await world([1]);
    expect(await made.ask(brokerRegistration, registration(2, { clusterId: 'other' }))).toMatchObject({
      errorCode: 104,
    });
    expect(await made.beat(1, { brokerEpoch: 0 })).toMatchObject({ errorCode: 77 });
    const second = registration(1, { incarnationId: 'BBBBBBBBBBBBBBBBBBBBBA' });
    expect(await made.ask(brokerRegistration, second)).toMatchObject({ errorCode: 101 });
    await made.time.run(10_000);
    expect(await made.ask(brokerRegistration, second)).toMatchObject({ errorCode: 0 });
    expect(await made.ask(brokerRegistration, registration(3, { features: [] }))).toMatchObject({ errorCode: 35 });
  });

  test('that fall silent are fenced, and their partitions get other leaders', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2, 3]);
    await made.pass(12_000, [2, 3]);
    expect(made.replica.image.brokers.get(1)?.fenced).toBe(true);
    expect(partition(made, 't')).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [2, 3] });
    await made.beat(1);
    expect(made.replica.image.brokers.get(1)?.fenced).toBe(false);
    expect(partition(made, 't')).toMatchObject({ leader: 2, isr: [2, 3] });
  });

  test('leave in order: leadership moves away first, and others must have heard', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    expect(await made.beat(1, { wantShutDown: true })).toMatchObject({ shouldShutDown: false });
    expect(partition(made, 't')).toMatchObject({ leader: 2, isr: [2] });
    expect(made.replica.image.brokers.get(1)?.inControlledShutdown).toBe(true);
    expect(await made.beat(1, { wantShutDown: true })).toMatchObject({ shouldShutDown: false });
    await made.beat(2);
    expect(await made.beat(1, { wantShutDown: true })).toMatchObject({ shouldShutDown: true });
    expect(made.replica.image.brokers.get(1)?.fenced).toBe(true);
  });

  test('are forgotten on request', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    expect(await made.ask(unregisterBroker, { brokerId: 1 })).toMatchObject({ errorCode: 0 });
    expect(made.replica.image.brokers.has(1)).toBe(false);
    expect(partition(made, 't').leader).toBe(2);
    expect(await made.ask(unregisterBroker, { brokerId: 9 })).toMatchObject({
      errorCode: 102,
      errorMessage: 'Broker ID 9 is not currently registered',
    });
  });

  test('get blocks of a thousand producer ids that never overlap', async () => {
    const made = await world([1]);
    const block = { brokerId: 1, brokerEpoch: made.epochs.get(1)! };
    expect(await made.ask(allocateProducerIds, block)).toMatchObject({ producerIdStart: 0, producerIdLen: 1000 });
    expect(await made.ask(allocateProducerIds, block)).toMatchObject({ producerIdStart: 1000, producerIdLen: 1000 });
    expect(await made.ask(allocateProducerIds, { ...block, brokerEpoch: 3 })).toMatchObject({ errorCode: 77 });
  });

  test('with a failed directory lose what lay in it', async () => {
    const made = await world([2]);
    const directories = ['AAAAAAAAAAAAAAAAAAABAA', 'AAAAAAAAAAAAAAAAAAACAA'];
    await made.addBroker(1, { logDirs: directories });
    await assigned(made, 't', [1, 2]);
    const { topicId } = partition(made, 't');
    const topics = [{ topicId, partitions: [{ partitionIndex: 0 }] }];
    await made.ask(assignReplicasToDirs, {
      brokerId: 1,
      brokerEpoch: made.epochs.get(1)!,
      directories: [{ id: directories[1]!, topics }],
    });
    expect(partition(made, 't').directories[0]).toBe(directories[1]);
    await made.beat(1, { offlineLogDirs: [directories[1]] });
    expect(partition(made, 't')).toMatchObject({ leader: 2, isr: [2] });
    expect(made.replica.image.brokers.get(1)?.directories).toEqual([directories[0]]);
  });
});

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

describe('in-sync replicas', () => {
  test('change only from the current epochs, by the leader, to live replicas', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2, 3]);
    expect(await proposeIsr(made, 't', [1])).toBe(0);
    expect(partition(made, 't')).toMatchObject({ isr: [1], partitionEpoch: 1, leaderEpoch: 0 });
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 0 })).toBe(95);
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 9 })).toBe(41);
    expect(await proposeIsr(made, 't', [1, 2], { leaderEpoch: 1 })).toBe(41);
    expect(await proposeIsr(made, 't', [1, 2], { brokerId: 2 })).toBe(42);
    expect(await proposeIsr(made, 't', [2, 3])).toBe(42);
    expect(await proposeIsr(made, 't', [1, 7])).toBe(42);
    await made.pass(12_000, [1, 2]);
    expect(await proposeIsr(made, 't', [1, 3])).toBe(107);
    expect(await proposeIsr(made, 't', [1, 2])).toBe(0);
  });

  test('a stale proposal gets through where the partition epoch is ignored', async () => {
    const made = await world([1, 2], { ignorePartitionEpoch: true });
    await assigned(made, 't', [1, 2]);
    await proposeIsr(made, 't', [1]);
    expect(await proposeIsr(made, 't', [1, 2], { partitionEpoch: 0 })).toBe(0);
  });

  test('eligible replicas remember who had everything (KIP-966)', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2, 3], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [1, 2]);
    expect(partition(made, 't')).toMatchObject({ isr: [1, 2], elr: [] });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1], elr: [2] });
    await made.pass(12_000, []);
    expect(partition(made, 't')).toMatchObject({ leader: -1, isr: [], lastKnownElr: [1] });
    expect([...partition(made, 't').elr].sort()).toEqual([1, 2]);
    // 3 fell out while there were still enough: it may lack what was acknowledged since.
    await made.beat(3);
    expect(partition(made, 't').leader).toBe(-1);
    await made.beat(2);
    expect(partition(made, 't')).toMatchObject({ leader: 2, isr: [2], elr: [1], recoveryState: 0 });
  });

  test('a replica that came back unclean is no longer eligible', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ isr: [1], elr: [2] });
    await made.addBroker(2, { incarnationId: 'BBBBBBBBBBBBBBBBBBBBBA', previousBrokerEpoch: -1 });
    expect(partition(made, 't').elr).toEqual([]);
  });

  test('the last leader hands on when its disk was replaced: the others still have what it had', async () => {
    const made = await world([1, 2]);
    const logDirs = (digit: string) => ({ logDirs: [`${digit.repeat(21)}A`] });
    await made.addBroker(3, logDirs('B'));
    await assigned(made, 't', [3, 1, 2], { 'min.insync.replicas': '2' });
    await made.pass(12_000, [3, 1]);
    await made.pass(12_000, [3]);
    expect(partition(made, 't')).toMatchObject({ leader: 3, isr: [3], elr: [1] });
    await made.addBroker(1, { incarnationId: 'DDDDDDDDDDDDDDDDDDDDDA', previousBrokerEpoch: -1 });
    await made.pass(12_000, [1]);
    expect(partition(made, 't')).toMatchObject({ leader: -1, isr: [], elr: [3], lastKnownElr: [3, 1] });
    await made.addBroker(3, { ...logDirs('E'), incarnationId: 'EEEEEEEEEEEEEEEEEEEEEA', previousBrokerEpoch: -1 });
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1], elr: [], recoveryState: 1 });
  });

  test('an empty replica leads only where there is no other', async () => {
    const made = await world([]);
    await made.addBroker(1, { logDirs: ['BBBBBBBBBBBBBBBBBBBBBA'] });
    await assigned(made, 't', [1]);
    await made.pass(12_000, []);
    await made.addBroker(1, {
      logDirs: ['CCCCCCCCCCCCCCCCCCCCCA'],
      incarnationId: 'CCCCCCCCCCCCCCCCCCCCCA',
      previousBrokerEpoch: -1,
    });
    await made.beat(1);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1] });
  });

  test('an unclean leader is taken only where the topic allows it', async () => {
    const made = await world([1, 2]);
    const unclean = { 'unclean.leader.election.enable': 'true' };
    await assigned(made, 'safe', [1, 2]);
    await assigned(made, 'loose', [1, 2], unclean);
    await proposeIsr(made, 'safe', [1]);
    await proposeIsr(made, 'loose', [1]);
    await made.pass(12_000, [2]);
    expect(partition(made, 'safe')).toMatchObject({ leader: -1, isr: [], elr: [1] });
    expect(partition(made, 'loose')).toMatchObject({ leader: 2, isr: [2], elr: [], recoveryState: 1 });
  });
});

describe('elections and moves', () => {
  test('leadership goes back to the first replica on request', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    await made.pass(12_000, [2]);
    await made.beat(1);
    const elect = async (): Promise<unknown> => {
      const asked = { electionType: 0, topicPartitions: [{ topic: 't', partitions: [0, 5] }] };
      const { replicaElectionResults } = await made.ask(electLeaders, asked);
      return replicaElectionResults?.[0]?.partitionResult?.map((one) => one.errorCode);
    };
    expect(await elect()).toEqual([80, 3]);
    expect(await proposeIsr(made, 't', [1, 2])).toBe(0);
    expect(await elect()).toEqual([0, 3]);
    expect(partition(made, 't')).toMatchObject({ leader: 1, isr: [1, 2] });
    expect(await elect()).toEqual([84, 3]);
  });

  test('a partition moves when the new replicas are in sync, and can be called back before', async () => {
    const made = await world([1, 2, 3]);
    await assigned(made, 't', [1, 2]);
    const move = async (replicas: readonly number[] | null): Promise<number> => {
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, replicas }] }];
      return (await made.ask(alterPartitionReassignments, { topics })).responses![0]!.partitions![0]!.errorCode!;
    };
    expect(await move(null)).toBe(85);
    expect(await move([9])).toBe(39);
    expect(await move([3])).toBe(0);
    expect(partition(made, 't')).toMatchObject({ replicas: [3, 1, 2], addingReplicas: [3], removingReplicas: [1, 2] });
    expect(await move(null)).toBe(0);
    expect(partition(made, 't')).toMatchObject({
      replicas: [1, 2],
      addingReplicas: [],
      removingReplicas: [],
      isr: [1, 2],
    });
    expect(await move([3])).toBe(0);
    // The proposer loses the lead by its own proposal.
    expect(await proposeIsr(made, 't', [1, 2, 3])).toBe(108);
    expect(partition(made, 't')).toMatchObject({ replicas: [3], isr: [3], leader: 3, addingReplicas: [] });
  });

  test('leadership is balanced from time to time', async () => {
    const made = await world([1, 2]);
    await assigned(made, 't', [1, 2]);
    await made.pass(12_000, [2]);
    await made.beat(1);
    await proposeIsr(made, 't', [1, 2]);
    expect(partition(made, 't').leader).toBe(2);
    await made.pass(305_000, [1, 2]);
    expect(partition(made, 't').leader).toBe(1);
  });
});

describe('settings and features', () => {
  async function alter(
    made: ControllerWorld,
    resourceType: number,
    resourceName: string,
    ...changes: unknown[][]
  ): Promise<unknown> {
    const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value })) as never;
    const answer = await made.ask(incrementalAlterConfigs, { resources: [{ resourceType, resourceName, configs }] });
    return [answer.responses?.[0]?.errorCode, answer.responses?.[0]?.errorMessage];
  }

  test('are set, deleted, appended to and subtracted from', async () => {
    const made = await world([1]);
    await assigned(made, 't', [1]);
    const policy = (): string | undefined => made.replica.image.configs('topic', 't').get('cleanup.policy');
    expect(await alter(made, 2, 't', ['cleanup.policy', 2, 'compact'])).toEqual([0, null]);
    expect(policy()).toBe('delete,compact');
    expect(await alter(made, 2, 't', ['cleanup.policy', 3, 'delete'])).toEqual([0, null]);
    expect(policy()).toBe('compact');
    expect(await alter(made, 2, 't', ['cleanup.policy', 1, null])).toEqual([0, null]);
    expect(policy()).toBe(undefined);
  });

  test("are refused in Kafka's words, whole resources at a time", async () => {
    const made = await world([1]);
    await assigned(made, 't', [1]);
    expect(await alter(made, 2, 't', ['retention.ms', 0, '5'], ['foo', 0, '1'])).toEqual([
      40,
      'Unknown topic config name: foo',
    ]);
    expect(made.replica.image.configs('topic', 't').size).toBe(0);
    expect(await alter(made, 2, 'u', ['retention.ms', 0, '5'])).toEqual([3, "The topic 'u' does not exist."]);
    expect(await alter(made, 2, 't', ['retention.ms', 2, '5'])).toEqual([
      40,
      "Can't APPEND to key retention.ms because its type is not LIST.",
    ]);
    expect(await alter(made, 2, 't', ['retention.ms', 0, null])).toEqual([
      42,
      'Null value not supported for : retention.ms',
    ]);
    expect(await alter(made, 4, '1', ['num.partitions', 0, '4'])).toEqual([
      42,
      'Cannot update these configs dynamically: [num.partitions]',
    ]);
    expect(await alter(made, 4, '1', ['min.insync.replicas', 0, '2'])).toEqual([
      40,
      'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
    ]);
    expect(await alter(made, 32, 'g', ['consumer.session.timeout.ms', 0, '1'])).toEqual([
      40,
      'consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms',
    ]);
    expect(await alter(made, 99, 'x')).toEqual([42, 'Unknown resource type 99']);
  });

  test('features go up freely and down only on demand', async () => {
    const made = await world([1]);
    const update = async (feature: string, maxVersionLevel: number, upgradeType: number): Promise<unknown> => {
      const answer = await made.ask(updateFeatures, { featureUpdates: [{ feature, maxVersionLevel, upgradeType }] });
      return [answer.errorCode, answer.errorMessage];
    };
    expect(await update('nope', 1, 1)).toEqual([
      95,
      'The update failed for all features since the following feature had an error: Invalid update version 1 for feature nope. Local controller 100 does not support this feature.',
    ]);
    expect((await update('transaction.version', 1, 1)) as number[]).toContain(95);
    expect(await update('transaction.version', 1, 2)).toEqual([0, null]);
    expect(made.replica.image.features.get('transaction.version')).toBe(1);
    expect(await update('transaction.version', 2, 1)).toEqual([0, null]);
    expect(await update('metadata.version', 29, 2)).toEqual([
      95,
      'The update failed for all features since the following feature had an error: Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it might delete metadata information.',
    ]);
  });
});

test('answers nothing any more once it has lost the lead', async () => {
  const made = await world([1]);
  const request = { topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1 }] };
  const waiting = made.ask(createTopics, request);
  made.replica.leaderChanged({ id: 2, epoch: 2 });
  await expect(waiting).rejects.toThrow('no answer');
  await expect(made.ask(createTopics, request)).rejects.toThrow('no answer');
});
