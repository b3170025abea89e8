import { ClientError, type ConfigInput, type ConsumedBatch, Consumer } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import type {
  CommitOffset,
  ConsumerDriver,
  ConsumerEvents,
  ConsumerSubscription,
  PolledBatch,
  PolledGap,
  TopicPartition,
} from './driver.ts';

const COMMIT_MS = 10_000;

/** Our own consumer behind the actors' interface. */
export class OwnConsumer implements ConsumerDriver {
  readonly #client: Consumer;
  readonly #subscription: ConsumerSubscription;
  readonly #events: ConsumerEvents;
  #paused = false;

  constructor(runtime: Runtime, subscription: ConsumerSubscription, config: ConfigInput, events: ConsumerEvents) {
    this.#subscription = subscription;
    this.#events = events;
    const group = subscription.group === null ? {} : { 'group.id': subscription.group };
    this.#client = new Consumer({ runtime, config: { ...config, ...group } });
  }

  async start(): Promise<void> {
    const { group, topics, partitions } = this.#subscription;
    if (group === null) {
      this.#client.assign(partitions);
      this.#events.assigned(partitions, -1);
      return;
    }
    this.#client.subscribe(topics, {
      assigned: (taken, generation) => {
        this.#events.assigned(taken, generation);
        if (this.#paused) this.#client.pause(taken);
      },
      revoked: (given, generation) => this.#events.revoked(given, generation),
      lost: (gone, generation) => this.#events.lost(gone, generation),
    });
  }

  async poll(maxWaitMs: number): Promise<readonly PolledBatch[]> {
    const batches = await this.#client.poll(maxWaitMs);
    return batches.map((batch) => new OwnBatch(batch));
  }

  async commit(
    offsets: readonly CommitOffset[],
  ): Promise<readonly { readonly errorCode: number; readonly definite: boolean }[]> {
    try {
      await this.#client.commitSync(offsets, COMMIT_MS);
      return offsets.map(() => ({ errorCode: 0, definite: true }));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // 0 means success; a failure without a code of the broker's is -1.
      const errorCode = error.code === 0 ? -1 : error.code;
      return offsets.map(() => ({ errorCode, definite: error.definite }));
    }
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly number[] | null> {
    try {
      const found = await this.#client.committed(partitions, COMMIT_MS);
      return found.map((one) => one?.offset ?? -1);
    } catch (error) {
      if (error instanceof ClientError) return null;
      throw error;
    }
  }

  pause(): void {
    this.#paused = true;
    this.#client.pause(this.#client.assignment());
  }

  resume(): void {
    this.#paused = false;
    this.#client.resume(this.#client.assignment());
  }

  close(timeoutMs: number): Promise<void> {
    return this.#client.close(timeoutMs);
  }
}

class OwnBatch implements PolledBatch {
  readonly #batch: ConsumedBatch;

  constructor(batch: ConsumedBatch) {
    this.#batch = batch;
  }

  get topic(): string {
    return this.#batch.topic;
  }
  get partition(): number {
    return this.#batch.partition;
  }
  get fromOffset(): number {
    return this.#batch.fromOffset;
  }
  get toOffset(): number {
    return this.#batch.toOffset;
  }
  get leaderEpoch(): number {
    return this.#batch.leaderEpoch;
  }
  get gaps(): readonly PolledGap[] {
    return this.#batch.gaps;
  }
  next(): boolean {
    return this.#batch.next();
  }
  get offset(): number {
    return this.#batch.cursor.offset;
  }
  get bytes(): Uint8Array {
    return this.#batch.cursor.bytes;
  }
  get valueAt(): number {
    return this.#batch.cursor.valueAt;
  }
  get valueLength(): number {
    return this.#batch.cursor.valueLength;
  }
  header(name: string): Uint8Array | null {
    for (const header of this.#batch.cursor.headers()) if (header.name === name) return header.value;
    return null;
  }
}
