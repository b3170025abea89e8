import type { Admin, Consumer, ConsumerConfig, EachBatchPayload, Kafka, KafkaConfig, Producer } from 'kafkajs';
import { bounded } from '../../../core/bounded.ts';
import type { Runtime } from '../../../core/runtime.ts';
import type {
  CommitOffset,
  ConsumerDriver,
  ConsumerEvents,
  ConsumerSubscription,
  PolledBatch,
  TopicPartition,
} from '../../actors/driver.ts';
import { ENVELOPE_HEADER } from '../../load/envelope.ts';
import { consumerSettings, type ProducerSettings, producerSettings } from '../../settings.ts';
import { numbers } from './configs.ts';
import { GatheredProducer, type LibraryProducer } from './gathered-producer.ts';
import { allFailed, type BatchEnd, type GatheredBatch } from './gatherer.ts';
import type { DriverOptions, LoadDriver } from './library.ts';
import { Reading, type ReadRecord } from './reading.ts';
import { Waiter } from './waiter.ts';

type Library = typeof import('kafkajs');
type Config = { readonly [name: string]: string };

const ANSWER_MS = 10_000;
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
      return allFailed(batches.length, codeOf(error), messageOf(error));
    }
  }
}

/** A batch that kafkajs has handed over; it fetches on when the callback ends. */
interface Handed {
  readonly payload: EachBatchPayload;
  /** `read`: the application has processed it. */
  readonly end: (read: boolean) => void;
}

class KafkaJsConsumer implements ConsumerDriver {
  readonly #runtime: Runtime;
  readonly #client: Consumer;
  readonly #admin: Admin;
  readonly #subscription: ConsumerSubscription;
  readonly #events: ConsumerEvents;
  readonly #fromBeginning: boolean;
  readonly #reading: Reading;
  readonly #waiter: Waiter;
  #state: 'new' | 'running' | 'crashed' | 'closed' = 'new';
  #crash: Error | null = null;
  #adminConnected: Promise<void> | null = null;
  #owned: readonly TopicPartition[] = [];
  #handed: Handed | null = null;
  /** Polled, and perhaps still being processed: it ends with the next poll. */
  #polled: Handed | null = null;
  #paused = false;
  /** Commits that kafkajs has told to have succeeded. */
  #commitsTold = 0;

