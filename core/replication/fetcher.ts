import type { Channel } from '../client/channel.ts';
import { fetch } from '../protocol/apis/01-fetch.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Draft, ElementOf, Message } from '../protocol/schema.ts';
import type { Clock, Logger, Timers } from '../runtime.ts';
import type { ReplicationFaults } from './faults.ts';
import { FollowerFetchSession } from './fetch-session.ts';
import { type Followed, FollowedPartitions } from './followed-partitions.ts';
import type { Partition } from './partition.ts';
import { startOver } from './start-over.ts';
import { truncationOffset } from './truncation.ts';

export interface FetcherOptions {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly faults: ReplicationFaults;
  /** This broker's epoch in its present registration (KIP-903). */
  readonly brokerEpoch: () => number;
  /** Opens a connection to a broker; rejects when it cannot within its own bound. */
  readonly connect: (brokerId: number) => Promise<Channel>;
  /** replica.fetch.wait.max.ms */
  readonly waitMsMax: number;
  /** replica.fetch.min.bytes */
  readonly minBytes: number;
  /** replica.fetch.max.bytes: of one partition. */
  readonly partitionBytesMax: number;
  /** replica.fetch.response.max.bytes */
  readonly responseBytesMax: number;
  /** replica.fetch.backoff.ms */
  readonly backoffMs: number;
  /** replica.socket.timeout.ms */
  readonly requestTimeoutMs: number;
}

const FETCH_VERSION = 17;
/** A fetch that is under way has so long to end by itself before a partition that it does not name cuts it short. */
const HURRY_MS = 20;
/** While partitions come one after another, fetches end so soon by themselves, later where looking at all takes longer. */
const BURST_NS = 1e9;
const PARTITIONS_PER_MS = 40;

type PartitionResponse = ElementOf<ElementOf<Message<typeof fetch.response>['responses']>['partitions']>;

/**
 * Fetches from one leader for all partitions that follow it: one request at a time, in a session that knows them all
 * (KIP-227), each with the epoch of its last record, so that a log that diverged is found by the fetch itself (KIP-595).
 */
export class Fetcher {
  readonly leaderId: number;
  readonly #options: FetcherOptions;
  readonly #followed: FollowedPartitions;
  readonly #session: FollowerFetchSession;
  /** When a partition came while others were being fetched. */
  #joinedNs = Number.NEGATIVE_INFINITY;
  #channel: Channel | null = null;
  #running: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  /** Fetches so far, and whether the last one waits for its answer. */
  #fetches = 0;
  #isAsking = false;
  /** The connection was closed to ask anew at once. */
  #hurried = false;
  #closed = false;

  constructor(leaderId: number, options: FetcherOptions) {
    this.leaderId = leaderId;
    this.#options = options;
    this.#followed = new FollowedPartitions(options.clock, options.backoffMs, options.faults);
    this.#session = new FollowerFetchSession(options.partitionBytesMax);
  }

  get size(): number {
    return this.#followed.size;
  }

  follow(partition: Partition, epoch: number): void {
    if (this.#followed.get(partition)?.epoch === epoch) return;
    this.#followed.add(partition, epoch);
    if (this.#options.faults.truncateToHighWatermark === true) void this.#truncateBlindly(partition);
    this.#wake?.();
    if (this.#isAsking) this.#hurry();
    this.#running ??= this.#run();
  }

  /**
   * A fetch may be held for replica.fetch.wait.max.ms, and until it ends nothing that this partition's leader takes can
   * be committed. It cannot be taken back, so its connection is given up for another.
   */
  #hurry(): void {
    const fetch = this.#fetches;
    this.#joinedNs = this.#options.clock.monotonicNs();
    this.#options.timers.after(HURRY_MS, () => {
      if (!this.#isAsking || this.#fetches !== fetch || this.#closed) return;
      this.#hurried = true;
      this.#channel?.close();
    });
  }

  async #truncateBlindly(partition: Partition): Promise<void> {
    try {
      await partition.truncate((log) => log.truncateTo(log.highWatermark));
    } catch (error) {
      this.#options.log.warn('a log could not be cut', { topic: partition.topic, error });
    }
  }

  unfollow(partition: Partition): void {
    this.#followed.remove(partition);
  }

  /** The leader's process is another one, or none: what was asked of the one before is given up. */
  reconnect(): void {
    this.#channel?.close();
  }

  close(): void {
    this.#closed = true;
    this.#followed.clear();
    this.#channel?.close();
    this.#wake?.();
  }

  /** Never rejects. Ends when there is nobody left to fetch for. */
  async #run(): Promise<void> {
    while (!this.#closed && this.#followed.size > 0) {
      if (!this.#followed.isAnyDue()) {
        await this.#pause(Math.min(this.#options.backoffMs / 4, this.#followed.nextDueMs()));
        continue;
      }
      try {
        const channel = await this.#open();
        // Looked at again: a change of leaders adds many partitions, one after the other.
        await this.#fetch(channel);
      } catch (error) {
        this.#session.failed();
        this.#channel?.close();
        this.#channel = null;
        if (this.#closed) break;
        if (this.#hurried) {
          this.#hurried = false;
          continue;
        }
        this.#options.log.info('cannot fetch from the leader', { leader: this.leaderId, error });
        await this.#pause(this.#options.backoffMs);
      }
    }
    this.#channel?.close();
    this.#channel = null;
    this.#running = null;
  }

