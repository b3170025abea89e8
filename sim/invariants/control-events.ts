import type { Broker } from '../../core/broker/index.ts';
import type { PartitionImage } from '../../core/controller/image.ts';
import type { ControlEvent } from '../../reports/verdict/faults.ts';
import type { HistoryNames } from '../../workloads/history.ts';

/** LeaderRecoveryState of a partition (KIP-704) whose leader was elected from outside of its in-sync replicas. */
const RECOVERING = 1;

interface Seen {
  readonly partition: PartitionImage;
  /** Of the metadata log, when the change was read. */
  readonly epoch: number;
}

/** Leaders and in-sync replicas over a run, from the committed metadata of whichever broker sees a change first. */
export class ControlEvents {
  readonly #events: ControlEvent[] = [];
  readonly #partitions: HistoryNames['partitions'];
  readonly #last: (Seen | null)[];
  /** Ids of the topics that had this name, by partition: a topic that was made anew is another one. */
  readonly #topicIds: readonly Set<string>[];
  readonly #nowNs: () => number;
  readonly #topics: ReadonlySet<string>;
  readonly #brokerEpochs = new Map<number, number>();
  leaderChanges = 0;
  isrShrinks = 0;
  isrExpansions = 0;
  uncleanElections = 0;

  constructor(partitions: HistoryNames['partitions'], nowNs: () => number) {
    this.#partitions = partitions;
    this.#nowNs = nowNs;
    this.#last = partitions.map(() => null);
    this.#topicIds = partitions.map(() => new Set());
    this.#topics = new Set(partitions.map(({ topic }) => topic));
  }

  /** In time order. */
  get events(): readonly ControlEvent[] {
    return this.#events;
  }

  /** How a partition looks in the newest metadata; null where it does not exist. */
  newest(index: number): PartitionImage | null {
    return this.#last[index]?.partition ?? null;
  }

  /** Whether it was there, and its topic was made anew without it. */
  isGone(index: number): boolean {
    return this.#last[index] === null && this.#topicIds[index]!.size > 0;
  }

  /** The broker epoch of the newest registration of a broker, -1 before the first. */
  brokerEpoch(broker: number): number {
    return this.#brokerEpochs.get(broker) ?? -1;
  }

  listen(broker: Broker): void {
    broker.metadataNode.metadata.addListener({
      metadataChanged: (delta, image) => {
        for (const id of delta.brokersChanged) {
          const epoch = image.brokers.get(id)?.epoch ?? -1;
          if (epoch > this.brokerEpoch(id)) this.#brokerEpochs.set(id, epoch);
        }
        for (const topic of delta.topicsChanged) {
          if (!this.#topics.has(topic)) continue;
          const { id, partitions } = image.topicsByName.get(topic) ?? { id: '', partitions: [] };
          for (const partition of partitions) this.#see(partition, image.epoch);
          if (partitions.length > 0) this.#forget(topic, id, partitions.length);
        }
      },
    });
  }

  /** A topic that was made anew, with fewer partitions. */
  #forget(topic: string, id: string, from: number): void {
    for (const [index, named] of this.#partitions.entries()) {
      const last = this.#last[index]?.partition;
      if (named.topic !== topic || named.partition < from || last === undefined || last.topicId === id) continue;
      this.#last[index] = null;
      const { leaderEpoch } = last;
      const nobody = { leader: -1, leaderEpoch, isr: [], unclean: false, forgotten: true };
      this.#events.push({ timeNs: this.#nowNs(), partition: index, ...nobody });
    }
  }

  #see(now: PartitionImage, epoch: number): void {
    const index = this.#partitions.findIndex(
      ({ topic, partition }) => topic === now.topic && partition === now.partition,
    );
    if (index < 0) return;
    const last = this.#last[index]!;
    if (last === null ? this.#topicIds[index]!.has(now.topicId) : !this.#isNews(index, now, epoch, last)) return;
    this.#last[index] = { partition: now, epoch };
    this.#topicIds[index]!.add(now.topicId);
    const before = last?.partition ?? null;
    const forgotten = before !== null && !isNext(before, now);
    this.#changed(index, now, forgotten ? null : before, forgotten);
  }

  #changed(index: number, now: PartitionImage, before: PartitionImage | null, forgotten: boolean): void {
    const moved = before !== null && now.leader !== before.leader && now.leader !== -1;
    // KIP-704: the controller itself says so of a leader from outside of the ISR; the last known leader is one, too. A
    // broker that reads on after an outage is given several changes at once, and may miss the moment without a leader.
    const elected = before !== null && now.leader !== -1 && now.leaderEpoch > before.leaderEpoch;
    const fromOutside = moved && !before.isr.includes(now.leader) && !before.elr.includes(now.leader);
    const unclean = fromOutside || (elected && now.recoveryState === RECOVERING);
    if (moved) this.leaderChanges++;
    if (unclean) this.uncleanElections++;
    if (before?.isr.some((id) => !now.isr.includes(id))) this.isrShrinks++;
    if (before !== null && now.isr.some((id) => !before.isr.includes(id))) this.isrExpansions++;
    this.#events.push({
      timeNs: this.#nowNs(),
      partition: index,
      leader: now.leader,
      leaderEpoch: now.leaderEpoch,
      isr: [...now.isr],
      unclean,
      ...(forgotten ? { forgotten } : {}),
    });
  }

  /**
   * Brokers read the same changes at different times, so a partition epoch that was seen is no news. Only a metadata log
   * that lost what it had committed goes back to an earlier one, under a later leader, or has the topic under another id.
   */
  #isNews(index: number, now: PartitionImage, epoch: number, { partition: last, epoch: lastEpoch }: Seen): boolean {
    if (now.topicId !== last.topicId) return epoch > lastEpoch || !this.#topicIds[index]!.has(now.topicId);
    if (now.partitionEpoch > last.partitionEpoch) return true;
    return now.partitionEpoch < last.partitionEpoch && epoch > lastEpoch;
  }
}

function isNext(before: PartitionImage, now: PartitionImage): boolean {
  return now.topicId === before.topicId && now.partitionEpoch > before.partitionEpoch;
}