  constructor(
    { runtime }: DriverOptions,
    kafka: Kafka,
    subscription: ConsumerSubscription,
    config: Config,
    events: ConsumerEvents,
  ) {
    const settings = consumerSettings({ client: config });
    this.#runtime = runtime;
    this.#waiter = new Waiter(runtime.timers);
    this.#subscription = subscription;
    this.#events = events;
    this.#fromBeginning = settings.offsetReset === 'earliest';
    const options: ConsumerConfig = {
      groupId: subscription.group!,
      readUncommitted: settings.isolation === 'read_uncommitted',
      allowAutoTopicCreation: false,
      ...numbers(config, {
        'session.timeout.ms': 'sessionTimeout',
        'max.poll.interval.ms': 'rebalanceTimeout',
        'heartbeat.interval.ms': 'heartbeatInterval',
        'fetch.min.bytes': 'minBytes',
        'fetch.max.bytes': 'maxBytes',
        'fetch.max.wait.ms': 'maxWaitTimeInMs',
        'max.partition.fetch.bytes': 'maxBytesPerPartition',
        'metadata.max.age.ms': 'metadataMaxAge',
      }),
      ...(settings.clientRack === null ? {} : { rackId: settings.clientRack }),
    };
    this.#client = kafka.consumer(options);
    this.#admin = kafka.admin();
    // kafkajs does not tell the generation of a group.
    this.#reading = new Reading((topic, partition) => events.assigned([{ topic, partition }], -1));
    const { GROUP_JOIN, REBALANCING, CRASH, COMMIT_OFFSETS } = this.#client.events;
    this.#client.on(GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment));
    this.#client.on(REBALANCING, () => this.#lose());
    this.#client.on(COMMIT_OFFSETS, () => {
      this.#commitsTold++;
    });
    this.#client.on(CRASH, ({ payload }) => {
      this.#lose();
      // What it takes for worth repeating it repeats itself.
      if (payload.restart) return;
      this.#crash = payload.error;
      this.#state = 'crashed';
      this.#waiter.wake();
    });
  }

  async start(): Promise<void> {
    await this.#client.connect();
    await this.#client.subscribe({ topics: [...this.#subscription.topics], fromBeginning: this.#fromBeginning });
  }

  async poll(maxWaitMs: number): Promise<readonly PolledBatch[]> {
    this.#polled?.end(true);
    this.#polled = null;
    if (this.#crash !== null) {
      const crash = this.#crash;
      this.#crash = null;
      throw crash;
    }
    if (this.#state === 'new' || this.#state === 'crashed') await this.#run();
    if (this.#reading.isEmpty && this.#handed === null) await this.#waiter.wait(maxWaitMs);
    if (this.#reading.isEmpty && this.#handed !== null && !this.#paused) {
      const handed = this.#handed;
      this.#handed = null;
      this.#polled = handed;
      const { batch } = handed.payload;
      const records = batch.messages.map((message) => readRecord(message));
      this.#reading.add(batch.topic, batch.partition, records, Number(batch.lastOffset()) + 1);
    }
    return this.#reading.poll();
  }

  async commit(
    offsets: readonly CommitOffset[],
  ): Promise<readonly { readonly errorCode: number; readonly definite: boolean }[]> {
    const told = this.#commitsTold;
    let errorCode = -1;
    try {
      const commit = this.#client.commitOffsets(
        offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
      );
      await bounded(this.#runtime.timers, commit, ANSWER_MS, undefined);
      // It resolves as well when it has not committed, because it was about to stop.
      if (this.#commitsTold > told) errorCode = 0;
    } catch (error) {
      errorCode = codeOf(error);
    }
    // A refusal may follow an attempt that was carried out: kafkajs repeats without saying so.
    return offsets.map(() => ({ errorCode, definite: errorCode === 0 }));
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly number[] | null> {
    try {
      const topics = [...new Set(partitions.map(({ topic }) => topic))];
      const found = await bounded(this.#runtime.timers, this.#fetchOffsets(topics), ANSWER_MS, null);
      if (found === null) return null;
      return partitions.map(({ topic, partition }) => {
        const all = found.find((one) => one.topic === topic)?.partitions;
        return Number(all?.find((one) => one.partition === partition)?.offset ?? -1);
      });
    } catch {
      return null;
    }
  }

  pause(): void {
    this.#paused = true;
    this.#client.pause(this.#subscription.topics.map((topic) => ({ topic })));
    // A batch that nobody takes would hold up heartbeats: kafkajs fetches it again.
    this.#handed?.end(false);
    this.#handed = null;
  }

  resume(): void {
    this.#paused = false;
    this.#client.resume(this.#subscription.topics.map((topic) => ({ topic })));
  }

  async close(timeoutMs: number): Promise<void> {
    this.#state = 'closed';
    this.#polled?.end(true);
    this.#handed?.end(false);
    this.#polled = null;
    this.#handed = null;
    const gone = Promise.allSettled([this.#client.disconnect(), this.#admin.disconnect()]);
    await bounded(this.#runtime.timers, gone, timeoutMs, undefined);
  }

  async #run(): Promise<void> {
    if (this.#state === 'crashed') await this.start();
    this.#state = 'running';
    this.#client
      .run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => this.#take(payload) })
      .catch((error: unknown) => {
        this.#crash = error instanceof Error ? error : new Error(String(error));
        this.#state = 'crashed';
        this.#waiter.wake();
      });
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    if (this.#state !== 'running' || this.#paused) return;
    const read = await new Promise<boolean>((resolve) => {
      this.#handed = { payload, end: resolve };
      this.#waiter.wake();
    });
    if (read) payload.resolveOffset(payload.batch.messages.at(-1)!.offset);
  }

  #joined(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#lose();
    this.#reading.forget();
    this.#owned = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#events.assigned(this.#owned, -1);
    if (this.#paused) this.pause();
  }

  /** kafkajs tells of a rebalance when it joins again, which is too late to commit. */
  #lose(): void {
    this.#reading.forget();
    if (this.#owned.length > 0) this.#events.lost(this.#owned, -1);
    this.#owned = [];
  }

  async #fetchOffsets(topics: string[]): ReturnType<Admin['fetchOffsets']> {
    this.#adminConnected ??= this.#admin.connect();
    await this.#adminConnected;
    return this.#admin.fetchOffsets({ groupId: this.#subscription.group!, topics });
  }
}

function readRecord({ offset, value, headers }: EachBatchPayload['batch']['messages'][number]): ReadRecord {
  return {
    offset: Number(offset),
    value,
    header(name) {
      const found = headers?.[name];
      const first = Array.isArray(found) ? found[0] : found;
      return first === undefined ? null : typeof first === 'string' ? Buffer.from(first) : first;
    },
  };
}

/** Kafka's code, where the error or what it was caused by has one; -1 otherwise. */
function codeOf(error: unknown): number {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'number' && code !== 0) return code;
  }
  return -1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
