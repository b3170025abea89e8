import { EXIT, type ExitCode, type RunRecord } from '../run-record.ts';
import { type Better, figuresOf, fingerprintOf, type RunFigure } from '../store/figures.ts';
import { JUDGEMENTS } from '../verdict/result.ts';
import { sentenceOf } from './sentence.ts';
import { holm, median, PAIRS_MIN, type PairedEffect, pairedEffect } from './statistics.ts';

/** A regression is called below this p, corrected for the number of figures: of a hundred comparisons of equals two may err. */
const SIGNIFICANT_P = 0.02;
/** Effects below this share are not worth a person's time, whatever their p. */
const EFFECT_MIN = 0.05;
const EFFECTS_MIN: Readonly<Record<string, number>> = { 'publish.p99': 0.08, 'endToEnd.p99': 0.08 };
/** The figures that can fail a comparison; the others are shown. Rare percentiles and maxima are a lottery. */
const GATED: ReadonlySet<string> = new Set([
  'publish.p50',
  'publish.p99',
  'endToEnd.p50',
  'endToEnd.p99',
  'throughput.acked',
  'throughput.consumed',
  'broker.cpu',
  'broker.produce',
]);

/** Of a search only its answer is gated: the other figures are those of its last run, at a rate of its own. */
const SEARCHED = 'search.rate';

export type RowResult =
  | 'same'
  /** An exact figure that differs: the code does something else than before. */
  | 'changed'
  | 'improved'
  | 'regressed'
  /** The interval is too wide to exclude a regression that matters: more pairs, or a quieter machine. */
  | 'unstable'
  /** Too few runs to say anything. */
  | 'undecided';

export interface ComparedFigure {
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  readonly exact: boolean;
  /** Medians where there are several runs of an arm. */
  readonly a: number;
  readonly b: number;
  /** b / a; null where a is 0. */
  readonly ratio: number | null;
  /** Of wall-clock figures with at least two pairs; p is Holm-corrected over what is gated. */
  readonly interval: { readonly low: number; readonly high: number; readonly p: number } | null;
  /** Share that an effect must reach; 0 for exact figures. */
  readonly effectMin: number;
  readonly gated: boolean;
  readonly result: RowResult;
}

export interface Comparison {
  readonly schema: 1;
  readonly workload: string;
  readonly a: ComparedArm;
  readonly b: ComparedArm;
  readonly pairs: number;
  readonly result: RowResult;
  readonly exit: ExitCode;
  readonly sentence: string;
  readonly durability: { readonly a: string; readonly b: string };
  readonly figures: readonly ComparedFigure[];
}

export interface ComparedArm {
  readonly label: string;
  readonly runs: readonly string[];
  readonly commit: string;
}

export interface CompareOptions {
  readonly labels: readonly [a: string, b: string];
  /** Noise floors by metric, from A/A comparisons. */
  readonly noise?: ReadonlyMap<string, number>;
}

/** Runs that must not be held against each other. */
export class ComparisonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ComparisonError';
  }
}

/** Throws ComparisonError unless both ran the same workload, and, where a clock on the wall decides, on one machine. */
export function refuseUnlike(a: RunRecord, b: RunRecord): void {
  if (a.workloadHash !== b.workloadHash) {
    throw new ComparisonError(
      `${a.id} and ${b.id} did not run the same workload (${a.workloadHash} and ${b.workloadHash})`,
    );
  }
  if (a.target !== b.target) throw new ComparisonError(`${a.id} ran on ${a.target}, ${b.id} on ${b.target}`);
  if (a.target === 'sim') {
    if (a.seed === b.seed) return;
    throw new ComparisonError(`${a.id} ran under seed ${a.seed}, ${b.id} under ${b.seed}: exact figures differ anyway`);
  }
  const [machineA, machineB] = [fingerprintOf(a.environment), fingerprintOf(b.environment)];
  if (machineA !== machineB) {
    throw new ComparisonError(`${a.id} and ${b.id} ran on different machines (${machineA} and ${machineB})`);
  }
}

