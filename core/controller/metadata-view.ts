import type { MetadataRecord } from '../protocol/index.ts';
import type { CommittedBatch, QuorumListener } from '../quorum/quorum.ts';
import type { Timers } from '../runtime.ts';
import type { ClusterImage } from './cluster-image.ts';
import type { Controller } from './controller.ts';
import type { MetadataDelta, MetadataListener } from './image.ts';
import { ImageBuilder } from './image-builder.ts';
import { imageRecords } from './image-records.ts';

/**
 * The committed metadata on this node: replays what the quorum delivers, tells the listeners what changed, then the
 * controller, so that whoever gets an answer from it finds this node's view already there.
 */
export class MetadataReplica implements QuorumListener {
  readonly #builder = new ImageBuilder();
  readonly #timers: Timers;
  readonly #listeners: MetadataListener[] = [];
  #waiters: { readonly offset: number; readonly resolve: (reached: boolean) => void; readonly cancel: () => void }[] =
    [];
  #controllerWaiters: (() => void)[] = [];
  #controllerId = -1;
  /** The controller of this process, told after the listeners. */
  controller: Pick<Controller, 'committed' | 'leaderChanged'> | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get image(): ClusterImage {
    return this.#builder.image;
  }

  get controllerId(): number {
    return this.#controllerId;
  }

  /** What is there already is told at once, as one change. */
  addListener(listener: MetadataListener): void {
    this.#listeners.push(listener);
    if (this.image.endOffset > 0) listener.metadataChanged(wholeDelta(this.image), this.image);
  }

  /** Resolves true once the image has replayed up to `offset` (exclusive), false after `timeoutMs`. */
  waitFor(offset: number, timeoutMs: number): Promise<boolean> {
    if (this.image.endOffset >= offset) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#timers.after(timeoutMs, () => {
        this.#waiters = this.#waiters.filter((waiter) => waiter !== entry);
        resolve(false);
      });
      const entry = { offset, resolve, cancel: () => timer.cancel() };
      this.#waiters.push(entry);
    });
  }

  /** Resolves true once an active controller is known and its first records are here, false after `timeoutMs`. */
  controllerKnown(timeoutMs: number): Promise<boolean> {
    if (this.#controllerId !== -1) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#timers.after(timeoutMs, () => {
        this.#controllerWaiters = this.#controllerWaiters.filter((waiter) => waiter !== known);
        resolve(false);
      });
      const known = (): void => {
        timer.cancel();
        resolve(true);
      };
      this.#controllerWaiters.push(known);
    });
  }

  committed(batches: readonly CommittedBatch[]): void {
    const last = batches.at(-1);
    if (last === undefined) return;
    for (const batch of batches) for (const record of batch.records) this.#builder.apply(record);
    this.image.endOffset = last.lastOffset + 1;
    this.image.epoch = last.epoch;
    this.#publish();
  }

  snapshotLoaded(records: Iterable<MetadataRecord>, endOffset: number, epoch: number): void {
    this.#builder.reload(records);
    this.image.endOffset = endOffset;
    this.image.epoch = epoch;
    this.#publish();
  }

  leaderChanged(leader: { readonly id: number; readonly epoch: number }): void {
    this.#controllerId = leader.id;
    this.controller?.leaderChanged(leader);
    if (leader.id === -1) return;
    const waiters = this.#controllerWaiters;
    this.#controllerWaiters = [];
    for (const waiter of waiters) waiter();
  }

  /** The records that make this image: what a snapshot holds. Null in the middle of a transaction: half is no state. */
  snapshotRecords(): readonly MetadataRecord[] | null {
    return this.#builder.inTransaction ? null : imageRecords(this.image);
  }

  #publish(): void {
    // Half a transaction is nobody's business: its delta is handed out when it has ended.
    if (!this.#builder.inTransaction) {
      const delta = this.#builder.takeDelta();
      for (const listener of this.#listeners) listener.metadataChanged(delta, this.image);
    }
    this.controller?.committed(this.image.endOffset);
    const reached = this.#waiters.filter((waiter) => waiter.offset <= this.image.endOffset);
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.offset > this.image.endOffset);
    for (const waiter of reached) {
      waiter.cancel();
      waiter.resolve(true);
    }
  }
}

/** Everything in the image, as if it had just come. */
function wholeDelta(image: ClusterImage): MetadataDelta {
  const kinds = ['topic', 'broker', 'group', 'client-metrics'] as const;
  return {
    topicsChanged: new Set(image.topicsByName.keys()),
    topicsDeleted: new Map(),
    brokersChanged: new Set(image.brokers.keys()),
    configsChanged: kinds.flatMap((kind) => image.configuredNames(kind).map((name) => ({ kind, name }))),
    featuresChanged: true,
  };
}
