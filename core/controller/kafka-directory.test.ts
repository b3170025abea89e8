import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BrokerConfig } from '../config/index.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { createNodeRuntime } from '../node/index.ts';
import {
  brokerHeartbeat,
  brokerRegistration,
  createTopics,
  decodeMessage,
  describeQuorum,
  snapshotHeaderRecord,
} from '../protocol/index.ts';
import { RaftQuorum } from '../quorum/index.ts';
import { encodeControlRecords, leaderChangeControl } from '../quorum/metadata-batches.ts';
import { decodeSnapshot, encodeSnapshot } from '../quorum/snapshot.ts';
import { voterNode, votersRecordOf } from '../quorum/voter-set.ts';
import { batchMaxTimestamp, batchSize } from '../records/index.ts';
import type { Disk } from '../runtime.ts';
import { openMetadataNode } from './metadata-node.ts';
import { registration, SingleNode } from './testing/single-node.ts';

const directory = '/data/__cluster_metadata-0';

function put(disk: Disk, path: string, fixture: string): void {
  const file = disk.open(path, { create: true });
  file.write(0, [new Uint8Array(readFileSync(new URL(`fixtures/${fixture}`, import.meta.url)))]);
  file.close();
}

function kafkaDisk(): Disk {
  const disk = createMemoryDisk();
  disk.makeDirectory(directory);
  return disk;
}

async function open(disk: Disk): Promise<SingleNode> {
  return await SingleNode.start(createNodeRuntime({ disk, randomSeed: 'kafka' }), {
    clusterId: '4L6g3nShT-eMCtK--X86sw',
  });
}

test("Kafka's own metadata log is replayed whole, and led in a higher epoch", async () => {
  const disk = kafkaDisk();
  put(disk, `${directory}/00000000000000000000.log`, 'kafka-metadata.log');
  put(disk, `${directory}/quorum-state`, 'kafka-quorum-state');
  put(disk, '/data/bootstrap.checkpoint', 'kafka-bootstrap.checkpoint');
  const node = await open(disk);
  const { image } = node.replica;
  expect(node.node.quorum.leader).toEqual({ id: 1, epoch: 2 });
  expect([...image.topicsByName.keys()].sort()).toEqual([
    '__consumer_offsets',
    '__transaction_state',
    'compacted',
    'plain',
    'txn',
  ]);
  expect(image.topicsByName.get('plain')).toMatchObject({ id: '0Su8gR62TPOdIpdMbIj0GA' });
  expect(image.topicsByName.get('plain')?.partitions).toHaveLength(2);
  expect(image.configs('topic', 'plain').get('segment.ms')).toBe('1500');
  expect(image.brokers.get(1)).toMatchObject({ epoch: 11, incarnationId: 'wNctrtNZTNGPQ0Ok6PKCXA' });
  expect(image.features.get('metadata.version')).toBe(30);
  expect(image.nextProducerId).toBe(1000);
  await node.close();
});

const standalone = {
  clusterId: 'CCCCCCCCCCCCCCCCCCCCCg',
  directoryId: 'XW6lwB8UQ9yAU4_m9HK1lA',
  settings: { 'controller.quorum.bootstrap.servers': 'localhost:19983' },
};
const CHECKPOINT = '00000000000000000000-0000000000.checkpoint';

/** A directory that `kafka-storage format --standalone` made, and perhaps a Kafka ran on. */
function standaloneDisk(hasRun: boolean): Disk {
  const disk = kafkaDisk();
  put(disk, `${directory}/${CHECKPOINT}`, `kafka-standalone-${CHECKPOINT}`);
  if (hasRun) put(disk, `${directory}/00000000000000000000.log`, 'kafka-standalone-metadata.log');
  return disk;
}

describe('a directory that Kafka formatted with --standalone (KIP-853)', () => {
  test.each([false, true])('says who votes, whether a Kafka ran on it or not (%s)', async (hasRun) => {
    const disk = standaloneDisk(hasRun);
    for (let life = 1; life <= 2; life++) {
      const node = await SingleNode.start(createNodeRuntime({ disk, randomSeed: 'kafka' }), standalone);
      const { quorum } = node.node;
      expect(quorum.leader).toEqual({ id: 1, epoch: hasRun ? life + 1 : life });
      expect(quorum.kraftVersion).toBe(1);
      const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 19983 }];
      expect(quorum.describe().voters).toMatchObject([{ id: 1, directoryId: standalone.directoryId, endpoints }]);
      const described = await node.ask(describeQuorum, {
        topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
      });
      expect(described.nodes).toEqual([{ nodeId: 1, listeners: endpoints }]);
      await node.close();
    }
    // Written once, behind the record that began the first epoch: with Kafka's own bytes it was there already.
    const log = await RaftQuorum.open({
      runtime: createNodeRuntime({ disk, randomSeed: 'kafka' }),
      config: BrokerConfig.parse({
        'node.id': '2',
        'process.roles': 'broker',
        'log.dirs': '/data',
        listeners: 'PLAINTEXT://localhost:0',
        'controller.quorum.bootstrap.servers': 'localhost:1',
      }),
      directoryId: standalone.directoryId,
      listener: { committed() {}, snapshotLoaded() {}, leaderChanged() {} },
    });
    expect(log.history.inLog).toMatchObject({ offset: 2 });
    expect(log.log.controlAtStart.filter(({ kind }) => kind === 'voters')).toHaveLength(1);
    await log.close();
  });

  test('another directory is no voter, and leads nothing', async () => {
    const disk = standaloneDisk(true);
    const node = await openMetadataNode({
      runtime: createNodeRuntime({ disk, randomSeed: 'kafka' }),
      config: SingleNode.config(standalone.settings),
      clusterId: standalone.clusterId,
      directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    });
    expect(await node.ready(300)).toBe(false);
    expect(node.quorum.election.isVoter).toBe(false);
    await node.close();
  });

  test('what is formatted here is to the byte what Kafka formatted', async () => {
    const formatted = new Uint8Array(readFileSync(new URL(`fixtures/kafka-standalone-${CHECKPOINT}`, import.meta.url)));
    const { control } = decodeSnapshot(formatted, nodeCodecs)!;
    const header = control[0]!;
    if (header.kind !== 'snapshotHeader') throw new Error('no header');
    const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 19983 }];
    const voter = voterNode({ id: 1, directoryId: standalone.directoryId }, endpoints, 'CONTROLLER');
    const ours = encodeSnapshot(
      {
        id: { endOffset: 0, epoch: 0 },
        records: [],
        kraftVersion: 1,
        voters: votersRecordOf([voter]),
        lastTimestampMs: decodeMessage(snapshotHeaderRecord, 0, header.value).lastContainedLogTimestamp,
        nowMs: batchMaxTimestamp(formatted, 0),
      },
      nodeCodecs,
    );
    const size = batchSize(formatted, 0);
    // Kafka took the time anew for the batch of the footer.
    expect(Buffer.from(ours.subarray(0, size)).toString('hex')).toBe(
      Buffer.from(formatted.subarray(0, size)).toString('hex'),
    );
    expect(ours.length).toBe(formatted.length);
  });
});

