import { NO_HEADERS, partitionForKey, type RecordHeader } from '../../records/index.ts';
import type { Runtime } from '../../runtime.ts';
import { Alarm } from '../alarm.ts';
import { clientError } from '../client-error.ts';
import { Cluster } from '../cluster.ts';
import type { ConfigInput } from '../config.ts';
import { Accumulator } from './accumulator.ts';
import { type ProducerConfig, readProducerConfig } from './config.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { StickyPartitioner } from './partitioner.ts';
import { closed, failure, type Refused } from './refused.ts';
import type { BatchOutcome, SendCallback, SendResult } from './result.ts';
import { Sender } from './sender.ts';
import { ProducerTopic } from './topic.ts';
import { Transactions } from './transactions.ts';

/** Records that `send` keeps waiting while buffer.memory is full; beyond it they fail at once. */
const BLOCKED_RECORDS_MAX = 10000;

export interface ProducerOptions {
  readonly runtime: Runtime;
  /** Kafka's producer configs by name; bootstrap.servers is needed. */
  readonly config: ConfigInput;
  /** Hears of every batch that ended, before the callbacks of its records: the cheap form, for load generators. */
  readonly onBatch?: (outcome: BatchOutcome) => void;
}

export interface RecordToSend {
  readonly topic: string;
  /** Default: by the key's hash, or the sticky partition without a key. */
  readonly partition?: number;
  readonly key?: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since the epoch; default now. */
  readonly timestampMs?: number;
}

interface BlockedSend {
  readonly topic: ProducerTopic;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly timestampMs: number;
  readonly callback: SendCallback;
  readonly deadlineNs: number;
}

/** Kafka's producer. See README.md for what it promises about order, duplicates and `definite`. */
export class Producer {
  readonly config: ProducerConfig;
  /** Those of a transactional.id; null without one. */
  protected readonly transactions: Transactions | null;
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #accumulator: Accumulator;
  readonly #sender: Sender;
  readonly #onBatch: ((outcome: BatchOutcome) => void) | null;
  readonly #topics = new Map<string, ProducerTopic>();
  readonly #lookups = new Map<string, Promise<ProducerTopic>>();
  readonly #blocked: BlockedSend[] = [];
  readonly #blockedAlarm: Alarm;
  readonly #events: { closed: () => void; opened: Sender['opened'] };
  #writableWaiters: (() => void)[] = [];
  #flushes = 0;
  /** Takes no more records. */
  #closed = false;
  /** And nothing is under way any more. */
  #ended = false;

  /** @throws ClientError 'configuration'. Connects when the first topic is looked up. */
  constructor(options: ProducerOptions) {
    this.config = readProducerConfig(options.config);
    this.#runtime = options.runtime;
    this.#onBatch = options.onBatch ?? null;
    this.#cluster = new Cluster(options.runtime, this.config.values, { autoCreateTopics: true });
    const id = this.config.transactionalId;
    this.transactions = id === null ? null : new Transactions(this.#cluster, this.config, id, this.#transactionWork());
    this.#accumulator = new Accumulator(this.config, options.runtime);
    this.#sender = new Sender(
      options.runtime,
      this.#cluster,
      this.config,
      this.#accumulator,
      this.#onBatch,
      this.transactions,
    );
    this.#sender.onSettled = () => this.#memoryFreed();
    this.#events = { closed: this.#sender.poke, opened: this.#sender.opened };
    this.#blockedAlarm = new Alarm(options.runtime, () => this.#expireBlocked());
    this.#cluster.onMetadata = () => {
      for (const topic of this.#topics.values()) topic.grow();
      this.#sender.poke();
    };
  }

  /** Bytes in batches that have not ended; at most buffer.memory. */
  get bufferedBytes(): number {
    return this.#accumulator.usedBytes;
  }

