import type { Runtime } from '../../runtime.ts';
import type { LeaderAnswer, TopicPartition } from '../by-leader.ts';
import { ClientError, refusal } from '../client-error.ts';
import { Cluster } from '../cluster.ts';
import type { ConfigInput } from '../config.ts';
import { EARLIEST_TIMESTAMP, type FoundOffset, LATEST_TIMESTAMP, lookUpOffsets, type OffsetQuery } from '../offset-lookup.ts';
import { Signal } from '../signal.ts';
import { AssignedPartition } from './assigned-partition.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';
import type { ConsumedBatch } from './consumed-batch.ts';
import { Fetcher } from './fetcher.ts';
import { Positions } from './positions.ts';

export interface ConsumerOptions {
  readonly runtime: Runtime;
  /** Kafka's consumer configs by name; bootstrap.servers is needed. */
  readonly config: ConfigInput;
  /** Hears when the consumer itself moves a position: after a reset, a cut of the log, or from a committed offset. */
  readonly onPosition?: (topic: string, partition: number, offset: number) => void;
}

/** Kafka's consumer. One caller at a time: `poll` and the others are not to be called while one of them waits. */
export class Consumer {
  readonly config: ConsumerConfig;
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #fetcher: Fetcher;
  readonly #positions: Positions;
  readonly #signal: Signal;
  readonly #assigned = new Map<string, AssignedPartition>();
  /** Where the next poll starts looking for records, so that no partition starves the others. */
  #turn = 0;
  #closed = false;

