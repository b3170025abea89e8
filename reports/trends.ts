import { changePoints } from './compare/change-points.ts';
import { median } from './compare/statistics.ts';
import { figure } from './figure.ts';
import type { Better } from './store/figures.ts';
import { grouped } from './verdict/tally.ts';

/** One figure of one run of one night. */
export interface TrendSample {
  /** When the night's runs began, ISO 8601: what groups them. */
  readonly night: string;
  readonly runId: string;
  readonly commit: string;
  readonly value: number;
  /** The load generator fell behind: the machine was busy with something else. Only figures of brokers are kept of such runs. */
  readonly isDisturbed?: boolean;
}

/** One figure of one load on one machine over the nights, the oldest first. */
export interface TrendSeries {
  readonly load: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: Better;
  /** Of a simulation: equal code gives equal values. */
  readonly exact: boolean;
  readonly samples: readonly TrendSample[];
}

export type TrendState =
  /** Too few nights to say anything. */
  | 'new'
  | 'steady'
  /** An exact figure that differs, or a wall-clock figure that has clearly got better. */
  | 'moved'
  | 'alarm';

export interface Trend extends TrendSeries {
  readonly nights: readonly { readonly night: string; readonly median: number }[];
  readonly state: TrendState;
  /** Last night over the median of those before; null for the first. */
  readonly ratio: number | null;
  readonly sentence: string;
  /** Found over all nights; for triage. */
  readonly changePoints: readonly {
    readonly night: string;
    readonly before: number;
    readonly after: number;
    readonly p: number;
  }[];
}

/** The figures that may raise an alarm. Rare percentiles of a wall clock are a lottery: shown, never judged. */
const JUDGED: ReadonlySet<string> = new Set([
  'broker.cpu',
  'broker.produce',
  'search.rate',
  'throughput.acked',
  'publish.p50',
  'endToEnd.p50',
]);
const EFFECT_MIN = 0.1;
const EXACT_EFFECT_MIN = 0.05;
/** A change has to be so many times what the nights before differed by among themselves. */
const SPREAD_FACTOR = 2;
const NIGHTS_MIN = 2;
const SAMPLES_MIN = 3;

/**
 * Judges the last night against all before it. A wall-clock figure raises an alarm when every run of the night is worse
 * than every run before, and the median is worse by a tenth and by twice the spread of the earlier nights' medians: three
 * runs that lie beyond nine earlier ones do so by chance once in 220. Only like is held against like: a busy machine makes
 * every request dearer, so that runs of a busy night are judged by earlier busy ones. An exact figure needs no luck.
 */
export function judgeTrend(series: TrendSeries): Trend {
  const nights = [...Map.groupBy(series.samples, ({ night }) => night)].map(([night, samples]) => {
    return { night, median: medianOf(samples) };
  });
  const last = nights.at(-1);
  const before = nights.slice(0, -1);
  // Runs of one night are no independent witnesses: a night speaks once.
  const points = changePoints(nights.map(({ median }) => median)).map(({ index, p, before: from, after }) => {
    return { night: nights[index]!.night, before: from, after, p };
  });
  const base = { ...series, nights, changePoints: points };
  if (last === undefined || before.length === 0)
    return { ...base, state: 'new', ratio: null, sentence: 'the first night' };
  if (series.exact) {
    const usual = before.at(-1)!.median;
    const { ratio, worse } = against(series.better, usual, last.median);
    if (last.median === usual) return { ...base, state: 'steady', ratio, sentence: 'equal' };
    const sentence = `${changeText(worse, usual, last.median, series.unit)}, exact`;
    return { ...base, state: worse >= EXACT_EFFECT_MIN ? 'alarm' : 'moved', ratio, sentence };
  }
  return { ...base, ...measuredState(series, last.night) };
}

