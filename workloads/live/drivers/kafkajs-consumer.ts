import type { Admin, Consumer, ConsumerConfig, EachBatchPayload, Kafka } from 'kafkajs';
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
import { consumerSettings } from '../../settings.ts';
import { ANSWER_MS, type CommitAnswer, commitAnswers } from './commit-answers.ts';
import { type Config, numbers } from './configs.ts';
import { kafkaJsCode } from './errors.ts';
import type { DriverOptions } from './library.ts';
import { Membership } from './membership.ts';
import type { ReadRecord } from './reading.ts';
import { Waiter } from './waiter.ts';

/** A batch that kafkajs has handed over; it fetches on when the callback ends. */
interface Handed {
  readonly payload: EachBatchPayload;
  /** `read`: the application has processed it. */
  readonly end: (read: boolean) => void;
}

export class KafkaJsConsumer implements ConsumerDriver {
  readonly #runtime: Runtime;
  readonly #client: Consumer;
  readonly #admin: Admin;
  readonly #subscription: ConsumerSubscription;
  readonly #fromBeginning: boolean;
  readonly #membership: Membership;
  readonly #waiter: Waiter;
  #state: 'new' | 'running' | 'crashed' | 'closed' = 'new';
  #crash: Error | null = null;
  #adminConnected: Promise<void> | null = null;
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
    this.#membership = new Membership(events);
    const { GROUP_JOIN, REBALANCING, CRASH, COMMIT_OFFSETS } = this.#client.events;
    this.#client.on(GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment));
    // kafkajs tells of a rebalance when it joins again, which is too late to commit.
    this.#client.on(REBALANCING, () => this.#membership.lose());
    this.#client.on(COMMIT_OFFSETS, () => {
      this.#commitsTold++;
    });
    this.#client.on(CRASH, ({ payload }) => {
      this.#membership.lose();
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
    if (this.#membership.reading.isEmpty && this.#handed === null) await this.#waiter.wait(maxWaitMs);
    if (this.#membership.reading.isEmpty && this.#handed !== null && !this.#paused) {
      const handed = this.#handed;
      this.#handed = null;
      this.#polled = handed;
      const { batch } = handed.payload;
      const records = batch.messages.map((message) => readRecord(message));
      this.#membership.reading.add(batch.topic, batch.partition, records, Number(batch.lastOffset()) + 1);
    }
    return this.#membership.reading.poll();
  }

  async commit(offsets: readonly CommitOffset[]): Promise<readonly CommitAnswer[]> {
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
      errorCode = kafkaJsCode(error);
    }
    return commitAnswers(offsets, errorCode);
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
    const owned = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    // kafkajs does not tell the generation of a group.
    this.#membership.joined(owned, -1);
    if (this.#paused) this.pause();
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
