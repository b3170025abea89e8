import type { Broker } from '../../core/broker/index.ts';
import type { FaultReach } from '../../reports/verdict/faults.ts';
import type { WhiteBox, WhiteBoxRule, WhiteBoxViolation } from '../../reports/verdict/white-box.ts';
import type { HistoryNames } from '../../workloads/history.ts';
import type { SimNode } from '../node.ts';
import { ControlEvents } from './control-events.ts';
import { PartitionWatch } from './partition-watch.ts';
import { QuorumWatch } from './quorum-watch.ts';
import type { Findings } from './violation.ts';

/** Partitions looked at after one event; more take turns. */
const LOOKS_MAX = 32;
/** Kept of each run; the first ones tell most. */
const VIOLATIONS_MAX = 100;

export interface WatchOptions {
  readonly names: HistoryNames;
  readonly nodes: readonly SimNode[];
  /** Null while the process of that broker id is down or starting. */
  readonly broker: (id: number) => Broker | null;
  /** Since time zero. */
  readonly nowNs: () => number;
  /** The worst that faults have done to the bytes of a broker so far. */
  readonly reach: (broker: number) => FaultReach;
}

/**
 * Looks into the brokers after every event that touched one, and holds what it sees against the invariants. It changes
 * nothing in the world: a run with and without it has one trace.
 */
export class Watch implements Findings {
  readonly control: ControlEvents;
  readonly quorum: QuorumWatch;
  readonly #options: WatchOptions;
  readonly #partitions: readonly PartitionWatch[];
  readonly #idOf: ReadonlyMap<SimNode, number>;
  readonly #turns: number[];
  readonly #checked = new Map<WhiteBoxRule, Float64Array>();
  readonly #violations: WhiteBoxViolation[] = [];

  constructor(options: WatchOptions) {
    this.#options = options;
    const { names, reach } = options;
    this.control = new ControlEvents(names, options.nowNs);
    const destroyed = (id: number): boolean => !['none', 'unavailable'].includes(reach(id));
    this.#partitions = names.partitions.map(
      ({ topic, partition }, index) =>
        new PartitionWatch(index, `${topic}-${partition}`, this, (brokers) => brokers.some(destroyed)),
    );
    // The metadata log is always synced: a power loss alone takes nothing of it.
    const stored = (id: number): boolean => ['stored', 'damaged'].includes(reach(id));
    this.quorum = new QuorumWatch(this, () => options.nodes.some((_, index) => stored(index + 1)));
    this.#idOf = new Map(options.nodes.map((node, index) => [node, index + 1]));
    this.#turns = options.nodes.map(() => 0);
    for (const rule of ['P7', 'P8', 'P9'] as const) {
      this.#checked.set(rule, new Float64Array(names.partitions.length + 1));
    }
  }

  started(broker: Broker): void {
    this.control.listen(broker);
  }

  touched(node: SimNode): void {
    const id = this.#idOf.get(node);
    if (id === undefined) return;
    const broker = this.#options.broker(id);
    if (broker === null) return;
    this.quorum.look(id, broker);
    const { partitions } = this.#options.names;
    const { replicas } = broker.assembly;
    const count = Math.min(partitions.length, LOOKS_MAX);
    let at = this.#turns[id - 1]!;
    for (let looked = 0; looked < count; looked++) {
      const { topic, partition } = partitions[at]!;
      const replica = replicas.partition(topic, partition);
      const watch = this.#partitions[at]!;
      if (replica === undefined) watch.forget(id);
      else watch.look(id, replica);
      at = at + 1 === partitions.length ? 0 : at + 1;
    }
    this.#turns[id - 1] = at;
  }

  get truncations(): number {
    return this.#partitions.reduce((sum, { truncations }) => sum + truncations, 0);
  }

  checked(rule: WhiteBoxRule, partition: number): void {
    const counts = this.#checked.get(rule)!;
    counts[partition < 0 ? counts.length - 1 : partition]! += 1;
  }

  violated(rule: WhiteBoxRule, partition: number, sentence: string): void {
    if (this.#violations.length >= VIOLATIONS_MAX) return;
    this.#violations.push({ rule, partition, timeNs: this.#options.nowNs(), sentence });
  }

  result(): WhiteBox {
    const checked = [...this.#checked].flatMap(([rule, counts]) =>
      Array.from(counts, (count, index) => ({ rule, partition: index === counts.length - 1 ? -1 : index, count })),
    );
    return { checked, violations: this.#violations };
  }
}