function measuredState(series: TrendSeries, last: string): Pick<Trend, 'state' | 'ratio' | 'sentence'> {
  const like = likeTonight(series.samples, last);
  const nightly = [...Map.groupBy(like.earlier, ({ night }) => night).values()].map(medianOf);
  const [tonightMedian, usual] = [medianOf(like.tonight), median(nightly)];
  const { ratio, worse } = against(series.better, usual, tonightMedian);
  if (nightly.length < NIGHTS_MIN || like.earlier.length < SAMPLES_MIN) {
    const sentence = like.isBusy
      ? 'the machine was busy, and too rarely before to judge by'
      : 'too few nights to judge by';
    return { state: 'new', ratio, sentence };
  }
  const spread = usual === 0 ? 0 : (Math.max(...nightly) - Math.min(...nightly)) / usual;
  const tonight = like.tonight.map(({ value }) => value);
  const earlier = like.earlier.map(({ value }) => value);
  const needed = Math.max(EFFECT_MIN, SPREAD_FACTOR * spread);
  const isLarge = Math.abs(worse) >= needed;
  const [highest, lowest] = [Math.max(...earlier), Math.min(...earlier)];
  const isApart =
    worse > 0 === (series.better === 'lower')
      ? tonight.every((value) => value > highest)
      : tonight.every((value) => value < lowest);
  const change = changeText(worse, usual, tonightMedian, series.unit);
  if (!JUDGED.has(series.metric)) return { state: 'steady', ratio, sentence: `${change}; shown, never judged` };
  if (!isLarge) return { state: 'steady', ratio, sentence: `within ${(needed * 100).toFixed(0)} %` };
  if (!isApart) return { state: 'steady', ratio, sentence: `${change}, yet some runs lie among those before` };
  const chance = grouped(Math.round(choose(tonight.length + earlier.length, tonight.length)));
  const busy = like.isBusy ? ' of busy nights' : '';
  const evidence = `all ${tonight.length} runs beyond all ${earlier.length} before${busy}, by chance once in ${chance}`;
  return {
    state: worse > 0 ? 'alarm' : 'moved',
    ratio,
    sentence: `${change}, ${evidence}`,
  };
}

/** The runs of the last night that say most, and those of earlier nights that ran under the same conditions. */
function likeTonight(
  samples: readonly TrendSample[],
  last: string,
): { readonly tonight: TrendSample[]; readonly earlier: TrendSample[]; readonly isBusy: boolean } {
  const calm = samples.filter(({ isDisturbed }) => isDisturbed !== true);
  const isBusy = calm.at(-1)?.night !== last;
  const like = isBusy ? samples.filter(({ isDisturbed }) => isDisturbed === true) : calm;
  const [tonight, earlier] = [[], []] as [TrendSample[], TrendSample[]];
  for (const sample of like) (sample.night === last ? tonight : earlier).push(sample);
  return { tonight, earlier, isBusy };
}

function changeText(worse: number, from: number, to: number, unit: string): string {
  const share = from === 0 ? 0 : Math.abs(to / from - 1) * 100;
  return `${worse >= 0 ? 'worse' : 'better'} by ${share.toFixed(1)} % (${figure(from)} to ${figure(to)} ${unit})`;
}

/** How a figure stands to what was usual, and by which share it is worse; null and 0 where nothing was. */
function against(
  better: Better,
  usual: number,
  now: number,
): { readonly ratio: number | null; readonly worse: number } {
  const ratio = usual > 0 ? now / usual : null;
  return { ratio, worse: ratio === null ? 0 : better === 'lower' ? ratio - 1 : 1 / ratio - 1 };
}

function medianOf(samples: readonly TrendSample[]): number {
  return median(samples.map(({ value }) => value));
}

/** In how many ways `chosen` can be taken out of `all`. */
function choose(all: number, chosen: number): number {
  let ways = 1;
  for (let each = 1; each <= chosen; each++) ways = (ways * (all - chosen + each)) / each;
  return ways;
}

/** What is to be looked at first. */
export const ORDER: readonly TrendState[] = ['alarm', 'moved', 'steady', 'new'];

/** One line for each figure that is no longer what it was; one for all if there is none. */
export function trendsText(trends: readonly Trend[]): string {
  const told = trends.filter(({ state }) => state === 'alarm' || state === 'moved');
  const nights = new Set(trends.flatMap((each) => each.nights.map(({ night }) => night))).size;
  if (told.length === 0) return `no alarm: ${trends.length} figures over ${nights} nights\n`;
  const lines = told
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
    .map(
      ({ state, load, metric, sentence }) =>
        `${state === 'alarm' ? 'ALARM' : 'moved'}  ${load}  ${metric}: ${sentence}`,
    );
  return `${lines.join('\n')}\n`;
}
