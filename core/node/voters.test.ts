import { afterEach, expect, test } from 'vitest';
import { type Channel, openChannel } from '../client/channel.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import {
  addRaftVoter,
  apiVersions,
  describeQuorum,
  ErrorCode,
  removeRaftVoter,
  updateFeatures,
} from '../protocol/index.ts';
import type { Disk } from '../runtime.ts';
import { type Cluster, createNodeRuntime, type RunningBroker, serve, startCluster } from './index.ts';
import { freePorts } from './start-cluster.ts';

const HOST = '127.0.0.1';
const CLUSTER_ID = 'dm90ZXJzLWluLXRoZS1sbw';
const runtime = createNodeRuntime();
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function channelTo({ port }: RunningBroker): Promise<Channel> {
  const channel = await openChannel({ runtime, host: HOST, port, clientId: 'voters', connectTimeoutMs: 5000 });
  closing.unshift(async () => channel.close());
  return channel;
}

/** Who votes and who only reads, with their directories and where they are. */
async function quorum(channel: Channel): Promise<{ voters: string[]; observers: number[]; nodes: string[] }> {
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const { topics: described, nodes } = await channel.request(describeQuorum, 2, { topics }, 5000);
  const { currentVoters, observers } = described[0]!.partitions[0]!;
  return {
    voters: currentVoters.map(({ replicaId, replicaDirectoryId }) => `${replicaId} ${replicaDirectoryId}`),
    observers: observers.map(({ replicaId }) => replicaId),
    nodes: nodes.map(({ nodeId, listeners }) => `${nodeId} ${listeners.map(({ port }) => port).join()}`),
  };
}

function directoryOf({ broker }: RunningBroker): string {
  return broker.metadataNode.quorum.self.directoryId;
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('not within 15 s');
    await runtime.timers.sleep(20);
  }
}

test('one controller that was formatted as such takes in two more, one of which gets a new disk (KIP-853)', async () => {
  const ports = await freePorts(3);
  const node = async (nodeId: number, disk: Disk): Promise<RunningBroker> => {
    const running = await serve({
      nodeId,
      clusterId: CLUSTER_ID,
      logDirs: [`/kafka-${nodeId}`],
      disk,
      ...(nodeId === 1 ? { initialControllers: 'standalone' } : {}),
      config: {
        listeners: `PLAINTEXT://${HOST}:0,CONTROLLER://${HOST}:${ports[nodeId - 1]}`,
        'controller.quorum.bootstrap.servers': `${HOST}:${ports[0]}`,
      },
    });
    closing.push(() => running.close({ leave: false }));
    return running;
  };
  const one = await node(1, createMemoryDisk());
  const two = await node(2, createMemoryDisk());
  const three = await node(3, createMemoryDisk());
  // Asked at a broker that is not the active controller: it passes the request on.
  const channel = await channelTo(two);
  expect(await quorum(channel)).toEqual({
    voters: [`1 ${directoryOf(one)}`],
    observers: [2, 3],
    nodes: [`1 ${ports[0]}`],
  });
  const add = (running: RunningBroker, id: number) => {
    const listeners = [{ name: 'CONTROLLER', host: HOST, port: ports[id - 1]! }];
    const voter = { voterId: id, voterDirectoryId: directoryOf(running), listeners };
    return channel.request(addRaftVoter, 1, { clusterId: CLUSTER_ID, timeoutMs: 5000, ...voter }, 6000);
  };
  expect(await add(two, 2)).toMatchObject({ errorCode: ErrorCode.none });
  expect(await add(three, 3)).toMatchObject({ errorCode: ErrorCode.none });
  expect(await add(three, 3)).toMatchObject({
    errorCode: ErrorCode.duplicateVoter,
    errorMessage: `The voter id for ReplicaKey(id=3, directoryId=${directoryOf(three)}) is already part of the set of voters [${[
      one,
      two,
      three,
    ]
      .map((running, index) => `ReplicaKey(id=${index + 1}, directoryId=${directoryOf(running)})`)
      .join(', ')}].`,
  });

  const former = directoryOf(three);
  await three.close({ leave: false });
  const again = await node(3, createMemoryDisk());
  expect(directoryOf(again)).not.toBe(former);
  await eventually(async () => (await quorum(channel)).observers.includes(3));
  expect(await add(again, 3)).toMatchObject({ errorCode: ErrorCode.duplicateVoter });
  const request = { clusterId: CLUSTER_ID, voterId: 3, voterDirectoryId: former };
  expect(await channel.request(removeRaftVoter, 0, request, 6000)).toMatchObject({ errorCode: ErrorCode.none });
  expect(await add(again, 3)).toMatchObject({ errorCode: ErrorCode.none });
  expect(await quorum(channel)).toEqual({
    voters: [one, two, again].map((running, index) => `${index + 1} ${directoryOf(running)}`),
    // As with Kafka, who has fetched lately is told as an observer: the former directory.
    observers: [3],
    nodes: ports.map((port, index) => `${index + 1} ${port}`),
  });

  // The leader leaves: the others go on without it.
  const { leader } = one.broker.metadataNode.quorum;
  const leading = [one, two, again][leader.id - 1]!;
  const own = { clusterId: null, voterId: leader.id, voterDirectoryId: directoryOf(leading) };
  expect(await channel.request(removeRaftVoter, 0, own, 6000)).toMatchObject({ errorCode: ErrorCode.none });
  await eventually(async () => (await quorum(channel)).observers.includes(leader.id));
  expect((await quorum(channel)).voters).toHaveLength(2);
}, 60_000);

test('voters of the configuration change once kraft.version is 1, and not before', async () => {
  const cluster: Cluster = await startCluster({ brokers: 3 });
  closing.push(() => cluster.close());
  const channel = await channelTo(cluster.brokers[0]!);
  const third = { voterId: 3, voterDirectoryId: directoryOf(cluster.brokers[2]!) };
  const remove = () => channel.request(removeRaftVoter, 0, { clusterId: null, ...third }, 6000);
  expect(await remove()).toMatchObject({
    errorCode: ErrorCode.unsupportedVersion,
    errorMessage: "Cluster doesn't support removing voter because the kraft.version feature is 0",
  });
  const raise = (maxVersionLevel: number, upgradeType: number, validateOnly: boolean) => {
    const featureUpdates = [{ feature: 'kraft.version', maxVersionLevel, upgradeType }];
    return channel.request(updateFeatures, 2, { timeoutMs: 5000, featureUpdates, validateOnly }, 6000);
  };
  expect(await raise(1, 1, true)).toMatchObject({ errorCode: ErrorCode.none });
  expect((await quorum(channel)).voters.every((voter) => voter.endsWith('AAAAAAAAAAAAAAAAAAAAAA'))).toBe(true);
  expect(await raise(1, 1, false)).toMatchObject({ errorCode: ErrorCode.none });
  const { voters } = await quorum(channel);
  expect(voters).toEqual(cluster.brokers.map((running, index) => `${index + 1} ${directoryOf(running)}`));
  const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
  const { finalizedFeatures } = await channel.request(apiVersions, 4, software, 5000);
  expect(finalizedFeatures).toContainEqual(
    expect.objectContaining({ name: 'kraft.version', minVersionLevel: 1, maxVersionLevel: 1 }),
  );
  expect(await raise(0, 2, false)).toMatchObject({
    errorCode: ErrorCode.invalidUpdateVersion,
    errorMessage:
      "The update failed for all features since the following feature had an error: Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature.",
  });
  expect(await remove()).toMatchObject({ errorCode: ErrorCode.none });
  expect((await quorum(channel)).voters).toEqual(voters.slice(0, 2));
}, 60_000);
