import type { Runtime } from '../../runtime.ts';
import type { TopicPartition } from '../by-leader.ts';
import { ClientError } from '../client-error.ts';
import { Cluster } from '../cluster.ts';
import type { ConfigInput } from '../config.ts';
import { Coordinator } from '../coordinator.ts';
import {
  EARLIEST_TIMESTAMP,
  type FoundOffset,
  LATEST_TIMESTAMP,
  type OffsetQuery,
  offsetsOf,
} from '../offset-lookup.ts';
import type { GroupMetadata } from '../producer/transaction-requests.ts';
import { Signal } from '../signal.ts';
import type { AssignedPartition } from './assigned-partition.ts';
import { Assignment, throwError } from './assignment.ts';
import { AutoCommit, positionsOf } from './auto-commit.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';
import type { ConsumedBatch } from './consumed-batch.ts';
import { Fetcher } from './fetcher.ts';
import type { OffsetToCommit } from './group/commits.ts';
import { Committer } from './group/committer.ts';
import { Membership } from './group/membership.ts';
import type { RebalanceListener } from './group/rebalance-listener.ts';
import { type CommittedOffset, Positions } from './positions.ts';
import { Subscription } from './subscription.ts';

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
  readonly #apiTimeoutMs: number;
  readonly #cluster: Cluster;
  readonly #fetcher: Fetcher;
  readonly #positions: Positions;
  readonly #signal: Signal;
  readonly #assignment: Assignment = new Assignment();
  /** null without a group.id. */
  readonly #coordinator: Coordinator | null;
  readonly #committer: Committer | null;
  /** null without enable.auto.commit or a group.id. */
  readonly #autoCommit: AutoCommit | null;
  /** Present between subscribe and unsubscribe. */
  #membership: Membership | null = null;
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
    const { groupId, values, readCommitted } = this.config;
    this.#apiTimeoutMs = values['default.api.timeout.ms'];
    this.#coordinator = groupId === null ? null : new Coordinator(this.#cluster, groupId);
    const committer =
      this.#coordinator === null
        ? null
        : new Committer(this.#coordinator, readCommitted, () => this.#membership?.identity ?? null);
    this.#committer = committer;
    this.#positions = new Positions(options.runtime, this.#cluster, this.config, { arrived, moved }, committer);
    this.#autoCommit =
      this.config.autoCommit && committer !== null
        ? new AutoCommit(options.runtime, values['auto.commit.interval.ms'], committer, this.#apiTimeoutMs)
        : null;
    this.#fetcher = new Fetcher(options.runtime, this.#cluster, this.config, {
      arrived,
      outOfRange: (assigned) =>
        this.#positions.resetByPolicy(assigned, `offset ${assigned.fetchOffset} is out of range`),
      diverged: (assigned, epoch, endOffset) => this.#positions.cutAt(assigned, epoch, endOffset),
    });
    this.#cluster.onMetadata = arrived;
  }

  /** Reads exactly these partitions, without a group's assignment. Positions of those that stay are kept. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#refuseIfClosed();
    if (this.#membership !== null) throw misuse('unsubscribe before assigning partitions by hand');
    this.#setAssigned(partitions);
  }

  /** Joins the group, which shares the partitions of these topics among its members. Needs group.id. */
  subscribe(topics: readonly string[] | RegExp, listener: RebalanceListener = {}): void {
    this.#refuseIfClosed();
    if (this.#coordinator === null) throw misuse('a subscription needs a group.id');
    if (this.#membership !== null) throw misuse('unsubscribe before subscribing to other topics');
    const subscription = new Subscription(this.#cluster, topics);
    this.#setAssigned([]);
    this.#membership = new Membership(
      this.#runtime,
      this.#cluster,
      this.config,
      this.#coordinator,
      () => subscription.topics(),
      listener,
      {
        assign: (partitions) => this.#setAssigned(partitions),
        commitBeforeRevocation: () => this.#commitProcessed(),
        arrived: () => this.#signal.raise(),
      },
    );
  }

  /** Gives up the partitions (with the listener's call) and leaves the group. */
  async unsubscribe(timeoutMs: number = this.config.values['request.timeout.ms']): Promise<void> {
    const membership = this.#membership;
    if (membership !== null) await membership.leave(timeoutMs, 'the consumer unsubscribed');
    this.#membership = null;
    this.#setAssigned([]);
  }

  assignment(): TopicPartition[] {
    return [...this.#assignment.all()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The generation of the group that this consumer is in; -1 without a group. */
  get generation(): number {
    return this.#membership?.identity.generation ?? -1;
  }

  /** Who this consumer is, for a producer that commits its offsets within a transaction (KIP-447). */
  groupMetadata(): GroupMetadata {
    if (this.#committer === null) throw misuse('group metadata needs a group.id');
    return this.#committer.groupMetadata;
  }

  /**
   * Records from where each partition stands, at most max.poll.records, or none after `maxWaitMs`. Positions move on
   * when it returns. Takes part in rebalances. @throws ClientError of one partition, or of the group; partitions that
   * have no error keep what they have.
   */
  async poll(maxWaitMs: number): Promise<ConsumedBatch[]> {
    this.#refuseIfClosed();
    this.#membership?.pollBegins();
    try {
      return await this.#pollUntil(this.#runtime.clock.monotonicNs() + maxWaitMs * 1e6);
    } finally {
      this.#membership?.pollEnds();
    }
  }

  /** Commits `offsets`, or all positions. @throws ClientError: 'rebalanced', 'refused', 'timeout'; see `definite`. */
  async commitSync(offsets?: readonly OffsetToCommit[], timeoutMs: number = this.#apiTimeoutMs): Promise<void> {
    const failure = await this.#commit(offsets ?? positionsOf(this.#assignment.all()), timeoutMs);
    if (failure !== null) throw failure;
  }

  /** As commitSync, without waiting. `callback` gets null after success. */
  commitAsync(offsets?: readonly OffsetToCommit[], callback?: (failure: ClientError | null) => void): void {
    const wanted = offsets ?? positionsOf(this.#assignment.all());
    void this.#commit(wanted, this.#apiTimeoutMs).then((failure) => callback?.(failure));
  }

  /** What the group has committed; null where it has nothing. @throws ClientError. */
  committed(partitions: readonly TopicPartition[], timeoutMs?: number): Promise<(CommittedOffset | null)[]> {
    if (this.#committer === null) throw misuse('committed offsets need a group.id');
    return this.#committer.fetch(partitions, timeoutMs ?? this.#apiTimeoutMs);
  }

  /** The next poll continues here. `leaderEpoch`: of the record before, if known, to notice a cut of the log. */
  seek(partition: TopicPartition, offset: number, leaderEpoch: number = -1): void {
    if (!(offset >= 0)) throw misuse(`cannot seek to ${offset}`);
    this.#assignment.find(partition).seek(offset, leaderEpoch);
  }

  seekToBeginning(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.find(partition).reset(EARLIEST_TIMESTAMP);
  }

  seekToEnd(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.find(partition).reset(LATEST_TIMESTAMP);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.find(partition).isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.find(partition).isPaused = false;
    this.#signal.raise();
  }

  /** The offset that the next poll continues at, looking it up if need be. @throws ClientError 'timeout'. */
  async position(partition: TopicPartition, timeoutMs: number = this.#apiTimeoutMs): Promise<number> {
    const { clock } = this.#runtime;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    for (;;) {
      const assigned = this.#assignment.find(partition);
      if (assigned.position >= 0) return assigned.position;
      const againNs = this.#positions.update(this.#assignment.all());
      throwError(assigned);
      const nowNs = clock.monotonicNs();
      if (nowNs >= deadlineNs) throw new ClientError('timeout', `${assigned.name} has no position yet`);
      await this.#signal.wait((Math.min(deadlineNs, againNs) - nowNs) / 1e6);
    }
  }

  /** How far the position is behind the end that this reader can see; null before the first fetch. */
  currentLag(partition: TopicPartition): number | null {
    return this.#assignment.find(partition).lag(this.config.readCommitted);
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

  /** Commits (with auto commit), leaves the group and disconnects. What was fetched ahead is dropped. */
  async close(timeoutMs: number = this.config.values['request.timeout.ms']): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const membership = this.#membership;
    if (membership !== null) await membership.leave(timeoutMs, 'the consumer is being closed');
    else await this.#commitProcessed(timeoutMs);
    this.#membership = null;
    this.#assignment.set([]);
    this.#cluster.close();
    this.#signal.raise();
  }

  async #pollUntil(deadlineNs: number): Promise<ConsumedBatch[]> {
    const { clock } = this.#runtime;
    this.#autoCommit?.maybeCommit(this.#assignment.all());
    for (;;) {
      this.#cluster.refuseUnlessAccepted();
      const joinNs = this.#membership === null ? Number.POSITIVE_INFINITY : await this.#membership.step();
      const lookUpNs = this.#positions.update(this.#assignment.all());
      const fetchNs = this.#fetcher.fetch(this.#assignment.all());
      const batches = this.#assignment.collect(this.config.values['max.poll.records']);
      if (batches.length > 0) {
        // What was taken makes room: the next fetch travels while the application works.
        this.#fetcher.fetch(this.#assignment.all());
        return batches;
      }
      const nowNs = clock.monotonicNs();
      if (nowNs >= deadlineNs || this.#closed) return [];
      await this.#signal.wait((Math.min(deadlineNs, joinNs, lookUpNs, fetchNs) - nowNs) / 1e6);
    }
  }

  #setAssigned(partitions: readonly TopicPartition[]): void {
    this.#assignment.set(partitions);
    for (const { topic } of partitions) {
      this.#cluster.track(topic);
      if (this.#cluster.metadata.topic(topic) === undefined) this.#cluster.refreshSoon();
    }
    this.#signal.raise();
  }

  /** Never rejects: what became of it is a value. */
  #commit(offsets: readonly OffsetToCommit[], timeoutMs: number): Promise<ClientError | null> {
    return this.#committer?.commit(offsets, timeoutMs) ?? Promise.resolve(misuse('a commit needs a group.id'));
  }

  /** With auto commit, before partitions are given up: what the polls so far have returned. */
  #commitProcessed(timeoutMs: number = this.config.values['request.timeout.ms']): Promise<void> {
    return this.#autoCommit?.commitNow(this.#assignment.all(), timeoutMs) ?? Promise.resolve();
  }

  async #endOffsets(partitions: readonly TopicPartition[], timestamp: number, timeoutMs?: number): Promise<number[]> {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    return (await this.#lookUp(queries, timeoutMs)).map((found) => found.offset);
  }

  #lookUp(queries: readonly OffsetQuery[], timeoutMs: number = this.#apiTimeoutMs): Promise<FoundOffset[]> {
    return offsetsOf(this.#cluster, queries, this.config.readCommitted, timeoutMs);
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new ClientError('closed', 'the consumer is closed', -1, true);
  }
}

function misuse(message: string): ClientError {
  return new ClientError('configuration', message, -1, true);
}
