import type { Random } from '../runtime.ts';
import type { ElectionTiming } from './election-types.ts';

/** How long the news that a leader has left may take to reach all. */
const HANDOVER_MS = 20;
/** Between two voters that stand because their leader is gone: an election takes less, so the first is seldom met by the second. */
const STAGGER_MS = 100;

/** When a voter that waits stands for election, in monotonic ms. Drawn, so that two seldom stand at once. */
export class ElectionDeadlines {
  readonly #timing: ElectionTiming;
  readonly #random: Random;
  readonly #isSoleVoter: () => boolean;

  constructor(timing: ElectionTiming, random: Random, isSoleVoter: () => boolean) {
    this.#timing = timing;
    this.#random = random;
    this.#isSoleVoter = isSoleVoter;
  }

  get #soonestMs(): number {
    return Math.floor(this.#timing.electionTimeoutMs / 5);
  }

  /** A leader may be there, or about to be: it is given a whole election timeout. */
  patient(nowMs: number): number {
    const { electionTimeoutMs } = this.#timing;
    if (this.#isSoleVoter()) return nowMs;
    return nowMs + electionTimeoutMs + this.#random.below(Math.max(1, electionTimeoutMs));
  }

  /** Where nobody is known to lead an election may come early: a pre-vote disturbs no leader that there is. */
  soon(nowMs: number): number {
    if (this.#isSoleVoter()) return nowMs;
    return nowMs + HANDOVER_MS + this.#random.below(Math.max(1, this.#soonestMs));
  }

  /**
   * A member starts, and knows of no leader: the first voter stands at once, the others in turn after it. `rank` is this
   * voter's place among them, from 0.
   */
  atStart(nowMs: number, rank: number): number {
    if (rank === 0 || this.#isSoleVoter()) return nowMs;
    return nowMs + rank * STAGGER_MS + this.#random.below(STAGGER_MS / 4);
  }

  /** How long a majority of pre-votes waits for those voters that have not said anything. */
  hearingAll(nowMs: number): number {
    return nowMs + this.#soonestMs;
  }

  /** The leader is gone, and all notice at about the same time: `rank` is this voter's place among them, from 0. */
  inTurn(nowMs: number, rank: number): number {
    const jitterMs = this.#random.below(STAGGER_MS / 4);
    return nowMs + HANDOVER_MS + rank * STAGGER_MS + jitterMs;
  }

  /** The leader has named this voter to go first: once the others may be thought to have heard as well. */
  named(nowMs: number): number {
    return nowMs + HANDOVER_MS;
  }

  /** An election was lost: a random while, so that two losers do not meet again. */
  afterLoss(nowMs: number, preVote: boolean): number {
    const { electionBackoffMaxMs } = this.#timing;
    // A lost pre-vote has raised no epoch: to ask again soon disturbs nobody.
    const longestMs = preVote ? Math.min(electionBackoffMaxMs, this.#soonestMs) : electionBackoffMaxMs;
    const backoffMs = this.#random.below(Math.max(1, Math.floor(longestMs))) + 1;
    return nowMs + backoffMs;
  }
}
