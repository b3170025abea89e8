import type { BaseOptions, Producer } from '@platformatic/kafka';
import { ENVELOPE_HEADER } from '../../load/envelope.ts';
import { type ProducerSettings, producerSettings } from '../../settings.ts';
import { type Config, numbers } from './configs.ts';
import { messageOf, platformaticCode } from './errors.ts';
import { GatheredProducer, type LibraryProducer } from './gathered-producer.ts';
import { allFailed, type BatchEnd, type GatheredBatch } from './gatherer.ts';
import type { DriverOptions, LoadDriver } from './library.ts';
import { PlatformaticConsumer } from './platformatic-consumer.ts';

type Library = typeof import('@platformatic/kafka');

const HEADER_NAME = Buffer.from(ENVELOPE_HEADER);

/** @platformatic/kafka: what the file does not set stays its default. */
export function platformaticDriver(library: Library, options: DriverOptions): LoadDriver {
  const base = (clientId: string, config: Config): BaseOptions => ({
    clientId: config['client.id'] ?? clientId,
    bootstrapBrokers: [...options.bootstrap],
    ...numbers(config, {
      'request.timeout.ms': 'requestTimeout',
      'retry.backoff.ms': 'retryDelay',
      'metadata.max.age.ms': 'metadataMaxAge',
      retries: 'retries',
    }),
  });
  return {
    producer: (clientId, topics, config, outcomes) =>
      new GatheredProducer(
        new PlatformaticProducer(library, base(clientId, config), topics, config),
        options.runtime,
        topics.map(options.partitions),
        config,
        outcomes,
      ),
    consumer: (clientId, subscription, config, events) =>
      new PlatformaticConsumer(library, options, base(clientId, config), subscription, config, events),
  };
}

class PlatformaticProducer implements LibraryProducer {
  readonly #topics: readonly string[];
  readonly settings: ProducerSettings;
  readonly #client: Producer;

  constructor(library: Library, base: BaseOptions, topics: readonly string[], config: Config) {
    this.#topics = topics;
    const settings = producerSettings({ client: config, transaction: null });
    this.settings = settings;
    this.#client = new library.Producer({
      ...base,
      idempotent: settings.idempotent,
      acks: settings.acks,
      compression: settings.compression,
      ...(config['request.timeout.ms'] === undefined ? {} : { timeout: settings.requestTimeoutMs }),
    });
  }

  async start(): Promise<void> {
    await this.#client.metadata({ topics: [...this.#topics] });
  }

  end(): Promise<unknown> {
    return this.#client.close(true).catch(() => undefined);
  }

  async call(batches: readonly GatheredBatch[]): Promise<BatchEnd[]> {
    const messages = batches.flatMap(({ topic, partition, records }) =>
      records.map(({ key, value, header, timestampMs }) => ({
        topic: this.#topics[topic]!,
        partition,
        ...(key === null ? {} : { key }),
        value,
        timestamp: BigInt(Math.floor(timestampMs)),
        ...(header === null ? {} : { headers: new Map([[HEADER_NAME, header]]) }),
      })),
    );
    const { acks } = this.settings;
    try {
      const { offsets = [], unwritableNodes = [] } = await this.#client.send({ messages });
      return batches.map(({ topic, partition }) => {
        const name = this.#topics[topic]!;
        const answer = offsets.find((one) => one.topic === name && one.partition === partition);
        if (answer !== undefined) return { kind: 'acked', baseOffset: Number(answer.offset) };
        if (acks === 0 && unwritableNodes.length === 0) return { kind: 'acked', baseOffset: -1 };
        const message = `@platformatic/kafka told nothing of ${name}-${partition}`;
        return { kind: 'failed', errorCode: -1, definite: false, message };
      });
    } catch (error) {
      return allFailed(batches.length, platformaticCode(error), messageOf(error));
    }
  }
}
