import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Channel, openChannel } from '../../client/channel.ts';
import { type Cluster, createNodeRuntime, startCluster } from '../../node/index.ts';
import {
  addRaftVoter,
  describeCluster,
  describeQuorum,
  removeRaftVoter,
  updateRaftVoter,
  ZERO_UUID,
} from '../../protocol/index.ts';

/** What a controller answers to who speaks to it directly (KIP-919), as Kafka's tools with `--bootstrap-controller`. */
let cluster: Cluster;
const runtime = createNodeRuntime();
const channels: Channel[] = [];

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
});
afterAll(async () => {
  for (const channel of channels) channel.close();
  await cluster.close();
  runtime.close();
});

async function controller(id: number): Promise<Channel> {
  const { host, port } = cluster.brokers[0]!.broker.config.quorumVoters.find((voter) => voter.id === id)!;
  const channel = await openChannel({ runtime, host, port, clientId: 'test', connectTimeoutMs: 5000 });
  channels.push(channel);
  return channel;
}

/** Asks until it is so, at most so often; for what spreads in its own time. */
async function eventually<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let attempt = 0; attempt < 500 && !isSo(answer); attempt++) answer = await ask();
  return answer;
}

describe('DescribeCluster', () => {
  test('of a controller lists the controllers, and which of them is active', async () => {
    const { quorumVoters } = cluster.brokers[0]!.broker.config;
    const channel = await controller(2);
    const answer = await eventually(
      () => channel.request(describeCluster, 2, { endpointType: 2 }, 5000),
      ({ brokers, controllerId }) => brokers.length === 3 && controllerId !== -1,
    );
    expect(answer).toMatchObject({ errorCode: 0, endpointType: 2, clusterId: cluster.brokers[0]!.clusterId });
    expect(answer.brokers.map(({ brokerId, host, port }) => ({ id: brokerId, host, port }))).toEqual(quorumVoters);
    expect(answer.controllerId).toBe(cluster.brokers[0]!.broker.metadataNode.quorum.leader.id);
  });

  test('about brokers is refused by a controller', async () => {
    const channel = await controller(1);
    expect(await channel.request(describeCluster, 1, { endpointType: 1 }, 5000)).toMatchObject({ errorCode: 114 });
    expect(await channel.request(describeCluster, 2, { endpointType: 7 }, 5000)).toMatchObject({ errorCode: 115 });
    expect(await channel.request(describeCluster, 0, {}, 5000)).toMatchObject({ errorCode: 42 });
  });
});

test('DescribeQuorum names no directories of voters that were configured by id alone, as Kafka with kraft.version 0', async () => {
  const { leader } = cluster.brokers[0]!.broker.metadataNode.quorum;
  const channel = await controller(leader.id);
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const answer = await channel.request(describeQuorum, 2, { topics }, 5000);
  const { currentVoters } = answer.topics[0]!.partitions[0]!;
  expect(currentVoters.map(({ replicaId, replicaDirectoryId }) => [replicaId, replicaDirectoryId])).toEqual(
    [1, 2, 3].map((id) => [id, ZERO_UUID]),
  );
});

test('controllers offer to change their voters, whether they stand in the log or not (KIP-853)', async () => {
  const channel = await controller(3);
  for (const api of [addRaftVoter, removeRaftVoter, updateRaftVoter]) expect(channel.version(api)).not.toBe(null);
});
