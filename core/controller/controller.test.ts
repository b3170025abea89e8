import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { createNodeRuntime } from '../node/index.ts';
import { brokerHeartbeat, brokerRegistration, createTopics, deleteTopics } from '../protocol/index.ts';
import { registration, SingleNode } from './testing/single-node.ts';

describe('a controller that is its own quorum', () => {
  test('registers a broker, creates and deletes topics', async () => {
    const runtime = createNodeRuntime({ disk: createMemoryDisk(), randomSeed: 'controller' });
    const node = await SingleNode.start(runtime);
    const registered = await node.ask(brokerRegistration, registration(1));
    expect(registered.errorCode).toBe(0);
    const beat = await node.ask(brokerHeartbeat, {
      brokerId: 1,
      brokerEpoch: registered.brokerEpoch,
      currentMetadataOffset: node.replica.image.endOffset,
    });
    expect(beat).toMatchObject({ errorCode: 0, isFenced: false, isCaughtUp: true });
    const created = await node.ask(createTopics, { topics: [{ name: 'a', numPartitions: 3, replicationFactor: 1 }] });
    expect(created.topics).toMatchObject([{ name: 'a', errorCode: 0, numPartitions: 3 }]);
    expect(node.replica.image.topicsByName.get('a')?.partitions.map((one) => one.leader)).toEqual([1, 1, 1]);
    expect(node.replica.image.fingerprint()).toBe(node.controller.image!.fingerprint());
    const deleted = await node.ask(deleteTopics, { topics: [{ name: 'a' }] });
    expect(deleted.responses).toMatchObject([{ name: 'a', errorCode: 0 }]);
    await node.close();
    const again = await SingleNode.start(runtime);
    expect(again.replica.image.brokers.get(1)?.fenced).toBe(false);
    await again.close();
    runtime.close();
  });
});