/** Compares runs of arm a with runs of arm b, in pairs: run i of one ran beside run i of the other. */
export function compare(a: readonly RunRecord[], b: readonly RunRecord[], options: CompareOptions): Comparison {
  if (a.length !== b.length || a.length === 0) throw new RangeError(`${a.length} and ${b.length} runs are no pairs`);
  const bySide = [a, b].map((runs) =>
    runs.map((run) => new Map(figuresOf(run).map((figure) => [figure.name, figure]))),
  );
  const [ofA, ofB] = bySide as [Map<string, RunFigure>[], Map<string, RunFigure>[]];
  const disturbed = disturbedPairs(a, b);
  const drafts = [...ofA[0]!.values()].flatMap((figure) => draftOf(figure, { ofA, ofB, disturbed, options }));
  const tested = drafts.filter(({ gated, effect }) => gated && effect !== null);
  const corrected = holm(tested.map(({ effect }) => effect!.p));
  const pOf = new Map(tested.map(({ name }, index) => [name, corrected[index]!]));
  const figures = drafts.map((draft) => judged(draft, pOf.get(draft.name)));
  const durability = { a: worstVerdict(a), b: worstVerdict(b) };
  const [labelA, labelB] = options.labels;
  const base = {
    schema: 1,
    workload: b[0]!.workload,
    a: { label: labelA, runs: a.map(({ id }) => id), commit: a[0]!.environment.commit },
    b: { label: labelB, runs: b.map(({ id }) => id), commit: b[0]!.environment.commit },
    pairs: a.length,
    durability,
    figures,
  } as const;
  const result = resultOf(figures);
  return {
    ...base,
    result,
    exit: exitOf(result, durability),
    sentence: sentenceOf({ result, figures, durability, pairs: a.length, disturbed: disturbed.size }),
  };
}

interface Draft extends Omit<ComparedFigure, 'interval' | 'result'> {
  readonly effect: PairedEffect | null;
}

/** Pairs in which the load generator of a run fell behind: what it has timed and counted there is not the brokers'. */
export function disturbedPairs(a: readonly RunRecord[], b: readonly RunRecord[]): Set<number> {
  const isDisturbed = ({ generator }: RunRecord): boolean => generator?.state === 'fell behind';
  return new Set(a.keys().filter((pair) => isDisturbed(a[pair]!) || isDisturbed(b[pair]!)));
}

interface Sides {
  readonly ofA: readonly ReadonlyMap<string, RunFigure>[];
  readonly ofB: readonly ReadonlyMap<string, RunFigure>[];
  readonly disturbed: ReadonlySet<number>;
  readonly options: CompareOptions;
}

function draftOf(figure: RunFigure, { ofA, ofB, disturbed, options: { noise } }: Sides): Draft[] {
  const { name, unit, better, exact } = figure;
  const everywhere = [...ofA.keys()];
  // What brokers say of themselves does not depend on the schedule of the load: it stands where little else is left.
  const undisturbed = everywhere.filter((pair) => !disturbed.has(pair));
  const isAll = name.startsWith('broker.') && undisturbed.length < PAIRS_MIN;
  const kept = isAll ? everywhere : undisturbed;
  const valuesOf = (runs: readonly ReadonlyMap<string, RunFigure>[], pairs: readonly number[]) =>
    pairs.flatMap((pair) => runs[pair]!.get(name)?.value ?? []);
  // A percentile that some run had too few samples for is no series of pairs.
  if (valuesOf(ofA, everywhere).length < ofA.length || valuesOf(ofB, everywhere).length < ofB.length) return [];
  // Where no pair is left, the medians are shown, and nothing is decided by them.
  const shown = kept.length > 0 ? kept : everywhere;
  const [valuesA, valuesB] = [valuesOf(ofA, shown), valuesOf(ofB, shown)];
  const [middleA, middleB] = [median(valuesA), median(valuesB)];
  const isPositive = [...valuesA, ...valuesB].every((value) => value > 0);
  const effect = !exact && kept.length > 1 && isPositive ? pairedEffect(valuesA, valuesB) : null;
  const floor = Math.max(EFFECTS_MIN[name] ?? EFFECT_MIN, noise?.get(name) ?? 0);
  return [
    {
      name,
      unit,
      better,
      exact,
      a: middleA,
      b: middleB,
      ratio: effect?.ratio ?? (middleA === 0 ? null : middleB / middleA),
      effectMin: exact ? 0 : floor,
      gated: ofA[0]!.has(SEARCHED) ? name === SEARCHED : GATED.has(name),
      effect,
    },
  ];
}