  /** Looks a topic up (and lets the broker create it), within max.block.ms. @throws ClientError. */
  topic(name: string): Promise<ProducerTopic> {
    if (this.#closed) return Promise.reject(closed());
    let lookup = this.#lookups.get(name);
    if (lookup === undefined) {
      // Records that are sent before it is known wait for one and the same answer, which keeps their order.
      lookup = this.#lookUp(name);
      this.#lookups.set(name, lookup);
      lookup.catch(() => this.#lookups.delete(name));
    }
    return lookup;
  }

  /** The partition that `send` and `append` choose when given -1. */
  partitionFor(topic: ProducerTopic, key: Uint8Array | null): number {
    if (key !== null && !this.config.values['partitioner.ignore.keys']) {
      return partitionForKey(key, topic.partitionCount);
    }
    return topic.sticky.partition(topic.queues, topic.hasLeader);
  }

  /**
   * Adds a record; its end is told to `onBatch` with `token`. False when buffer.memory is full: nothing was added, and
   * `writable()` tells when to try again. The bytes are copied. The form for load generators.
   */
  append(
    topic: ProducerTopic,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    token: number,
  ): boolean {
    this.#refuseIfClosed();
    const chosen = partition >= 0 ? partition : this.partitionFor(topic, key);
    const outcome = this.#append(topic, chosen, timestampMs, key, value, headers, token, null);
    if (outcome === 'full') return false;
    if (outcome !== 'appended') {
      const result = this.#refused(outcome);
      this.#onBatch?.({ topic: topic.name, partition: chosen, tokens: [token], result });
    }
    return true;
  }

  /**
   * Adds a record and calls `callback` with its end, never before `send` returns. While buffer.memory is full the
   * record waits, up to max.block.ms; the answer is then false: wait for `writable()` before sending more.
   */
  send(
    topic: ProducerTopic,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    timestampMs: number,
    callback: SendCallback,
  ): boolean {
    this.#refuseIfClosed();
    return this.#send(topic, partition, key, value, headers, timestampMs, callback);
  }

  #send(
    topic: ProducerTopic,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    timestampMs: number,
    callback: SendCallback,
  ): boolean {
    const chosen = partition ?? this.partitionFor(topic, key);
    const outcome =
      this.#blocked.length > 0 ? 'full' : this.#append(topic, chosen, timestampMs, key, value, headers, 0, callback);
    if (outcome === 'appended') return true;
    if (outcome === 'full' && this.#blocked.length < BLOCKED_RECORDS_MAX) {
      const deadlineNs = this.#runtime.clock.monotonicNs() + this.config.values['max.block.ms'] * 1e6;
      this.#blocked.push({ topic, partition: chosen, key, value, headers, timestampMs, callback, deadlineNs });
      this.#blockedAlarm.noLaterThan(deadlineNs);
      return false;
    }
    this.#runtime.timers.endOfTurn(() => callback(this.#refused(outcome)));
    return outcome !== 'full';
  }

  /** The comfortable form. Resolves with the record's end; failures are values too. @throws ClientError when closed. */
  async sendRecord(record: RecordToSend): Promise<SendResult> {
    this.#refuseIfClosed();
    let topic = this.#topics.get(record.topic);
    if (topic === undefined) {
      try {
        topic = await this.topic(record.topic);
      } catch (error) {
        const { code, message } = clientError(error);
        this.transactions?.recordFailed(code, true, message);
        return { kind: 'failed', errorCode: code, definite: true, message };
      }
      if (this.#closed) throw closed();
    }
    const found = topic;
    return new Promise((resolve) => {
      const timestampMs = record.timestampMs ?? this.#runtime.clock.wallMs();
      const headers = record.headers ?? NO_HEADERS;
      this.#send(found, record.partition ?? null, record.key ?? null, record.value, headers, timestampMs, resolve);
    });
  }

  /** Resolves when buffer.memory has room again, or the producer is closed. */
  writable(): Promise<void> {
    if (this.#ended || (this.#blocked.length === 0 && !this.#accumulator.isFull)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#writableWaiters.push(resolve);
    });
  }

  /** Sends what was added so far without waiting for linger.ms; resolves when all of it has ended. */
  async flush(): Promise<void> {
    this.#flushes++;
    this.#sender.draining = true;
    this.#sender.poke();
    try {
      await this.#allLookedUp();
      while (this.#blocked.length > 0) await this.writable();
      await this.#allEnded();
    } finally {
      this.#flushes--;
      if (this.#flushes === 0) this.#sender.draining = false;
    }
  }

  /** Takes no more records, waits up to `timeoutMs` for those that are under way, fails the rest, and disconnects. */
  async close(timeoutMs: number = this.config.values['delivery.timeout.ms']): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#cluster.within(this.flush(), timeoutMs);
    this.#ended = true;
    const message = 'the producer was closed';
    for (const blocked of this.#blocked.splice(0)) {
      blocked.callback({ kind: 'failed', errorCode: -1, definite: true, message });
    }
    this.#blockedAlarm.cancel();
    this.#sender.abort(message);
    this.#memoryFreed();
    this.#cluster.close();
  }

  async #lookUp(name: string): Promise<ProducerTopic> {
    const { values } = this.config;
    await this.#cluster.awaitTopic(name, values['max.block.ms']);
    const random = this.#runtime.random.fork(`partitioner ${name}`);
    const adaptive = values['partitioner.adaptive.partitioning.enable'];
    const topic = new ProducerTopic(name, this.#cluster, new StickyPartitioner(random, values['batch.size'], adaptive));
    this.#topics.set(name, topic);
    return topic;
  }

  /** Resolves with the promise, which must not reject, or after `timeoutMs` without it. */
  protected within(promise: Promise<void>, timeoutMs: number): Promise<void> {
    return this.#cluster.within(promise, timeoutMs);
  }

  #transactionWork(): ConstructorParameters<typeof Transactions>[3] {
    return {
      flush: () => this.flush(),
      changed: () => this.#sender.poke(),
      renewed: () => {
        for (const topic of this.#topics.values()) for (const queue of topic.queues) queue.renew();
      },
    };
  }

  #append(
    topic: ProducerTopic,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    token: number,
    callback: SendCallback | null,
  ): 'appended' | Refused {
    const queue: PartitionQueue | undefined = topic.queues[partition];
    if (queue === undefined) return 'noPartition';
    if (this.transactions !== null && this.transactions.refusal !== null) return 'givenUp';
    const before = this.#accumulator.usedBytes;
    const outcome = this.#accumulator.append(queue, timestampMs, key, value, headers, token, callback, this.#events);
    if (outcome === 'appended') topic.sticky.added(this.#accumulator.usedBytes - before);
    // A full buffer must drain although its batches are neither full nor old.
    else if (outcome === 'full') this.#sender.poke();
    return outcome;
  }

  #memoryFreed(): void {
    while (this.#blocked.length > 0 && !this.#accumulator.isFull) {
      const { topic, partition, timestampMs, key, value, headers, callback } = this.#blocked[0]!;
      const outcome = this.#append(topic, partition, timestampMs, key, value, headers, 0, callback);
      if (outcome === 'full') break;
      this.#blocked.shift();
      if (outcome !== 'appended') callback(this.#refused(outcome));
    }
    if (!this.#ended && (this.#blocked.length > 0 || this.#accumulator.isFull)) return;
    const waiters = this.#writableWaiters;
    if (waiters.length === 0) return;
    this.#writableWaiters = [];
    for (const wake of waiters) wake();
  }

  #expireBlocked(): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    while (this.#blocked.length > 0 && this.#blocked[0]!.deadlineNs <= nowNs) {
      this.#blocked.shift()!.callback(this.#refused('full'));
    }
    if (this.#blocked.length > 0) this.#blockedAlarm.noLaterThan(this.#blocked[0]!.deadlineNs);
    this.#memoryFreed();
  }

  /** Records that wait until their topic is known were added before a flush too. */
  async #allLookedUp(): Promise<void> {
    const open = [...this.#lookups].filter(([name]) => !this.#topics.has(name)).map(([, lookup]) => lookup);
    if (open.length > 0) await Promise.allSettled(open);
  }

  #allEnded(): Promise<void> {
    let left = this.#sender.incomplete.size;
    if (left === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const ended = (): void => {
        left--;
        if (left === 0) resolve();
      };
      for (const batch of this.#sender.incomplete) {
        if (batch.waiters === null) batch.waiters = [ended];
        else batch.waiters.push(ended);
      }
    });
  }

  /** A record that did not get into a batch: without it, its transaction is not whole. */
  #refused(why: Refused): Extract<SendResult, { kind: 'failed' }> {
    const result = failure(why);
    this.transactions?.recordFailed(result.errorCode, true, result.message);
    return result;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closed();
    this.transactions?.refuseUnlessBegun();
  }
}
