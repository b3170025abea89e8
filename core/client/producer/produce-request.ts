import { type ProduceRequestDraft, type ProduceResponse, produce, ZERO_UUID } from '../../protocol/index.ts';
import type { Channel } from '../channel.ts';
import type { MetadataCache } from '../metadata.ts';
import type { ProducerBatch } from './batch.ts';
import type { ProducerConfig } from './config.ts';

/** The first Produce version that names topics by id (KIP-516), and the first that knows zstd (KIP-110). */
const FIRST_BY_TOPIC_ID = 13;
const FIRST_WITH_ZSTD = 7;
/** The last version whose broker leaves it to the client to add a partition to its transaction (KIP-890). */
const LAST_TO_ADDED_PARTITIONS = 11;

export type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number];

/** null when this broker cannot take these batches at all. */
export function produceVersion(
  channel: Channel,
  metadata: MetadataCache,
  config: ProducerConfig,
  batches: readonly ProducerBatch[],
  /** The client adds partitions to its transactions itself. */
  addsPartitions: boolean,
): number | null {
  const byId = batches.every(({ queue }) => (metadata.topic(queue.topic)?.id ?? ZERO_UUID) !== ZERO_UUID);
  const cap = addsPartitions ? LAST_TO_ADDED_PARTITIONS : byId ? undefined : FIRST_BY_TOPIC_ID - 1;
  const version = channel.version(produce, cap);
  return version !== null && config.compression === 'zstd' && version < FIRST_WITH_ZSTD ? null : version;
}

/** Batches of different partitions as one request. */
export function produceDraft(
  metadata: MetadataCache,
  config: ProducerConfig,
  batches: readonly ProducerBatch[],
): ProduceRequestDraft {
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const { queue, bytes } of batches) {
    const data = { index: queue.partition, records: bytes! };
    const known = topics.get(queue.topic);
    if (known === undefined) topics.set(queue.topic, [data]);
    else known.push(data);
  }
  const topicData = [...topics].map(([name, partitionData]) => ({
    name,
    topicId: metadata.topic(name)?.id ?? ZERO_UUID,
    partitionData,
  }));
  const { acks, transactionalId, values } = config;
  return { acks, timeoutMs: values['request.timeout.ms'], topicData, transactionalId };
}

/** What the response says of each batch; undefined where it says nothing. */
export function answersFor(
  batches: readonly ProducerBatch[],
  response: ProduceResponse,
  metadata: MetadataCache,
): (PartitionAnswer | undefined)[] {
  const answers = new Map<string, PartitionAnswer>();
  for (const topic of response.responses) {
    const name = topic.name !== '' ? topic.name : metadata.topicName(topic.topicId);
    for (const partition of topic.partitionResponses) answers.set(`${name} ${partition.index}`, partition);
  }
  return batches.map(({ queue }) => answers.get(`${queue.topic} ${queue.partition}`));
}