  /** Waits `ms`, or until a partition is added or the fetcher closes. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(ms, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = null;
        timer.cancel();
        resolve();
      };
    });
  }

  async #open(): Promise<Channel> {
    if (this.#channel?.closed === false) return this.#channel;
    this.#channel = await this.#options.connect(this.leaderId);
    return this.#channel;
  }

  async #fetch(channel: Channel): Promise<void> {
    const waitMs = this.#waitMs();
    const { nodeId, brokerEpoch, minBytes, responseBytesMax, requestTimeoutMs } = this.#options;
    const response = await this.#ask(
      channel,
      {
        replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
        maxWaitMs: waitMs,
        minBytes,
        maxBytes: responseBytesMax,
        ...this.#session.request(this.#followed.duePositions()),
      },
      waitMs + requestTimeoutMs,
    );
    this.#hurried = false;
    if (SESSION_ERRORS.has(response.errorCode)) {
      this.#session.failed();
      return;
    }
    if (response.errorCode !== ErrorCode.none) throw new Error(`fetch: error ${response.errorCode}`);
    this.#session.answered(response.sessionId);
    const flushes: Promise<void>[] = [];
    for (const topic of response.responses) {
      for (const answer of topic.partitions) {
        const each = this.#followed.find(topic.topicId, answer.partitionIndex);
        // The role may have changed while the request was on its way.
        if (each === undefined || !this.#session.asked(each.partition, each.epoch)) continue;
        await this.#take(channel, each, answer, flushes);
      }
    }
    if (flushes.length > 0) await Promise.all(flushes);
  }

  #waitMs(): number {
    const { clock, waitMsMax } = this.#options;
    const isBurst = clock.monotonicNs() - this.#joinedNs < BURST_NS;
    const longestMs = isBurst ? HURRY_MS + Math.floor(this.#followed.size / PARTITIONS_PER_MS) : waitMsMax;
    return Math.min(waitMsMax, longestMs, this.#followed.nextDueMs());
  }

  async #ask(
    channel: Channel,
    draft: Draft<typeof fetch.request>,
    timeoutMs: number,
  ): Promise<Message<typeof fetch.response>> {
    this.#fetches++;
    this.#isAsking = true;
    try {
      return await channel.request(fetch, FETCH_VERSION, draft, timeoutMs);
    } finally {
      this.#isAsking = false;
    }
  }

  async #take(channel: Channel, each: Followed, answer: PartitionResponse, flushes: Promise<void>[]): Promise<void> {
    const { partition } = each;
    const { log } = partition;
    if (log === null) return;
    switch (answer.errorCode) {
      case ErrorCode.none:
        each.refusals = 0;
        break;
      case ErrorCode.offsetOutOfRange:
        await this.#startOver(channel, each);
        return;
      default:
        // Another epoch or leader: metadata will tell; a broken leader disk: so will the controller.
        this.#followed.backOff(each);
        return;
    }
    const { divergingEpoch } = answer;
    if (divergingEpoch.epoch >= 0 || divergingEpoch.endOffset >= 0) {
      const offset = truncationOffset(log, divergingEpoch);
      this.#options.log.info('the log left its leader’s and is cut', {
        topic: partition.topic,
        partition: partition.partition,
        from: log.logEndOffset,
        to: offset,
      });
      await partition.truncate((cut) => cut.truncateTo(offset));
      return;
    }
    const records = answer.records ?? NO_BYTES;
    const { errorCode, flushDue } = partition.replicate(records, answer.highWatermark, answer.logStartOffset);
    if (errorCode !== ErrorCode.none) {
      this.#options.log.warn('a batch of the leader could not be appended', {
        topic: partition.topic,
        partition: partition.partition,
        errorCode,
      });
      this.#followed.backOff(each);
    } else if (flushDue) {
      // The next fetch tells the leader that this is kept: it must be by then.
      flushes.push(log.flush());
    }
  }

  async #startOver(channel: Channel, each: Followed): Promise<void> {
    const { nodeId, requestTimeoutMs } = this.#options;
    const { partition, epoch } = each;
    const stillFollows = (): boolean => this.#followed.get(partition) === each;
    const answered = await startOver({ channel, nodeId, requestTimeoutMs, partition, epoch, stillFollows });
    if (!answered) this.#followed.backOff(each);
  }
}

const NO_BYTES = new Uint8Array(0);
const SESSION_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.fetchSessionIdNotFound,
  ErrorCode.invalidFetchSessionEpoch,
  ErrorCode.fetchSessionTopicIdError,
]);
