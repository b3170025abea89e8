import type { Channel } from '../client/channel.ts';
import { fetch } from '../protocol/apis/01-fetch.ts';
import { listOffsets } from '../protocol/apis/02-list-offsets.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { ElementOf, Message } from '../protocol/schema.ts';
import type { Clock, Logger, Timers } from '../runtime.ts';
import type { ReplicationFaults } from './faults.ts';
import type { Partition } from './partition.ts';
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
const LIST_OFFSETS_VERSION = 9;
const EARLIEST = -2;
const LATEST = -1;

type PartitionResponse = ElementOf<ElementOf<Message<typeof fetch.response>['responses']>['partitions']>;

interface Followed {
  readonly partition: Partition;
  /** The leader epoch in which it follows. */
  readonly epoch: number;
  /** Not fetched before this time on the monotonic clock. */
  notBeforeNs: number;
}

/**
 * Fetches from one leader for all partitions that follow it: one request at a time, each naming every partition with the
 * epoch of its last record, so that a log that diverged is found by the fetch itself (KIP-595).
 */
export class Fetcher {
  readonly leaderId: number;
  readonly #options: FetcherOptions;
  readonly #followed = new Map<Partition, Followed>();
  #channel: Channel | null = null;
  #running: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(leaderId: number, options: FetcherOptions) {
    this.leaderId = leaderId;
    this.#options = options;
  }

  get size(): number {
    return this.#followed.size;
  }

  follow(partition: Partition, epoch: number): void {
    if (this.#followed.get(partition)?.epoch === epoch) return;
    this.#followed.set(partition, { partition, epoch, notBeforeNs: 0 });
    if (this.#options.faults.truncateToHighWatermark === true) void this.#truncateBlindly(partition);
    this.#wake?.();
    this.#running ??= this.#run();
  }

  async #truncateBlindly(partition: Partition): Promise<void> {
    try {
      await partition.truncate((log) => log.truncateTo(log.highWatermark));
    } catch (error) {
      this.#options.log.warn('a log could not be cut', { topic: partition.topic, error });
    }
  }

  unfollow(partition: Partition): void {
    this.#followed.delete(partition);
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
      const due = [...this.#followed.values()].filter((each) => this.#isDue(each));
      if (due.length === 0) {
        await this.#pause(this.#options.backoffMs / 4);
        continue;
      }
      try {
        await this.#fetch(due);
      } catch (error) {
        this.#channel?.close();
        this.#channel = null;
        if (this.#closed) break;
        this.#options.log.info('cannot fetch from the leader', { leader: this.leaderId, error });
        await this.#pause(this.#options.backoffMs);
      }
    }
    this.#channel?.close();
    this.#channel = null;
    this.#running = null;
  }

  #isDue({ partition, notBeforeNs }: Followed): boolean {
    return partition.truncating === null && partition.log !== null && this.#options.clock.monotonicNs() >= notBeforeNs;
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

  async #fetch(due: readonly Followed[]): Promise<void> {
    const channel = await this.#open();
    const { nodeId, brokerEpoch, waitMsMax, minBytes, responseBytesMax, partitionBytesMax, requestTimeoutMs } =
      this.#options;
    const byTopic = new Map<string, Followed[]>();
    for (const each of due) {
      const list = byTopic.get(each.partition.topicId);
      if (list === undefined) byTopic.set(each.partition.topicId, [each]);
      else list.push(each);
    }
    const response = await channel.request(
      fetch,
      FETCH_VERSION,
      {
        replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
        maxWaitMs: waitMsMax,
        minBytes,
        maxBytes: responseBytesMax,
        sessionEpoch: -1,
        topics: [...byTopic].map(([topicId, list]) => ({
          topicId,
          partitions: list.map(({ partition, epoch }) => ({
            partition: partition.partition,
            currentLeaderEpoch: epoch,
            fetchOffset: partition.log?.logEndOffset ?? 0,
            lastFetchedEpoch: this.#lastFetchedEpoch(partition),
            logStartOffset: partition.log?.logStartOffset ?? 0,
            partitionMaxBytes: partitionBytesMax,
          })),
        })),
      },
      waitMsMax + requestTimeoutMs,
    );
    if (response.errorCode !== ErrorCode.none) throw new Error(`fetch: error ${response.errorCode}`);
    const flushes: Promise<void>[] = [];
    for (const topic of response.responses) {
      for (const answer of topic.partitions) {
        const each = byTopic.get(topic.topicId)?.find(({ partition }) => partition.partition === answer.partitionIndex);
        // The role may have changed while the request was on its way.
        if (each === undefined || this.#followed.get(each.partition) !== each) continue;
        await this.#take(channel, each, answer, flushes);
      }
    }
    await Promise.all(flushes);
  }

  #lastFetchedEpoch({ log }: Partition): number {
    const { ignoreDivergence, truncateToHighWatermark } = this.#options.faults;
    if (log === null || ignoreDivergence === true || truncateToHighWatermark === true) return -1;
    return log.latestEpoch;
  }

  async #take(channel: Channel, each: Followed, answer: PartitionResponse, flushes: Promise<void>[]): Promise<void> {
    const { partition } = each;
    const { log } = partition;
    if (log === null) return;
    switch (answer.errorCode) {
      case ErrorCode.none:
        break;
      case ErrorCode.offsetOutOfRange:
        await this.#startOver(channel, each);
        return;
      default:
        // Another epoch or leader: metadata will tell; a broken leader disk: so will the controller.
        this.#backOff(each);
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
      this.#backOff(each);
    } else if (flushDue) {
      // The next fetch tells the leader that this is kept: it must be by then.
      flushes.push(log.flush());
    }
  }

  /**
   * The leader does not have the offset that comes next here: either it ends before (after an unclean election), or it
   * starts behind.
   */
  async #startOver(channel: Channel, each: Followed): Promise<void> {
    const { partition } = each;
    const latest = await this.#offset(channel, each, LATEST);
    const log = partition.log;
    if (latest === null || log === null || this.#followed.get(partition) !== each) return;
    if (latest < log.logEndOffset) {
      await partition.truncate((cut) => cut.truncateTo(latest));
      return;
    }
    const earliest = await this.#offset(channel, each, EARLIEST);
    if (earliest === null || this.#followed.get(partition) !== each) return;
    if (earliest > log.logEndOffset) await partition.truncate((cut) => cut.truncateFullyAndStartAt(earliest));
  }

  async #offset(channel: Channel, each: Followed, timestamp: number): Promise<number | null> {
    const { partition, epoch } = each;
    const response = await channel.request(
      listOffsets,
      LIST_OFFSETS_VERSION,
      {
        replicaId: this.#options.nodeId,
        topics: [
          {
            name: partition.topic,
            partitions: [{ partitionIndex: partition.partition, currentLeaderEpoch: epoch, timestamp }],
          },
        ],
      },
      this.#options.requestTimeoutMs,
    );
    const answer = response.topics[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== ErrorCode.none) {
      this.#backOff(each);
      return null;
    }
    return answer.offset;
  }

  #backOff(each: Followed): void {
    each.notBeforeNs = this.#options.clock.monotonicNs() + this.#options.backoffMs * 1e6;
  }
}

