/** Times the protocol codec on the messages of the hot path: `node scripts/bench/protocol.ts`. */
import { Bench } from 'tinybench';
import {
  type ApiSchema,
  decodeMessage,
  decodeRequestHead,
  decodeResponse,
  encodeRequestFrame,
  encodeResponseFrame,
  type FetchRequestDraft,
  type FetchResponseDraft,
  fetch,
  type MetadataResponseDraft,
  metadata,
  type ProduceRequestDraft,
  produce,
} from '../../core/protocol/index.ts';

const PARTITIONS = 100;
const TOPIC_ID = 'UwFBTmvcRMyTnKvxpUjnWQ';

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

function partitions<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const fetchResponse: FetchResponseDraft = {
  sessionId: 77,
  responses: [
    {
      topicId: TOPIC_ID,
      partitions: partitions(PARTITIONS, (index) => ({
        partitionIndex: index,
        highWatermark: 123_456_789 + index,
        lastStableOffset: 123_456_789 + index,
        logStartOffset: 5,
        abortedTransactions: null,
        records: new Uint8Array(4096),
      })),
    },
  ],
};
const fetchRequest: FetchRequestDraft = {
  maxWaitMs: 500,
  minBytes: 1,
  topics: [
    {
      topicId: TOPIC_ID,
      partitions: partitions(PARTITIONS, (index) => ({
        partition: index,
        currentLeaderEpoch: 3,
        fetchOffset: 123_456_789 + index,
        partitionMaxBytes: 1_048_576,
      })),
    },
  ],
};
const produceRequest: ProduceRequestDraft = {
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ topicId: TOPIC_ID, partitionData: [{ index: 3, records: new Uint8Array(16_384) }] }],
};
const metadataResponse: MetadataResponseDraft = {
  brokers: partitions(3, (nodeId) => ({ nodeId, host: `broker-${nodeId}.example.org`, port: 9092 })),
  topics: [
    {
      name: 'orders',
      topicId: TOPIC_ID,
      partitions: partitions(PARTITIONS, (partitionIndex) => ({
        partitionIndex,
        leaderId: partitionIndex % 3,
        leaderEpoch: 7,
        replicaNodes: [0, 1, 2],
        isrNodes: [0, 1, 2],
      })),
    },
  ],
};

const bench = new Bench({ time: 300 });

function request<A extends ApiSchema>(
  name: string,
  api: A,
  version: number,
  draft: Parameters<typeof encodeRequestFrame<A>>[4],
) {
  const frame = joined(encodeRequestFrame(api, version, 1, 'client', draft)).subarray(4);
  bench.add(`${name}, encode`, () => void encodeRequestFrame(api, version, 1, 'client', draft));
  bench.add(`${name}, decode`, () => {
    const head = decodeRequestHead(frame);
    if (head.kind === 'request') decodeMessage(head.api.request, head.version, frame, head.bodyAt);
  });
}

function response<A extends ApiSchema>(
  name: string,
  api: A,
  version: number,
  draft: Parameters<typeof encodeResponseFrame<A>>[3],
) {
  const frame = joined(encodeResponseFrame(api, version, 1, draft)).subarray(4);
  bench.add(`${name}, encode`, () => void encodeResponseFrame(api, version, 1, draft));
  bench.add(`${name}, decode`, () => void decodeResponse(api, version, frame));
}

request('Produce request v13, one batch of 16 KiB', produce, 13, produceRequest);
request(`Fetch request v18, ${PARTITIONS} partitions`, fetch, 18, fetchRequest);
response(`Fetch response v18, ${PARTITIONS} partitions of 4 KiB`, fetch, 18, fetchResponse);
response(`Metadata response v13, ${PARTITIONS} partitions`, metadata, 13, metadataResponse);

await bench.run();
for (const { name, result } of bench.tasks) {
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
  const { p50, p99 } = result.latency;
  console.log(
    `${name.padEnd(56)} ${(p50 * 1000).toFixed(2).padStart(8)} µs median ${(p99 * 1000).toFixed(2).padStart(8)} µs p99`,
  );
}