test('a snapshot that Kafka wrote stands for the log before it', async () => {
  const disk = kafkaDisk();
  put(
    disk,
    `${directory}/00000000000000000284-0000000004.checkpoint`,
    'kafka-00000000000000000284-0000000004.checkpoint',
  );
  put(disk, `${directory}/00000000000000000299-0000000004.checkpoint.part`, 'kafka-bootstrap.checkpoint');
  const node = await open(disk);
  const { image } = node.replica;
  expect(node.node.quorum.leader.epoch).toBeGreaterThan(4);
  expect(node.node.quorum.log.startOffset).toBe(284);
  expect(image.topicsByName.get('hello')?.partitions).toHaveLength(3);
  expect(disk.list(directory).some((name) => name.endsWith('.part'))).toBe(false);
  await node.close();
});

test('a new cluster starts with the features that it was formatted with', async () => {
  const disk = kafkaDisk();
  put(disk, '/data/bootstrap.checkpoint', 'kafka-bootstrap.checkpoint');
  const node = await open(disk);
  expect(node.replica.image.features.get('transaction.version')).toBe(2);
  expect(node.replica.image.configs('broker', '').get('min.insync.replicas')).toBe('1');
  await node.close();
});

test('a damaged snapshot, or a log without its beginning, does not pass for a cluster', async () => {
  const disk = kafkaDisk();
  const path = `${directory}/00000000000000000284-0000000004.checkpoint`;
  put(disk, path, 'kafka-00000000000000000284-0000000004.checkpoint');
  const file = disk.open(path);
  file.write(500, [Uint8Array.of(1, 2, 3, 4)]);
  file.close();
  await expect(open(disk)).rejects.toThrow('is damaged');
  disk.unlink(path);
  await expect(open(disk)).rejects.toThrow('no snapshot covers');
});

test('what is not a quorum state is no vote that could be forgotten', async () => {
  const disk = kafkaDisk();
  put(disk, `${directory}/quorum-state`, 'kafka-bootstrap.checkpoint');
  await expect(open(disk)).rejects.toThrow('is not a quorum state');
});

test('snapshots of its own replace the log, and lose nothing', async () => {
  const runtime = createNodeRuntime({ disk: createMemoryDisk(), randomSeed: 'snapshots' });
  const settings = { 'metadata.log.max.record.bytes.between.snapshots': '500', 'metadata.max.retention.bytes': '3000' };
  const node = await SingleNode.start(runtime, { settings });
  const { brokerEpoch } = await node.ask(brokerRegistration, registration(1));
  const currentMetadataOffset = node.replica.image.endOffset;
  await node.ask(brokerHeartbeat, { brokerId: 1, brokerEpoch, currentMetadataOffset });
  for (let count = 0; count < 30; count++) {
    await node.ask(createTopics, { topics: [{ name: `t${count}`, numPartitions: 2, replicationFactor: 1 }] });
  }
  const before = node.replica.image.fingerprint();
  expect(node.node.quorum.log.startOffset).toBeGreaterThan(0);
  await node.close();
  const again = await SingleNode.start(runtime, { settings });
  expect(again.node.quorum.log.snapshots.length).toBeGreaterThan(0);
  const sameController = (text: string): string => text.replace(/"incarnationId":"[^"]+"/g, '');
  expect(sameController(again.replica.image.fingerprint())).toBe(sameController(before));
  await again.close();
});

test("the record that begins an epoch is Kafka's, byte for byte", () => {
  const log = new Uint8Array(readFileSync(new URL('fixtures/kafka-metadata.log', import.meta.url)));
  const first = log.subarray(0, batchSize(log, 0));
  const ours = encodeControlRecords(
    [leaderChangeControl({ leaderId: 1, voters: [{ id: 1 }], granting: [{ id: 1 }] })],
    { baseOffset: 0, epoch: 1, nowMs: batchMaxTimestamp(log, 0) },
    nodeCodecs,
  );
  expect(Buffer.from(ours).toString('hex')).toBe(Buffer.from(first).toString('hex'));
});
