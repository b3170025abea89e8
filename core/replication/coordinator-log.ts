import type { MetadataImage } from '../controller/image.ts';
import type { CoordinatorLog } from '../groups/coordinator-log.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Timers } from '../runtime.ts';
import type { AppendOutcome, PendingAppend } from './append.ts';
import type { Partition } from './partition.ts';
import type { ReplicaManager } from './replica-manager.ts';

export interface ReplicatedCoordinatorLogOptions {
  /** The internal topic. */
  readonly topic: string;
  readonly replicas: ReplicaManager;
  readonly image: () => MetadataImage;
  readonly timers: Timers;
  /** Creates the topic; resolves when it exists or cannot be made now. Never rejects. */
  readonly createTopic: () => Promise<void>;
}

/** Bytes of one piece of a replay. */
const REPLAY_BYTES = 1 << 20;
/** Pieces between which other work gets its turn. */
const REPLAY_PIECES_PER_TURN = 4;

/** A coordinator's state in the partitions of an internal topic, as replication keeps it. */
export class ReplicatedCoordinatorLog implements CoordinatorLog {
  readonly #options: ReplicatedCoordinatorLogOptions;
  #creating: Promise<void> | null = null;

  constructor(options: ReplicatedCoordinatorLogOptions) {
    this.#options = options;
  }

  existingPartitionCount(): number | null {
    return this.#options.image().topicsByName.get(this.#options.topic)?.partitions.length ?? null;
  }

  async partitionCount(): Promise<number | null> {
    const existing = this.existingPartitionCount();
    if (existing !== null) return existing;
    this.#creating ??= this.#options.createTopic().finally(() => {
      this.#creating = null;
    });
    await this.#creating;
    return this.existingPartitionCount();
  }

  append(
    partition: number,
    batch: Uint8Array,
    leaderEpoch: number,
  ): Promise<{ readonly errorCode: number; readonly baseOffset: number }> {
    const replica = this.#options.replicas.partition(this.#options.topic, partition);
    if (replica === undefined) return Promise.resolve({ errorCode: ErrorCode.notLeaderOrFollower, baseOffset: -1 });
    return new Promise((resolve) => replica.append(new CoordinatorAppend(batch, leaderEpoch, resolve)));
  }

  async replay(partition: number, visit: (batches: Uint8Array) => void): Promise<void> {
    const { replicas, topic, timers } = this.#options;
    const replica = replicas.partition(topic, partition);
    const log = replica?.log ?? null;
    if (log === null) throw new Error(`${topic}-${partition} is not open here`);
    let offset = log.logStartOffset;
    await this.#caughtUp(replica as Partition);
    for (let piece = 1; offset < log.highWatermark; piece++) {
      if ((replica as Partition).log !== log) throw new Error(`${topic}-${partition} moved away`);
      // What was deleted meanwhile is gone for every reader.
      offset = Math.max(offset, log.logStartOffset);
      const result = log.read({ offset, maxBytes: REPLAY_BYTES, minOneMessage: true, upTo: log.highWatermark });
      if (result.kind === 'refused') throw new Error(`${topic}-${partition} at ${offset}: ${result.message}`);
      if (result.bytes.length === 0) return;
      visit(result.bytes);
      offset = result.nextOffset;
      if (piece % REPLAY_PIECES_PER_TURN === 0) await new Promise<void>((resolve) => timers.endOfTurn(resolve));
    }
  }

  /**
   * A new leader's high watermark may lag behind what was committed before its election: all of that lies below the start
   * of its epoch, and until the high watermark is there, some commits would be missed.
   */
  async #caughtUp(replica: Partition): Promise<void> {
    const { timers, topic } = this.#options;
    const { leader } = replica;
    for (let waitedMs = 0; ; waitedMs += CATCH_UP_LOOK_MS) {
      if (leader === null || replica.leader !== leader)
        throw new Error(`${topic}-${replica.partition} is not led here`);
      if ((replica.log?.highWatermark ?? -1) >= leader.epochStartOffset) return;
      if (waitedMs >= CATCH_UP_MS_MAX) throw new Error(`${topic}-${replica.partition}: its followers do not catch up`);
      await timers.sleep(CATCH_UP_LOOK_MS);
    }
  }
}

const CATCH_UP_MS_MAX = 30_000;
const CATCH_UP_LOOK_MS = 10;

class CoordinatorAppend implements PendingAppend {
  readonly bytes: Uint8Array;
  readonly leaderEpoch: number;
  readonly origin = 'coordinator';
  readonly acks = -1;
  readonly crcChecked = true;
  readonly abandoned = false;
  readonly #resolve: (result: { errorCode: number; baseOffset: number }) => void;

  constructor(
    bytes: Uint8Array,
    leaderEpoch: number,
    resolve: (result: { errorCode: number; baseOffset: number }) => void,
  ) {
    this.bytes = bytes;
    this.leaderEpoch = leaderEpoch;
    this.#resolve = resolve;
  }

  settled({ errorCode, baseOffset }: AppendOutcome): void {
    this.#resolve({ errorCode, baseOffset });
  }
}
