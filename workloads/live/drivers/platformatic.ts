import type { BaseOptions, Consumer, Message, MessagesStream, Producer } from '@platformatic/kafka';
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
import { type ConsumerSettings, consumerSettings, type ProducerSettings, producerSettings } from '../../settings.ts';
import { numbers } from './configs.ts';
import { GatheredProducer, type LibraryProducer } from './gathered-producer.ts';
import { allFailed, type BatchEnd, type GatheredBatch } from './gatherer.ts';
import type { DriverOptions, LoadDriver } from './library.ts';
import { Reading, type ReadRecord } from './reading.ts';
import { Waiter } from './waiter.ts';

type Library = typeof import('@platformatic/kafka');
type Config = { readonly [name: string]: string };

const ANSWER_MS = 10_000;
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
      return allFailed(batches.length, codeOf(error), messageOf(error));
    }
  }
}

class PlatformaticConsumer implements ConsumerDriver {
  readonly #runtime: Runtime;
  readonly #client: Consumer;
  readonly #subscription: ConsumerSubscription;
  readonly #settings: ConsumerSettings;
  readonly #events: ConsumerEvents;
  readonly #reading: Reading;
  readonly #waiter: Waiter;
  #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> | null = null;
  #opening = false;
  #failure: Error | null = null;
  #owned: readonly TopicPartition[] = [];
  /** Between a rebalance and the join that ends it nothing is read: it might belong to somebody else. */
  #joined = false;
  #generation = -1;
  readonly #epochs = new Map<string, number>();
  #paused = false;
  #closed = false;

