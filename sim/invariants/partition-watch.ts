import type { Log } from '../../core/log/index.ts';
import type { Partition } from '../../core/replication/index.ts';
import { below, divergence, epochAt, keptLineage, type Lineage } from './lineage.ts';
import type { Findings } from './violation.ts';

/** What one broker's replica looked like after the last event that touched it. */
interface Seen {
  readonly log: Log;
  readonly roleChanges: number;
  readonly leading: number | null;
  readonly end: number;
  readonly highWatermark: number;
  readonly lineage: Lineage;
}

/** Invariants of one partition, over all of its replicas. */
export class PartitionWatch {
  readonly topicId: string;
  readonly #index: number;
  readonly #name: string;
  readonly #findings: Findings;
  /** Whether a fault may have taken durable or acknowledged bytes from a broker that holds the partition. */
  readonly #excused: (brokers: readonly number[]) => boolean;
  readonly #seesAll: boolean;
  /** By broker id: looked at after every event, so a plain list. */
  readonly #seen: (Seen | undefined)[] = [];
  readonly #leaderOf = new Map<number, number>();
  #newestEpoch = -1;
  /** Everything below was shown to readers by a leader; with the epochs of it. */
  #exposed = 0;
  #committed: Lineage = [];
  /** The highest high watermark of any leader so far, losses or not. */
  #shown = 0;
  /** Elections of leaders that lacked what readers were shown: in which epoch, and what was left. */
  readonly #losses: { readonly epoch: number; readonly kept: number }[] = [];
  truncations = 0;
  /** Counts what was seen to change: nothing to compare anew while it stands still. */
  revision = 0;

  /** `seesAll`: it is called after every event, so that no high watermark of a leader is missed. */
  constructor(
    index: number,
    name: string,
    topicId: string,
    findings: Findings,
    excused: (brokers: readonly number[]) => boolean,
    seesAll: boolean,
  ) {
    this.topicId = topicId;
    this.#seesAll = seesAll;
    this.#index = index;
    this.#name = name;
    this.#findings = findings;
    this.#excused = excused;
  }

  /** Everything below was shown to readers by the newest leader, and has not been lost since. */
  get exposed(): number {
    return this.#exposed;
  }

  /** The epochs of what was shown. */
  get committed(): Lineage {
    return this.#committed;
  }

  forget(broker: number): void {
    this.#seen[broker] = undefined;
  }

  look(broker: number, partition: Partition): void {
    const { log } = partition;
    if (log === null) {
      this.#seen[broker] = undefined;
      return;
    }
    const before = this.#seen[broker];
    const end = log.logEndOffset;
    const { highWatermark } = log;
    if (
      before !== undefined &&
      before.log === log &&
      before.end === end &&
      before.highWatermark === highWatermark &&
      before.roleChanges === partition.roleChanges
    ) {
      return;
    }
    const leader = partition.leader;
    const now: Seen = {
      log,
      roleChanges: partition.roleChanges,
      leading: leader === null ? null : leader.epoch,
      end,
      highWatermark,
      lineage: keptLineage(before?.lineage, log.epochStarts),
    };
    this.#seen[broker] = now;
    this.revision++;
    if (before !== undefined && before.log === log && end < before.end) this.#cut(broker, before, now);
    if (leader !== null) {
      this.#leads(broker, before, now, leader.epoch, leader.replicas);
    } else {
      this.#trails(broker, before, now);
      this.#follows(broker, now);
    }
  }

