import type { Kafka, KafkaConfig, Producer } from 'kafkajs';
import { ENVELOPE_HEADER } from '../../load/envelope.ts';
import { type ProducerSettings, producerSettings } from '../../settings.ts';
import { type Config, numbers } from './configs.ts';
import { kafkaJsCode, messageOf } from './errors.ts';
import { GatheredProducer, type LibraryProducer } from './gathered-producer.ts';
import { allFailed, type BatchEnd, type GatheredBatch } from './gatherer.ts';
import { KafkaJsConsumer } from './kafkajs-consumer.ts';
import type { DriverOptions, LoadDriver } from './library.ts';

type Library = typeof import('kafkajs');

/** sendMessages.js takes the numbers back whenever a request has failed, written or not. */
const REUSED =
  'kafkajs gave up a call of an idempotent producer and uses its sequence numbers again: records that follow may be taken for duplicates of those, acknowledged and lost';

/** kafkajs: what it has no setting for was refused with the workload, and what the file does not set stays its default. */
export function kafkaJsDriver(module: Library | { default: Library }, options: DriverOptions): LoadDriver {
  const library = 'default' in module ? module.default : module;
  return {
    producer: (clientId, topics, config, outcomes) =>
      new GatheredProducer(
        new KafkaJsProducer(library, options, client(library, options, clientId, config), topics, config),
        options.runtime,
        topics.map(options.partitions),
        config,
        outcomes,
      ),
    consumer: (clientId, subscription, config, events) =>
      new KafkaJsConsumer(options, client(library, options, clientId, config), subscription, config, events),
  };
}

function client(library: Library, { bootstrap }: DriverOptions, clientId: string, config: Config): Kafka {
  const settings: KafkaConfig = {
    clientId: config['client.id'] ?? clientId,
    brokers: [...bootstrap],
    logLevel: library.logLevel.NOTHING,
    ...numbers(config, { 'request.timeout.ms': 'requestTimeout' }),
    retry: retryOf(config),
  };
  return new library.Kafka(settings);
}

function retryOf(config: Config): NonNullable<KafkaConfig['retry']> {
  return numbers(config, {
    retries: 'retries',
    'retry.backoff.ms': 'initialRetryTime',
    'retry.backoff.max.ms': 'maxRetryTime',
  });
}

class KafkaJsProducer implements LibraryProducer {
  readonly #library: Library;
  readonly #topics: readonly string[];
  readonly settings: ProducerSettings;
  readonly #requestTimeoutMs: number | undefined;
  readonly #client: Producer;
  readonly #problem: (text: string) => void;

  constructor(library: Library, { problem }: DriverOptions, kafka: Kafka, topics: readonly string[], config: Config) {
    this.#problem = problem;
    this.#library = library;
    this.#topics = topics;
    const settings = producerSettings({ client: config, transaction: null });
    this.settings = settings;
    this.#requestTimeoutMs = config['request.timeout.ms'] === undefined ? undefined : settings.requestTimeoutMs;
    this.#client = kafka.producer({
      idempotent: settings.idempotent,
      allowAutoTopicCreation: false,
      createPartitioner: library.Partitioners.DefaultPartitioner,
      ...numbers(config, { 'metadata.max.age.ms': 'metadataMaxAge' }),
    });
  }

  start(): Promise<void> {
    return this.#client.connect();
  }

  end(): Promise<unknown> {
    return this.#client.disconnect();
  }

  async call(batches: readonly GatheredBatch[]): Promise<BatchEnd[]> {
    const { CompressionTypes } = this.#library;
    const { acks, compression } = this.settings;
    const topicMessages = batches.map(({ topic, partition, records }) => ({
      topic: this.#topics[topic]!,
      messages: records.map(({ key, value, header, timestampMs }) => ({
        key,
        value,
        partition,
        timestamp: String(timestampMs),
        ...(header === null ? {} : { headers: { [ENVELOPE_HEADER]: header } }),
      })),
    }));
    try {
      const answers = await this.#client.sendBatch({
        acks,
        compression: compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
        topicMessages,
        ...(this.#requestTimeoutMs === undefined ? {} : { timeout: this.#requestTimeoutMs }),
      });
      return batches.map(({ topic, partition }) => {
        const name = this.#topics[topic]!;
        const answer = answers.find((one) => one.topicName === name && one.partition === partition);
        const offset = answer?.baseOffset ?? answer?.offset;
        if (offset !== undefined) return { kind: 'acked', baseOffset: Number(offset) };
        if (acks === 0) return { kind: 'acked', baseOffset: -1 };
        return {
          kind: 'failed',
          errorCode: -1,
          definite: false,
          message: `kafkajs told nothing of ${name}-${partition}`,
        };
      });
    } catch (error) {
      if (this.settings.idempotent) this.#problem(REUSED);
      return allFailed(batches.length, kafkaJsCode(error), messageOf(error));
    }
  }
}
