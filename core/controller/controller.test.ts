import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { createNodeRuntime } from '../node/index.ts';
import {
  allocateProducerIds,
  assignReplicasToDirs,
  brokerHeartbeat,
  brokerRegistration,
  createTopics,
  incrementalAlterConfigs,
  unregisterBroker,
  updateFeatures,
} from '../protocol/index.ts';
import type { ControllerWorld } from './testing/controller-world.ts';
import { assigned, partition, startWith } from './testing/partitions.ts';
import { registration, SingleNode } from './testing/single-node.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const world = (brokers: readonly number[]) => startWith(settle, brokers);

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
  made.quorum.leader = { id: 2, epoch: 2 };
  made.replica.leaderChanged(made.quorum.leader);
  await expect(waiting).rejects.toThrow('no answer');
  await expect(made.ask(createTopics, request)).rejects.toThrow('no answer');
});