  /** @throws ClientError 'configuration'. Connects when there is something to ask. */
  constructor(options: ConsumerOptions) {
    this.config = readConsumerConfig(options.config);
    this.#runtime = options.runtime;
    this.#signal = new Signal(options.runtime);
    const autoCreateTopics = this.config.values['allow.auto.create.topics'];
    this.#cluster = new Cluster(options.runtime, this.config.values, { autoCreateTopics });
    const arrived = (): void => this.#signal.raise();
    const { onPosition } = options;
    const moved = ({ topic, partition, position }: AssignedPartition): void => onPosition?.(topic, partition, position);
    this.#positions = new Positions(options.runtime, this.#cluster, this.config, { arrived, moved }, null);
    this.#fetcher = new Fetcher(options.runtime, this.#cluster, this.config, {
      arrived,
      outOfRange: (assigned) => {
        const reason = `offset ${assigned.fetchOffset} is out of range`;
        this.#positions.resetByPolicy(assigned, reason);
      },
      diverged: (assigned, epoch, endOffset) => this.#positions.cutAt(assigned, epoch, endOffset),
    });
    this.#cluster.onMetadata = arrived;
  }

  /** Reads exactly these partitions, without a group's assignment. Positions of those that stay are kept. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#refuseIfClosed();
    this.#setAssigned(partitions);
  }

  assignment(): TopicPartition[] {
    return [...this.#assigned.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /**
   * Records from where each partition stands, at most max.poll.records, or none after `maxWaitMs`. Positions move on
   * when it returns. @throws ClientError of one partition; the others keep what they have.
   */
  async poll(maxWaitMs: number): Promise<ConsumedBatch[]> {
    this.#refuseIfClosed();
    const { clock } = this.#runtime;
    const deadlineNs = clock.monotonicNs() + maxWaitMs * 1e6;
    for (;;) {
      const lookUpNs = this.#positions.update(this.#assigned.values());
      const fetchNs = this.#fetcher.fetch(this.#assigned.values());
      const batches = this.#collect();
      if (batches.length > 0) {
        // What was taken makes room: the next fetch travels while the application works.
        this.#fetcher.fetch(this.#assigned.values());
        return batches;
      }
      const nowNs = clock.monotonicNs();
      if (nowNs >= deadlineNs || this.#closed) return [];
      await this.#signal.wait((Math.min(deadlineNs, lookUpNs, fetchNs) - nowNs) / 1e6);
    }
  }

  /** The next poll continues here. `leaderEpoch`: of the record before, if known, to notice a cut of the log. */
  seek(partition: TopicPartition, offset: number, leaderEpoch: number = -1): void {
    if (!(offset >= 0)) throw new ClientError('configuration', `cannot seek to ${offset}`, -1, true);
    this.#find(partition).seek(offset, leaderEpoch);
  }

  seekToBeginning(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition).reset(EARLIEST_TIMESTAMP);
  }

  seekToEnd(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition).reset(LATEST_TIMESTAMP);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition).isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition).isPaused = false;
    this.#signal.raise();
  }

  /** The offset that the next poll continues at, looking it up if need be. @throws ClientError 'timeout'. */
  async position(
    partition: TopicPartition,
    timeoutMs: number = this.config.values['default.api.timeout.ms'],
  ): Promise<number> {
    const { clock } = this.#runtime;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    for (;;) {
      const assigned = this.#find(partition);
      if (assigned.position >= 0) return assigned.position;
      const againNs = this.#positions.update(this.#assigned.values());
      this.#throwError(assigned);
      const nowNs = clock.monotonicNs();
      if (nowNs >= deadlineNs) throw new ClientError('timeout', `${assigned.name} has no position yet`);
      await this.#signal.wait((Math.min(deadlineNs, againNs) - nowNs) / 1e6);
    }
  }

  /** How far the position is behind the end that this reader can see; null before the first fetch. */
  currentLag(partition: TopicPartition): number | null {
    const assigned = this.#find(partition);
    const end = this.config.readCommitted ? assigned.lastStableOffset : assigned.highWatermark;
    return end < 0 || assigned.position < 0 ? null : Math.max(0, end - assigned.position);
  }

  /** First offset of each log, in the order asked. @throws ClientError. */
  beginningOffsets(partitions: readonly TopicPartition[], timeoutMs?: number): Promise<number[]> {
    return this.#endOffsets(partitions, EARLIEST_TIMESTAMP, timeoutMs);
  }

  /** High watermark of each log (with read_committed the last stable offset), in the order asked. */
  endOffsets(partitions: readonly TopicPartition[], timeoutMs?: number): Promise<number[]> {
    return this.#endOffsets(partitions, LATEST_TIMESTAMP, timeoutMs);
  }

  /** The first record at or after each timestamp (ms); null where there is none. */
  async offsetsForTimes(queries: readonly OffsetQuery[], timeoutMs?: number): Promise<(FoundOffset | null)[]> {
    const found = await this.#lookUp(queries, timeoutMs);
    return found.map((value) => (value.offset < 0 ? null : value));
  }

  /** Disconnects. What was fetched ahead is dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#assigned.clear();
    this.#cluster.close();
    this.#signal.raise();
  }

  #setAssigned(partitions: readonly TopicPartition[]): void {
    const kept = new Map<string, AssignedPartition>();
    for (const { topic, partition } of partitions) {
      const key = `${topic} ${partition}`;
      kept.set(key, this.#assigned.get(key) ?? new AssignedPartition(topic, partition));
      this.#cluster.track(topic);
      if (this.#cluster.metadata.topic(topic) === undefined) this.#cluster.refreshSoon();
    }
    // An answer that is still on its way to a partition that is gone must find it changed.
    for (const [key, assigned] of this.#assigned) if (!kept.has(key)) assigned.dropBuffered();
    this.#assigned.clear();
    for (const [key, assigned] of kept) this.#assigned.set(key, assigned);
    this.#signal.raise();
  }

  /** Takes buffered records, partition after partition, and moves the positions. */
  #collect(): ConsumedBatch[] {
    const partitions = [...this.#assigned.values()];
    const batches: ConsumedBatch[] = [];
    let left = this.config.values['max.poll.records'];
    for (let index = 0; index < partitions.length && left > 0; index++) {
      const assigned = partitions[(this.#turn + index) % partitions.length]!;
      if (assigned.error !== null && batches.length === 0) this.#throwError(assigned);
      if (assigned.isPaused || assigned.state.kind !== 'fetching') continue;
      left = this.#take(assigned, left, batches);
    }
    if (batches.length > 0) this.#turn = partitions.length === 0 ? 0 : (this.#turn + 1) % partitions.length;
    return batches;
  }

  #take(assigned: AssignedPartition, recordsMax: number, batches: ConsumedBatch[]): number {
    let left = recordsMax;
    while (left > 0 && assigned.buffered.length > 0) {
      const fetched = assigned.buffered[0]!;
      let batch: ConsumedBatch | null;
      try {
        batch = fetched.next(assigned.position, left);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        assigned.dropBuffered();
        assigned.error = error;
        if (batches.length === 0) this.#throwError(assigned);
        break;
      }
      if (batch === null) {
        assigned.buffered.shift();
        assigned.bufferedBytes -= fetched.bytes.length;
        continue;
      }
      assigned.position = batch.toOffset;
      if (batch.leaderEpoch >= 0) assigned.positionEpoch = batch.leaderEpoch;
      left -= batch.recordCountMax;
      batches.push(batch);
    }
    return left;
  }

  /** Once: the next poll tries again. */
  #throwError(assigned: AssignedPartition): void {
    const { error } = assigned;
    if (error === null) return;
    assigned.error = null;
    throw error;
  }

  async #endOffsets(partitions: readonly TopicPartition[], timestamp: number, timeoutMs?: number): Promise<number[]> {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    return (await this.#lookUp(queries, timeoutMs)).map((found) => found.offset);
  }

  async #lookUp(queries: readonly OffsetQuery[], timeoutMs?: number): Promise<FoundOffset[]> {
    const limitMs = timeoutMs ?? this.config.values['default.api.timeout.ms'];
    const answers: LeaderAnswer<FoundOffset>[] = await lookUpOffsets(
      this.#cluster,
      queries,
      this.config.readCommitted,
      limitMs,
    );
    return answers.map(({ topic, partition, errorCode, value }) => {
      if (value === null) throw refusal(`offsets of ${topic}-${partition}`, errorCode);
      return value;
    });
  }

  #find({ topic, partition }: TopicPartition): AssignedPartition {
    const assigned = this.#assigned.get(`${topic} ${partition}`);
    if (assigned === undefined) {
      throw new ClientError('configuration', `${topic}-${partition} is not assigned to this consumer`, -1, true);
    }
    return assigned;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new ClientError('closed', 'the consumer is closed', -1, true);
  }
}
