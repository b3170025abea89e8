import { expect, test } from 'vitest';
import { nodeCodecs as codecs } from '../node/index.ts';
import { apiVersions, fetch, listOffsets, produce } from '../protocol/index.ts';
import { decodeBatch } from '../records/index.ts';
import { batch, brokerWorld } from './testing/world.ts';

const produceOne = (records: Uint8Array, topic = 't', acks = -1) => ({
  acks,
  timeoutMs: 1000,
  topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
});
const fetchOne = (fetchOffset: number, more: object = {}) => ({
  maxWaitMs: 500,
  minBytes: 1,
  sessionEpoch: -1,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
  ...more,
});

test('a batch is produced, found and fetched', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t');
  const client = world.connect();
  const versions = await client.request(apiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' });
  expect(versions.apiKeys.map(({ apiKey }) => apiKey)).toEqual(expect.arrayContaining([0, 1, 2, 18, 21, 22, 23, 61]));
  const produced = await client.request(produce, 9, produceOne(batch(codecs, ['a', 'b'])));
  expect(produced.responses[0]!.partitionResponses[0]).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
    logStartOffset: 0,
  });
  const offsets = await client.request(listOffsets, 7, {
    replicaId: -1,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  expect(offsets.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset: 2, leaderEpoch: 0 });
  const fetched = await client.request(fetch, 12, fetchOne(0));
  const partition = fetched.responses[0]!.partitions[0]!;
  expect(partition).toMatchObject({ errorCode: 0, highWatermark: 2, lastStableOffset: 2 });
  const decoded = decodeBatch(partition.records!, 0, codecs);
  expect(decoded.kind === 'records' && decoded.records.map(({ value }) => Buffer.from(value!).toString())).toEqual([
    'a',
    'b',
  ]);
});
