import type { Broker } from '../../core/broker/index.ts';
import type { PartitionImage } from '../../core/controller/image.ts';
import type { ControlEvent } from '../../reports/verdict/faults.ts';
import type { HistoryNames } from '../../workloads/history.ts';

/** LeaderRecoveryState of a partition (KIP-704) whose leader was elected from outside of its in-sync replicas. */
const RECOVERING = 1;

/** Leaders and in-sync replicas over a run, from the committed metadata of whichever broker sees a change first. */
export class ControlEvents {
  readonly #events: ControlEvent[] = [];
  readonly #names: HistoryNames;
  readonly #last: (PartitionImage | null)[];
  readonly #nowNs: () => number;
  readonly #topics: ReadonlySet<string>;
  leaderChanges = 0;
  isrShrinks = 0;
  isrExpansions = 0;
  uncleanElections = 0;

  constructor(names: HistoryNames, nowNs: () => number) {
    this.#names = names;
    this.#nowNs = nowNs;
    this.#last = names.partitions.map(() => null);
    this.#topics = new Set(names.partitions.map(({ topic }) => topic));
  }

  /** In time order. */
  get events(): readonly ControlEvent[] {
    return this.#events;
  }

  /** How a partition looks in the newest metadata; null before it exists. */
  newest(index: number): PartitionImage | null {
    return this.#last[index] ?? null;
  }

  listen(broker: Broker): void {
    broker.metadataNode.metadata.addListener({
      metadataChanged: (delta, image) => {
        for (const topic of delta.topicsChanged) {
          if (!this.#topics.has(topic)) continue;
          for (const partition of image.topicsByName.get(topic)?.partitions ?? []) this.#see(partition);
        }
      },
    });
  }

  #see(now: PartitionImage): void {
    const index = this.#names.partitions.findIndex(
      ({ topic, partition }) => topic === now.topic && partition === now.partition,
    );
    if (index < 0) return;
    const before = this.#last[index]!;
    if (before !== null && now.partitionEpoch <= before.partitionEpoch) return;
    this.#last[index] = now;
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
    });
  }
}