  constructor(
    library: Library,
    { runtime }: DriverOptions,
    base: BaseOptions,
    subscription: ConsumerSubscription,
    config: Config,
    events: ConsumerEvents,
  ) {
    this.#runtime = runtime;
    this.#waiter = new Waiter(runtime.timers);
    this.#subscription = subscription;
    this.#events = events;
    const settings = consumerSettings({ client: config });
    this.#settings = settings;
    const { READ_COMMITTED, READ_UNCOMMITTED } = library.FetchIsolationLevels;
    this.#client = new library.Consumer({
      ...base,
      groupId: subscription.group!,
      autocommit: false,
      isolationLevel: settings.isolation === 'read_committed' ? READ_COMMITTED : READ_UNCOMMITTED,
      ...numbers(config, {
        'session.timeout.ms': 'sessionTimeout',
        'max.poll.interval.ms': 'rebalanceTimeout',
        'heartbeat.interval.ms': 'heartbeatInterval',
        'fetch.min.bytes': 'minBytes',
        'fetch.max.bytes': 'maxBytes',
        'fetch.max.wait.ms': 'maxWaitTime',
        'max.partition.fetch.bytes': 'maxBytesPerPartition',
      }),
      ...(settings.clientRack === null ? {} : { clientRack: settings.clientRack }),
    });
    this.#reading = new Reading((topic, partition) => events.assigned([{ topic, partition }], this.#generation));
    this.#client.on('consumer:group:rebalance', () => this.#lose());
    this.#client.on('consumer:group:join', ({ generationId, assignments }) => {
      this.#lose();
      this.#generation = generationId ?? -1;
      this.#owned = (assignments ?? []).flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.#joined = true;
      this.#events.assigned(this.#owned, this.#generation);
    });
    // Without a listener its errors would end the thread; those that matter come with a request or the stream.
    this.#client.on('error', () => undefined);
  }

  async start(): Promise<void> {
    await this.#client.metadata({ topics: [...this.#subscription.topics] });
  }

  async poll(maxWaitMs: number): Promise<readonly PolledBatch[]> {
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      throw failure;
    }
    if (this.#stream === null && !this.#opening) this.#open();
    if (this.#reading.isEmpty && !this.#read()) {
      await this.#waiter.wait(maxWaitMs);
      this.#read();
    }
    return this.#reading.poll();
  }

  async commit(
    offsets: readonly CommitOffset[],
  ): Promise<readonly { readonly errorCode: number; readonly definite: boolean }[]> {
    let errorCode = 0;
    try {
      const commit = this.#client.commit({
        offsets: offsets.map(({ topic, partition, offset }) => ({
          topic,
          partition,
          offset: BigInt(offset),
          leaderEpoch: this.#epochs.get(`${topic}-${partition}`) ?? -1,
        })),
      });
      const done = await bounded(
        this.#runtime.timers,
        commit.then(() => true),
        ANSWER_MS,
        false,
      );
      if (!done) errorCode = -1;
    } catch (error) {
      errorCode = codeOf(error);
    }
    // A refusal may follow an attempt that was carried out: requests are repeated without a word.
    return offsets.map(() => ({ errorCode, definite: errorCode === 0 }));
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly number[] | null> {
    const byTopic = new Map<string, number[]>();
    for (const { topic, partition } of partitions) {
      const list = byTopic.get(topic) ?? [];
      list.push(partition);
      byTopic.set(topic, list);
    }
    if (byTopic.size === 0) return [];
    try {
      const topics = [...byTopic].map(([topic, list]) => ({ topic, partitions: list }));
      const asked = this.#client.listCommittedOffsets({ topics });
      const found = await bounded(this.#runtime.timers, asked, ANSWER_MS, null);
      if (found === null) return null;
      return partitions.map(({ topic, partition }) => Number(found.get(topic)?.[partition] ?? -1n));
    } catch {
      return null;
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#waiter.wake();
  }

  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    const closed = this.#client.close(true).catch(() => undefined);
    await bounded(this.#runtime.timers, closed, timeoutMs, undefined);
  }

  #open(): void {
    this.#opening = true;
    const earliest = this.#settings.offsetReset === 'earliest';
    this.#client
      .consume({
        topics: [...this.#subscription.topics],
        mode: 'committed',
        fallbackMode: earliest ? 'earliest' : 'latest',
        autocommit: false,
      })
      .then(
        (stream) => {
          this.#stream = stream;
          stream.on('readable', () => this.#waiter.wake());
          stream.on('error', (error) => this.#failed(error));
          stream.on('close', () => this.#failed(new Error('@platformatic/kafka ended the stream of records')));
        },
        (error: unknown) => this.#failed(error instanceof Error ? error : new Error(String(error))),
      )
      .finally(() => {
        this.#opening = false;
        this.#waiter.wake();
      });
  }

  /** The next poll tells it, and the one after that begins anew, as an application would. */
  #failed(error: Error): void {
    this.#stream = null;
    if (this.#closed) return;
    this.#failure ??= error;
    this.#lose();
    this.#waiter.wake();
  }

  /** Takes what the stream has; false when that is nothing. */
  #read(): boolean {
    if (this.#stream === null || this.#paused || !this.#joined) return false;
    const byPartition = new Map<string, Message<Buffer, Buffer, Buffer, Buffer>[]>();
    for (let count = 0; count < this.#settings.maxPollRecords; count++) {
      const message: Message<Buffer, Buffer, Buffer, Buffer> | null = this.#stream.read();
      if (message === null) break;
      const key = `${message.topic}-${message.partition}`;
      const list = byPartition.get(key);
      if (list === undefined) byPartition.set(key, [message]);
      else list.push(message);
    }
    for (const [key, messages] of byPartition) {
      const { topic, partition } = messages[0]!;
      // Records that came before a rebalance are of no use to a member that has lost their partition.
      if (!this.#owned.some((one) => one.topic === topic && one.partition === partition)) continue;
      this.#epochs.set(key, messages.at(-1)!.leaderEpoch);
      this.#reading.add(topic, partition, messages.map(readRecord));
    }
    return byPartition.size > 0;
  }

  #lose(): void {
    this.#joined = false;
    this.#reading.forget();
    if (this.#owned.length > 0) this.#events.lost(this.#owned, this.#generation);
    this.#owned = [];
  }
}

function readRecord(message: Message<Buffer, Buffer, Buffer, Buffer>): ReadRecord {
  return {
    offset: Number(message.offset),
    value: message.value ?? null,
    header(name) {
      for (const [key, value] of message.headerEntries) if (key.toString() === name) return value;
      return null;
    },
  };
}

/** Kafka's code, wherever in the error it stands; -1 without one. */
function codeOf(error: unknown): number {
  if (!(error instanceof Error)) return -1;
  const { apiCode } = error as { apiCode?: unknown };
  if (typeof apiCode === 'number' && apiCode !== 0) return apiCode;
  const inner = [...(error instanceof AggregateError ? error.errors : []), error.cause];
  for (const one of inner) {
    const code = one === undefined ? -1 : codeOf(one);
    if (code !== -1) return code;
  }
  return -1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
