import type { BaseOptions, Consumer, Message, MessagesStream } from '@platformatic/kafka';
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
import { type ConsumerSettings, consumerSettings } from '../../settings.ts';
import { ANSWER_MS, type CommitAnswer, commitAnswers } from './commit-answers.ts';
import { type Config, numbers } from './configs.ts';
import { platformaticCode } from './errors.ts';
import type { DriverOptions } from './library.ts';
import { Membership } from './membership.ts';
import type { ReadRecord } from './reading.ts';
import { Waiter } from './waiter.ts';

type Library = typeof import('@platformatic/kafka');

export class PlatformaticConsumer implements ConsumerDriver {
  readonly #runtime: Runtime;
  readonly #client: Consumer;
  readonly #subscription: ConsumerSubscription;
  readonly #settings: ConsumerSettings;
  readonly #membership: Membership;
  readonly #waiter: Waiter;
  #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> | null = null;
  #opening = false;
  #failure: Error | null = null;
  /** Between a rebalance and the join that ends it nothing is read: it might belong to somebody else. */
  #joined = false;
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
    this.#membership = new Membership(events);
    this.#client.on('consumer:group:rebalance', () => this.#lose());
    this.#client.on('consumer:group:join', ({ generationId, assignments }) => {
      const owned = (assignments ?? []).flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.#joined = true;
      this.#membership.joined(owned, generationId ?? -1);
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
    if (this.#membership.reading.isEmpty && !this.#read()) {
      await this.#waiter.wait(maxWaitMs);
      this.#read();
    }
    return this.#membership.reading.poll();
  }

  async commit(offsets: readonly CommitOffset[]): Promise<readonly CommitAnswer[]> {
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
      errorCode = platformaticCode(error);
    }
    return commitAnswers(offsets, errorCode);
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
      if (!this.#membership.owns(topic, partition)) continue;
      this.#epochs.set(key, messages.at(-1)!.leaderEpoch);
      this.#membership.reading.add(topic, partition, messages.map(readRecord));
    }
    return byPartition.size > 0;
  }

  #lose(): void {
    this.#joined = false;
    this.#membership.lose();
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
