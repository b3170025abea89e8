import { lanesOf } from './lanes.ts';
import { brokerName } from './names.ts';
import type { Band, Facts, Lane, Moment, MomentKind, WitnessRow } from './story.ts';

/** More rows than this nobody reads; what matters least goes first. */
const MOMENTS_MAX = 24;
/** Faults that ended shortly before the record was sent may still be felt. */
export const BEFORE_NS = 1e9;

/** How much a kind of moment matters when there is no room for all. */
const WORTH: Readonly<Record<MomentKind, number>> = {
  loss: 9,
  send: 8,
  ack: 8,
  append: 7,
  elected: 6,
  other: 6,
  read: 5,
  fault: 5,
  replicate: 4,
  back: 4,
  commit: 4,
  shrink: 3,
};

/** A story as it is told: its lanes, and the moments and bands that are entered in them. */
export class Telling {
  readonly lanes: readonly Lane[];
  /** Where the loss became certain, once that was found. */
  point: string | null = null;
  readonly facts: Facts;
  /** Of the witness, -1 without one. */
  readonly offset: number;
  /** Records that readers found at the offset instead, by the epoch of their batch. */
  readonly others: ReadonlyMap<number, string>;
  readonly moments: Moment[] = [];
  readonly bands: Band[] = [];
  /** The witness' life begins. */
  readonly fromNs: number;
  /** Times of elections of a leader that lacks the record. */
  readonly without: Set<number> = new Set();

  constructor(given: Facts) {
    // Each actor's rows come in order, but not one actor's among another's.
    const facts = { ...given, rows: given.rows.toSorted((a, b) => a.timeNs - b.timeNs) };
    this.facts = facts;
    this.offset = facts.example?.offset ?? -1;
    const isOther = ({ kind, isWitness, offset }: WitnessRow): boolean =>
      kind === 'read' && !isWitness && offset === this.offset && facts.example?.record !== undefined;
    this.others = new Map(facts.rows.filter(isOther).map(({ epoch, record }) => [epoch, record]));
    this.lanes = lanesOf(facts);
    const own = facts.rows.filter(({ isWitness }) => isWitness).map(({ timeNs }) => timeNs);
    const known = (facts.example?.events ?? []).flatMap(({ timeNs }) => (timeNs === null ? [] : [timeNs]));
    const from = Math.min(...own, ...known);
    this.fromNs = Number.isFinite(from) ? from : (facts.replicas[0]?.timeNs ?? 0);
  }

  /** What came after the loss no longer matters, but for who led next and what readers found. */
  cut(): void {
    const losses = this.moments.filter(({ kind }) => kind === 'loss').map(({ timeNs }) => timeNs);
    const found = this.moments.filter(({ kind }) => kind === 'read' || kind === 'ack').map(({ timeNs }) => timeNs);
    const lossNs = Math.max(...(losses.length > 0 ? losses : found), this.fromNs);
    let elections = 0;
    const kept = this.moments
      .toSorted((a, b) => a.timeNs - b.timeNs)
      .filter(({ kind, timeNs }) => {
        if (timeNs < this.fromNs - BEFORE_NS) return false;
        if (timeNs <= lossNs || kind === 'read' || kind === 'loss' || kind === 'ack') return true;
        return kind === 'elected' && elections++ === 0;
      });
    this.moments.splice(0, this.moments.length, ...kept);
  }

  /** In time order, as many as there is room for. */
  worthTelling(): Moment[] {
    const byWorth = this.moments
      .map((moment, index) => ({ moment, index }))
      .sort((a, b) => WORTH[b.moment.kind] - WORTH[a.moment.kind] || a.index - b.index)
      .slice(0, MOMENTS_MAX);
    const kept = byWorth.sort((a, b) => a.moment.timeNs - b.moment.timeNs || a.index - b.index);
    return kept.map(({ moment }) => moment);
  }

  /** -1 for a name without a lane, as for a broker without one. */
  lane(name: string): number {
    return this.lanes.findIndex((lane) => lane.name === name);
  }

  broker(id: number): number {
    return this.lane(brokerName(id));
  }

  add(kind: MomentKind, timeNs: number, lane: number, text: string, to = -1): void {
    if (lane < 0) return;
    this.moments.push({ timeNs, kind, lane, text, ...(to < 0 || to === lane ? {} : { to }) });
  }

  leaderAt(timeNs: number): number {
    return this.#controlAt(timeNs)?.leader ?? -1;
  }

  epochAt(timeNs: number): number {
    return this.#controlAt(timeNs)?.leaderEpoch ?? -1;
  }

  /** What was last decided of the partition; `control` is in the order of its times. */
  #controlAt(timeNs: number): Facts['control'][number] | null {
    let last = null;
    for (const event of this.facts.control) {
      if (event.timeNs > timeNs) break;
      last = event;
    }
    return last;
  }
}
