import type { Quorum } from '../../core/quorum/quorum.ts';
import type { MetadataLoss } from '../../reports/verdict/metadata-lost.ts';
import type { Findings } from './violation.ts';

interface Seen {
  readonly quorum: Quorum;
  readonly leads: number | null;
  readonly highWatermark: number;
}

/** The rules of Raft, over the metadata logs of all controllers. */
export class QuorumWatch {
  readonly #findings: Findings;
  /** Whether a fault may have made a voter forget what it had stored. */
  readonly #forgetful: () => boolean;
  readonly #nowNs: () => number;
  readonly #seen: (Seen | undefined)[] = [];
  readonly #leaderOf = new Map<number, number>();
  /** How far the log was known to be committed, and since when, both rising. */
  #committed: { readonly offset: number; readonly timeNs: number }[] = [];
  #newestEpoch = -1;
  readonly losses: MetadataLoss[] = [];
  elections = 0;

  constructor(findings: Findings, forgetful: () => boolean, nowNs: () => number) {
    this.#findings = findings;
    this.#forgetful = forgetful;
    this.#nowNs = nowNs;
  }

  look(id: number, quorum: Quorum): void {
    const { leader, highWatermark, logEndOffset } = quorum;
    const leads = leader.id === id ? leader.epoch : null;
    const before = this.#seen[id];
    const same = before !== undefined && before.quorum === quorum;
    if (same && before.leads === leads && before.highWatermark === highWatermark) return;
    this.#seen[id] = { quorum, leads, highWatermark };
    this.#findings.checked('P7', -1);
    if (same && highWatermark < before.highWatermark) {
      this.#findings.violated(
        'P7',
        -1,
        `the high watermark of the metadata log on node ${id} went from ${before.highWatermark} back to ${highWatermark}`,
      );
    }
    if (leads !== null && !(same && before.leads === leads)) this.#elected(id, leads, logEndOffset);
    if (highWatermark > this.#committedOffset()) this.#committed.push({ offset: highWatermark, timeNs: this.#nowNs() });
  }

  #committedOffset(): number {
    return this.#committed.at(-1)?.offset ?? 0;
  }

  #elected(id: number, epoch: number, end: number): void {
    this.elections++;
    const other = this.#leaderOf.get(epoch);
    this.#leaderOf.set(epoch, id);
    this.#findings.checked('P8', -1);
    // A controller that lost its disk has forgotten its vote: static voters (before KIP-853) cannot know.
    if (other !== undefined && other !== id && !this.#forgetful()) {
      this.#findings.violated('P8', -1, `nodes ${other} and ${id} both lead the metadata quorum in epoch ${epoch}`);
    }
    // Voters that forget may elect in an epoch that has been; all others only hear late of an election that is over.
    if (epoch < this.#newestEpoch && !this.#forgetful()) return;
    this.#newestEpoch = Math.max(this.#newestEpoch, epoch);
    this.#findings.checked('P9', -1);
    const committed = this.#committedOffset();
    if (end >= committed) return;
    this.#findings.violated(
      'P9',
      -1,
      `node ${id} leads the metadata quorum in epoch ${epoch} with a log that ends at ${end}; everything below ${committed} was committed`,
    );
    const { timeNs: sinceNs } = this.#committed.find(({ offset }) => offset > end)!;
    this.losses.push({ timeNs: this.#nowNs(), sinceNs, node: id, end, committed, reusesEpoch: other !== undefined });
    this.#committed = this.#committed.filter(({ offset }) => offset <= end);
    this.#committed.push({ offset: end, timeNs: sinceNs });
  }
}
