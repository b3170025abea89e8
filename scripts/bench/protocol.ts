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

export interface CodecTime {
  readonly name: string;
  readonly medianUs: number;
  readonly p99Us: number;
}

/** Encodes and decodes each message for `timeMs`. */
export async function timeProtocol(timeMs = 300): Promise<CodecTime[]> {
  const bench = new Bench({ time: timeMs });
  request(bench, 'Produce request v13, one batch of 16 KiB', produce, 13, produceRequest);
  request(bench, `Fetch request v18, ${PARTITIONS} partitions`, fetch, 18, fetchRequest);
  response(bench, `Fetch response v18, ${PARTITIONS} partitions of 4 KiB`, fetch, 18, fetchResponse);
  response(bench, `Metadata response v13, ${PARTITIONS} partitions`, metadata, 13, metadataResponse);
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
    return { name, medianUs: result.latency.p50 * 1000, p99Us: result.latency.p99 * 1000 };
  });
}

function request<A extends ApiSchema>(
  bench: Bench,
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
  bench: Bench,
  name: string,
  api: A,
  version: number,
  draft: Parameters<typeof encodeResponseFrame<A>>[3],
) {
  const frame = joined(encodeResponseFrame(api, version, 1, draft)).subarray(4);
  bench.add(`${name}, encode`, () => void encodeResponseFrame(api, version, 1, draft));
  bench.add(`${name}, decode`, () => void decodeResponse(api, version, frame));
}

if (import.meta.main) {
  for (const { name, medianUs, p99Us } of await timeProtocol()) {
    console.log(
      `${name.padEnd(56)} ${medianUs.toFixed(2).padStart(8)} µs median ${p99Us.toFixed(2).padStart(8)} µs p99`,
    );
  }
}
