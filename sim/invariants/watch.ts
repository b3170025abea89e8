import type { Broker } from '../../core/broker/index.ts';
import type { Quorum } from '../../core/quorum/quorum.ts';
import type { FaultReach } from '../../reports/verdict/faults.ts';
import { METADATA_DIRECTORY } from '../../reports/verdict/metadata-lost.ts';
import {
  WHITE_BOX_RULES,
  type WhiteBox,
  type WhiteBoxRule,
  type WhiteBoxViolation,
} from '../../reports/verdict/white-box.ts';
import type { HistoryNames } from '../../workloads/history.ts';
import type { SimNode } from '../node.ts';
import { ControlEvents } from './control-events.ts';
import { InSyncWatch, type Member } from './in-sync-watch.ts';
import { PartitionWatch } from './partition-watch.ts';
import { QuorumWatch } from './quorum-watch.ts';
import type { Findings } from './violation.ts';

/** Partitions looked at after one event; more take turns. */
const LOOKS_MAX = 32;
/** Kept of each run; the first ones tell most. */
const VIOLATIONS_MAX = 100;

const OFFSETS = '__consumer_offsets';

export interface WatchOptions {
  readonly names: HistoryNames;
  /** How many partitions `__consumer_offsets` has. */
  readonly offsetsPartitions: number;
  readonly nodes: readonly SimNode[];
  /** Null while the process of that broker id is down or starting. */
  readonly broker: (id: number) => Broker | null;
  /** Of that node, from the moment it has joined; null while it is down. */
  readonly quorum: (id: number) => Quorum | null;
  /** Since time zero. */
  readonly nowNs: () => number;
  /** The worst that faults have done so far to the bytes that a broker has in the directory of that name. */
  readonly reach: (broker: number, directory: string) => FaultReach;
}

/** What is held against one topic's partition. */
interface Watched {
  readonly partition: PartitionWatch;
  readonly inSync: InSyncWatch;
}

/**
 * Looks into the brokers after every event that touched one, and holds what it sees against the invariants. It changes
 * nothing in the world: a run with and without it has one trace.
 */