function judged({ effect, ...draft }: Draft, corrected: number | undefined): ComparedFigure {
  const interval = effect === null ? null : { low: effect.low, high: effect.high, p: corrected ?? effect.p };
  const result = draft.exact
    ? exactResult(draft)
    : effect === null
      ? 'undecided'
      : measuredResult(draft, effect, interval!.p);
  return { ...draft, interval, result };
}

/** A worse exact figure is a regression once it is worth speaking of; there is no doubt about it. */
function exactResult({ a, b, better, name, gated }: Omit<Draft, 'effect'>): RowResult {
  if (a === b) return 'same';
  const worse = a === 0 ? 0 : better === 'lower' ? b / a - 1 : a / b - 1;
  return gated && worse >= (EFFECTS_MIN[name] ?? EFFECT_MIN) ? 'regressed' : 'changed';
}

function measuredResult(draft: Omit<Draft, 'effect'>, effect: PairedEffect, p: number): RowResult {
  if (effect.pairs < PAIRS_MIN) return 'undecided';
  const { ratio, low, high } = effect;
  const excludesOne = (low > 1 || high < 1) && p < SIGNIFICANT_P;
  const size = Math.max(ratio, 1 / ratio) - 1;
  if (excludesOne && size >= draft.effectMin) {
    return ratio > 1 === (draft.better === 'lower') ? 'regressed' : 'improved';
  }
  // Whether a regression of twice the smallest effect can be excluded; if not, the figure is not green.
  const worst = draft.better === 'lower' ? high : 1 / low;
  return worst - 1 > 2 * draft.effectMin ? 'unstable' : 'same';
}

function resultOf(figures: readonly ComparedFigure[]): RowResult {
  const gated = figures.filter((figure) => figure.gated);
  for (const result of ['regressed', 'undecided', 'unstable'] as const) {
    if (gated.some((figure) => figure.result === result)) return result;
  }
  if (figures.some((figure) => figure.exact && figure.result === 'changed')) return 'changed';
  return gated.some(({ result }) => result === 'improved') ? 'improved' : 'same';
}

function exitOf(result: RowResult, durability: { a: string; b: string }): ExitCode {
  if (durability.b === 'fail') return EXIT.durabilityViolation;
  if (result === 'regressed') return EXIT.regression;
  if (result === 'unstable' || result === 'undecided' || durability.b === 'unknown') return EXIT.inconclusive;
  return EXIT.pass;
}

function worstVerdict(runs: readonly RunRecord[]): string {
  return JUDGEMENTS[Math.max(...runs.map(({ verdict }) => JUDGEMENTS.indexOf(verdict.result)))]!;
}

/**
 * An arm held against itself: a regression between equals is a false alarm and stays one; figures that are too unsteady
 * for the smallest effects are what the comparison was made to learn, so they become noise floors, and are named.
 */
export function compareSelf(a: readonly RunRecord[], b: readonly RunRecord[], options: CompareOptions): Comparison {
  const plain = compare(a, b, options);
  if (plain.result !== 'unstable') return plain;
  const floors = noiseFloors(plain);
  for (const [name, floor] of options.noise ?? []) floors.set(name, Math.max(floor, floors.get(name) ?? 0));
  const judged = compare(a, b, { ...options, noise: floors });
  const unsteady = plain.figures
    .filter(({ gated, result }) => gated && result === 'unstable')
    .map(({ name }) => `${name} ${(floors.get(name)! * 100).toFixed(0)} %`);
  return {
    ...judged,
    sentence: `${judged.sentence}; on this machine no smaller change can be seen than ${unsteady.join(', ')}`,
  };
}

/** The share that noise alone makes of each figure, from a comparison of an arm with itself. */
export function noiseFloors(comparison: Comparison): Map<string, number> {
  const floors = new Map<string, number>();
  for (const { name, interval } of comparison.figures) {
    if (interval === null) continue;
    floors.set(name, Math.max(interval.high, 1 / interval.low) - 1);
  }
  return floors;
}
