import type { Quorum } from '../../core/quorum/quorum.ts';
import type { Findings } from './violation.ts';

interface Seen {
  readonly quorum: Quorum;
  readonly leads: number | null;
  readonly highWatermark: number;
}

/** The rules of Raft, over the metadata logs of all controllers. */
export class QuorumWatch {
  readonly #findings: Findings;
  readonly #excused: () => boolean;
  readonly #seen = new Map<number, Seen>();
  readonly #leaderOf = new Map<number, number>();
  #committed = 0;
  #newestEpoch = -1;
  elections = 0;

  constructor(findings: Findings, excused: () => boolean) {
    this.#findings = findings;
    this.#excused = excused;
  }

  look(id: number, quorum: Quorum): void {
    const { leader, highWatermark, logEndOffset } = quorum;
    const leads = leader.id === id ? leader.epoch : null;
    const before = this.#seen.get(id);
    const same = before !== undefined && before.quorum === quorum;
    if (same && before.leads === leads && before.highWatermark === highWatermark) return;
    this.#seen.set(id, { quorum, leads, highWatermark });
    this.#findings.checked('P7', -1);
    if (same && highWatermark < before.highWatermark) {
      this.#findings.violated(
        'P7',
        -1,
        `the high watermark of the metadata log on node ${id} went from ${before.highWatermark} back to ${highWatermark}`,
      );
    }
    if (leads !== null && !(same && before.leads === leads)) this.#elected(id, leads, logEndOffset);
    this.#committed = Math.max(this.#committed, highWatermark);
  }

  #elected(id: number, epoch: number, end: number): void {
    this.elections++;
    const other = this.#leaderOf.get(epoch);
    this.#leaderOf.set(epoch, id);
    this.#findings.checked('P8', -1);
    // A controller that lost its disk has forgotten its vote: static voters (before KIP-853) cannot know.
    if (other !== undefined && other !== id && !this.#excused()) {
      this.#findings.violated('P8', -1, `nodes ${other} and ${id} both lead the metadata quorum in epoch ${epoch}`);
    }
    if (epoch < this.#newestEpoch) return;
    this.#newestEpoch = epoch;
    this.#findings.checked('P9', -1);
    if (end >= this.#committed) return;
    if (!this.#excused()) {
      this.#findings.violated(
        'P9',
        -1,
        `node ${id} leads the metadata quorum in epoch ${epoch} with a log that ends at ${end}; everything below ${this.#committed} was committed`,
      );
    }
    this.#committed = end;
  }
}