  /** A running replica has cut its log: nothing that agreed with what readers were shown may have gone. */
  #cut(broker: number, before: Seen, now: Seen): void {
    this.truncations++;
    this.#findings.checked('P9', this.#index);
    const shown = Math.min(before.end, this.#exposed);
    if (now.end >= shown) return;
    if (epochAt(before.lineage, now.end) !== epochAt(this.#committed, now.end)) return;
    this.#findings.violated(
      'P9',
      this.#index,
      `broker ${broker} cut ${this.#name} at offset ${now.end}, below the high watermark ${this.#exposed} that readers were shown`,
      now.end,
    );
  }

  #leads(broker: number, before: Seen | undefined, now: Seen, epoch: number, replicas: readonly number[]): void {
    const findings = this.#findings;
    this.#shown = Math.max(this.#shown, now.highWatermark);
    const other = this.#leaderOf.get(epoch);
    if (other === undefined) {
      this.#leaderOf.set(epoch, broker);
      this.#newestEpoch = Math.max(this.#newestEpoch, epoch);
    } else if (other !== broker) {
      findings.violated('P8', this.#index, `brokers ${other} and ${broker} both lead ${this.#name} in epoch ${epoch}`);
    }
    findings.checked('P7', this.#index);
    const same = before !== undefined && before.log === now.log && before.leading === epoch;
    if (same && now.highWatermark < before.highWatermark) {
      findings.violated(
        'P7',
        this.#index,
        `the high watermark of ${this.#name} on broker ${broker} went from ${before.highWatermark} back to ${now.highWatermark} within epoch ${epoch}`,
        now.highWatermark,
      );
    }
    // A leader of the past may not know yet that it is one: only the newest speaks for the partition.
    if (epoch < this.newestEpoch) return;
    if (!same) this.#elected(broker, now, epoch, replicas);
    if (now.highWatermark > this.#exposed) {
      this.#exposed = now.highWatermark;
      if (this.#committed !== now.lineage) this.#committed = committedOf(now.lineage, now.highWatermark);
    }
  }

  /** The newest leader epoch that any broker has led in, -1 before the first. */
  get newestEpoch(): number {
    return this.#newestEpoch;
  }

  /** A new leader has everything that readers were shown, unless faults took it. */
  #elected(broker: number, now: Seen, epoch: number, replicas: readonly number[]): void {
    const findings = this.#findings;
    findings.checked('P9', this.#index);
    const start = now.log.logStartOffset;
    const differs = divergence(now.lineage, this.#committed, start, Math.min(now.end, this.#exposed));
    const kept = differs === -1 ? now.end : differs;
    if (kept >= this.#exposed) return;
    if (!this.#excused(replicas)) {
      const what = differs === -1 ? `ends at offset ${now.end}` : `has other records from offset ${differs} on`;
      findings.violated(
        'P9',
        this.#index,
        `broker ${broker}, elected in epoch ${epoch}, ${what}: readers of ${this.#name} were shown everything below ${this.#exposed}`,
        kept,
      );
    }
    this.#losses.push({ epoch, kept });
    this.#exposed = kept;
    this.#committed = below(this.#committed, kept);
  }

  /** A follower shows no more than a leader has shown: readers may be sent to it (KIP-392), and it may lead next. */
  #trails(broker: number, before: Seen | undefined, now: Seen): void {
    if (!this.#seesAll) return;
    this.#findings.checked('P7', this.#index);
    // A new life goes on from what was written down as the last one ended, which may have led until then.
    if (before === undefined || before.log !== now.log) return;
    // It led when it was last looked at: what it committed in the very event that made it a follower no other look has seen.
    if (before.leading !== null) this.#shown = Math.max(this.#shown, now.highWatermark);
    if (now.highWatermark <= Math.max(this.#shown, before.highWatermark)) return;
    this.#findings.violated(
      'P7',
      this.#index,
      `follower ${broker} has ${now.highWatermark} for the high watermark of ${this.#name}, and no leader has shown more than ${this.#shown}`,
      this.#shown,
    );
  }

  /** What a follower holds to be committed is what the leaders committed. */
  #follows(broker: number, now: Seen): void {
    const to = Math.min(now.highWatermark, now.end, this.#exposed);
    const from = now.log.logStartOffset;
    if (from >= to) return;
    this.#findings.checked('P8', this.#index);
    const differs = divergence(now.lineage, this.#committed, from, to);
    if (differs === -1) return;
    // Who was away at such an election holds what was lost, until it has fetched from that leader and cut its log.
    const last = now.lineage.at(-1)?.epoch ?? -1;
    if (this.#losses.some(({ epoch, kept }) => differs >= kept && last < epoch)) return;
    const own = epochAt(now.lineage, differs);
    const committed = epochAt(this.#committed, differs);
    this.#findings.violated(
      'P8',
      this.#index,
      `at offset ${differs} of ${this.#name} broker ${broker} holds a record of epoch ${own} for committed where the leaders committed one of epoch ${committed}`,
      differs,
    );
  }
}

/** The lineage itself where all of it is committed: the next look then knows it again. */
function committedOf(lineage: Lineage, highWatermark: number): Lineage {
  const last = lineage.at(-1);
  return last === undefined || last.startOffset < highWatermark ? lineage : below(lineage, highWatermark);
}