const NO_BYTES = new Uint8Array(0);

/** The fetchers of one broker, one for each leader that it follows. */
export class Fetchers {
  readonly #options: FetcherOptions;
  readonly #byLeader = new Map<number, Fetcher>();
  readonly #leaderOf = new Map<Partition, number>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Looks at a partition's role again. */
  roleChanged(partition: Partition): void {
    const { state } = partition;
    const leaderId = state.kind === 'follower' ? state.leaderId : -1;
    const before = this.#leaderOf.get(partition) ?? -1;
    if (before !== -1 && before !== leaderId) this.#byLeader.get(before)?.unfollow(partition);
    if (leaderId === -1 || state.kind !== 'follower') {
      this.#leaderOf.delete(partition);
      return;
    }
    this.#leaderOf.set(partition, leaderId);
    let fetcher = this.#byLeader.get(leaderId);
    if (fetcher === undefined) {
      fetcher = new Fetcher(leaderId, this.#options);
      this.#byLeader.set(leaderId, fetcher);
    }
    fetcher.follow(partition, state.epoch);
  }

  /** The metadata says that this broker is fenced, or lives anew. */
  brokerChanged(brokerId: number): void {
    this.#byLeader.get(brokerId)?.reconnect();
  }

  close(): void {
    for (const fetcher of this.#byLeader.values()) fetcher.close();
    this.#byLeader.clear();
    this.#leaderOf.clear();
  }
}
