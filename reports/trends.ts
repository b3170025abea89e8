import trend from './charts/trend.vl.json' with { type: 'json' };
import { changePoints } from './compare/change-points.ts';
import { figure } from './figure.ts';
import { page } from './page.ts';
import type { Better } from './store/figures.ts';
import { renderSpec } from './svg.ts';
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
    return { night, median: middle(samples.map(({ value }) => value)) };
  });
  const last = nights.at(-1);
  const before = nights.slice(0, -1);
  const points = changePoints(series.samples.map(({ value }) => value)).map(({ index, p, before: from, after }) => {
    return { night: series.samples[index]!.night, before: from, after, p };
  });
  const base = { ...series, nights, changePoints: points };
  if (last === undefined || before.length === 0)
    return { ...base, state: 'new', ratio: null, sentence: 'the first night' };
  if (series.exact) {
    const usual = before.at(-1)!.median;
    const ratio = usual === 0 ? null : last.median / usual;
    const worse = ratio === null ? 0 : series.better === 'lower' ? ratio - 1 : 1 / ratio - 1;
    if (last.median === usual) return { ...base, state: 'steady', ratio, sentence: 'equal' };
    const sentence = `${changeText(worse, usual, last.median, series.unit)}, exact`;
    return { ...base, state: worse >= EXACT_EFFECT_MIN ? 'alarm' : 'moved', ratio, sentence };
  }
  return { ...base, ...measuredState(series, last.night) };
}

function measuredState(series: TrendSeries, last: string): Pick<Trend, 'state' | 'ratio' | 'sentence'> {
  const like = likeTonight(series.samples, last);
  const nightly = [...Map.groupBy(like.earlier, ({ night }) => night).values()].map(medianOf);
  const [tonightMedian, usual] = [medianOf(like.tonight), middle(nightly)];
  const ratio = usual > 0 ? tonightMedian / usual : null;
  if (nightly.length < NIGHTS_MIN || like.earlier.length < SAMPLES_MIN) {
    const sentence = like.isBusy
      ? 'the machine was busy, and too rarely before to judge by'
      : 'too few nights to judge by';
    return { state: 'new', ratio, sentence };
  }
  const worse = ratio === null ? 0 : series.better === 'lower' ? ratio - 1 : 1 / ratio - 1;
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
  if (!JUDGED.has(series.metric) || !isLarge || !isApart) {
    return { state: 'steady', ratio, sentence: `within ${(needed * 100).toFixed(0)} %` };
  }
  const chance = grouped(Math.round(choose(tonight.length + earlier.length, tonight.length)));
  const busy = like.isBusy ? ' of busy nights' : '';
  const evidence = `all ${tonight.length} runs beyond all ${earlier.length} before${busy}, by chance once in ${chance}`;
  return {
    state: worse > 0 ? 'alarm' : 'moved',
    ratio,
    sentence: `${changeText(worse, usual, tonightMedian, series.unit)}, ${evidence}`,
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

function medianOf(samples: readonly TrendSample[]): number {
  return middle(samples.map(({ value }) => value));
}

/** In how many ways `chosen` can be taken out of `all`. */
function choose(all: number, chosen: number): number {
  let ways = 1;
  for (let each = 1; each <= chosen; each++) ways = (ways * (all - chosen + each)) / each;
  return ways;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const ORDER: readonly TrendState[] = ['alarm', 'moved', 'steady', 'new'];

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

/** What happened in a night beside the figures, for the page. */
export interface NightNotes {
  readonly title: string;
  readonly lines: readonly string[];
}

/** One page: alarms first, then every figure over the nights. */
export async function renderTrends(trends: readonly Trend[], notes: NightNotes): Promise<string> {
  const sorted = [...trends].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const alarms = sorted.filter(({ state }) => state === 'alarm');
  const head =
    alarms.length === 0 ? 'No alarm' : `${alarms.length} ${alarms.length === 1 ? 'figure' : 'figures'} got worse`;
  const rows = sorted.map(({ state, load, metric, unit, nights, sentence }) => {
    const value = nights.at(-1)?.median;
    const tone = state === 'alarm' ? 'fail' : state === 'moved' ? 'allowed' : 'pass';
    return `<tr class="${tone}"><td>${page.text(state)}</td><th scope="row">${page.text(load)}</th><td>${page.text(metric)}</td><td class="number">${value === undefined ? '–' : figure(value)}</td><td>${page.text(unit)}</td><td>${page.text(sentence)}</td></tr>`;
  });
  const table = `<div class="scroll"><table><thead><tr><th></th><th>Load</th><th>Figure</th><th class="number">Last night</th><th></th><th>Against the nights before</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const charts: string[] = [];
  for (const each of sorted.filter(({ exact, state }) => !exact || state !== 'steady')) {
    if (each.nights.length < 2) continue;
    const title = `${each.load}: ${each.metric}, ${each.unit}`;
    const wide = await renderSpec(specOf(each, 780), 780);
    const narrow = await renderSpec(specOf(each, 270), 270);
    charts.push(
      `<section><h2>${page.text(title)}</h2><figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${page.text(each.sentence)}</figcaption></figure></section>`,
    );
  }
  const equal = sorted.filter(({ exact, state }) => exact && state === 'steady').length;
  const note =
    equal === 0 ? '' : `<p class="note">${equal} simulated figures are equal to the night before and not drawn.</p>`;
  const lines = notes.lines.map((line) => `<p class="run">${page.text(line)}</p>`).join('');
  return page.whole(
    `${head}: ${notes.title}`,
    `<header class="verdict ${alarms.length === 0 ? 'pass' : 'fail'}"><h1>${page.text(head)}</h1>${lines}</header><section><h2>Figures</h2>${table}${note}</section>${charts.join('\n')}`,
  );
}

function specOf({ samples, nights, state, changePoints: points }: Trend, width: number): Record<string, unknown> {
  const numberOf = new Map(nights.map(({ night }, index) => [night, index + 1]));
  const last = nights.at(-1)!.night;
  return {
    ...structuredClone(trend),
    width,
    datasets: {
      samples: samples.map(({ night, value }) => ({
        night: numberOf.get(night),
        value,
        alarm: state === 'alarm' && night === last,
      })),
      medians: nights.map(({ night, median }) => ({ night: numberOf.get(night), value: median })),
      changes: points.map(({ night }) => ({ night: numberOf.get(night)! - 0.5 })),
    },
  };
}