export class Watch implements Findings {
  readonly control: ControlEvents;
  /** Of the topic that holds what groups committed. */
  readonly offsetsControl: ControlEvents;
  readonly quorum: QuorumWatch;
  readonly #options: WatchOptions;
  /** By index: the newest topic of that name first, with those before it that a broker may hold still. */
  readonly #partitions: readonly Watched[][];
  readonly #idOf: ReadonlyMap<SimNode, number>;
  readonly #turns: number[];
  readonly #checked = new Map<WhiteBoxRule, Float64Array>();
  readonly #violations: WhiteBoxViolation[] = [];
  tornTails = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { names } = options;
    this.control = new ControlEvents(names.partitions, options.nowNs);
    const offsets = Array.from({ length: options.offsetsPartitions }, (_, partition) => ({
      topic: OFFSETS,
      partition,
    }));
    this.offsetsControl = new ControlEvents(offsets, options.nowNs);
    this.#partitions = names.partitions.map(() => []);
    // The metadata log is always synced: a power loss alone takes nothing of it.
    const stored = (id: number): boolean => ['stored', 'damaged'].includes(options.reach(id, METADATA_DIRECTORY));
    const forgetful = () => options.nodes.some((_, index) => stored(index + 1));
    this.quorum = new QuorumWatch(this, forgetful, options.nowNs);
    this.#idOf = new Map(options.nodes.map((node, index) => [node, index + 1]));
    this.#turns = options.nodes.map(() => 0);
    for (const rule of WHITE_BOX_RULES) {
      this.#checked.set(rule, new Float64Array(names.partitions.length + 1));
    }
  }

  started(broker: Broker): void {
    this.control.listen(broker);
    this.offsetsControl.listen(broker);
    for (const { topic, partition } of this.#options.names.partitions) {
      const recovery = broker.assembly.replicas.partition(topic, partition)?.log?.recovery;
      if (recovery !== undefined && recovery.truncatedBytes > 0) this.tornTails++;
    }
  }

  /** Whether every partition has a leader and all of its replicas in sync. */
  get recovered(): boolean {
    return this.#options.names.partitions.every((_, index) => this.#lacks(index) === null);
  }

  /** L1, at the end: what still lacks something then has not recovered. */
  judgeRecovery(waitedSeconds: number): void {
    for (const [index, { topic, partition }] of this.#options.names.partitions.entries()) {
      this.checked('L1', index);
      const lacks = this.#lacks(index);
      if (lacks === null) continue;
      const { replicas = [] } = this.control.newest(index) ?? {};
      const damaged = (id: number): boolean =>
        [`${topic}-${partition}`, METADATA_DIRECTORY].some((name) => this.#options.reach(id, name) === 'damaged');
      // A leader hands on what is damaged, and whoever checks it comes no further (a log of metadata as any other).
      if (replicas.some(damaged)) continue;
      this.violated('L1', index, `${topic}-${partition} ${lacks} ${waitedSeconds} s after everything was healed`);
    }
  }

  #lacks(index: number): string | null {
    const newest = this.control.newest(index);
    // Nobody leads what is there no more: whether it may be gone is P1's matter.
    if (this.control.isGone(index)) return null;
    if (newest === null || newest.leader === -1) return 'had no leader';
    if (newest.isr.length === newest.replicas.length) return null;
    return `had ISR {${newest.isr.join(',')}} of {${newest.replicas.join(',')}}`;
  }

  /** How often rare things happened: a campaign that never sees them tests less than it seems to. */
  marks(): Record<string, number> {
    const { leaderChanges, isrShrinks, isrExpansions, uncleanElections } = this.control;
    return {
      'leader changed': leaderChanges,
      'ISR shrank': isrShrinks,
      'ISR grew': isrExpansions,
      'leader from outside of the ISR': uncleanElections,
      'replica cut its log': this.truncations,
      'recovery cut a torn tail': this.tornTails,
      'controller elected': this.quorum.elections,
    };
  }

  touched(node: SimNode): void {
    const id = this.#idOf.get(node);
    if (id === undefined) return;
    const quorum = this.#options.quorum(id);
    if (quorum !== null) this.quorum.look(id, quorum);
    const broker = this.#options.broker(id);
    if (broker === null) return;
    const { partitions } = this.#options.names;
    const { replicas } = broker.assembly;
    const count = Math.min(partitions.length, LOOKS_MAX);
    let at = this.#turns[id - 1]!;
    for (let looked = 0; looked < count; looked++) {
      const { topic, partition } = partitions[at]!;
      const replica = replicas.partition(topic, partition);
      if (replica === undefined) for (const { partition } of this.#partitions[at]!) partition.forget(id);
      else {
        const watched = this.#watchOf(at, replica.topicId);
        watched.partition.look(id, replica);
        const newest = this.control.newest(at);
        if (newest?.topicId === replica.topicId) watched.inSync.look(newest);
      }
      at = at + 1 === partitions.length ? 0 : at + 1;
    }
    this.#turns[id - 1] = at;
  }

  /** A topic that was made anew under a name that was there is another one: their replicas have nothing in common. */
  #watchOf(index: number, topicId: string): Watched {
    const watches = this.#partitions[index]!;
    for (const known of watches) if (known.partition.topicId === topicId) return known;
    const { names, reach } = this.#options;
    const { topic, partition: number } = names.partitions[index]!;
    const name = `${topic}-${number}`;
    const destroyed = (id: number): boolean => !['none', 'unavailable'].includes(reach(id, name));
    const seesAll = names.partitions.length <= LOOKS_MAX;
    const partition = new PartitionWatch(index, name, topicId, this, (brokers) => brokers.some(destroyed), seesAll);
    const member = (id: number): Member | null => {
      const replica = this.#registered(id)?.assembly.replicas.partition(topic, number);
      return replica?.topicId === topicId ? replica : null;
    };
    const excused = (id: number): boolean => ['stored', 'damaged'].includes(reach(id, name));
    const inSync = new InSyncWatch({ index, name, findings: this, partition, member, excused });
    const watched = { partition, inSync };
    watches.unshift(watched);
    return watched;
  }

  /** A broker whose present life is the one that the controller has registered: only that one has a place in the ISR. */
  #registered(id: number): Broker | null {
    const broker = this.#options.broker(id);
    return broker === null || broker.brokerEpoch !== this.control.brokerEpoch(id) ? null : broker;
  }

  get truncations(): number {
    return this.#partitions.flat().reduce((sum, { partition }) => sum + partition.truncations, 0);
  }

  checked(rule: WhiteBoxRule, partition: number): void {
    const counts = this.#checked.get(rule)!;
    counts[partition < 0 ? counts.length - 1 : partition]! += 1;
  }

  violated(rule: WhiteBoxRule, partition: number, sentence: string, offset?: number): void {
    if (this.#violations.length >= VIOLATIONS_MAX) return;
    const timeNs = this.#options.nowNs();
    this.#violations.push({ rule, partition, timeNs, sentence, ...(offset === undefined ? {} : { offset }) });
  }

  violates(rules: readonly string[]): boolean {
    return this.#violations.some(({ rule }) => rules.includes(rule));
  }

  result(): WhiteBox {
    const checked = [...this.#checked].flatMap(([rule, counts]) =>
      Array.from(counts, (count, index) => ({ rule, partition: index === counts.length - 1 ? -1 : index, count })),
    );
    return { checked, violations: this.#violations, metadataLosses: this.quorum.losses };
  }
}
