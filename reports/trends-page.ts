import trend from './charts/trend.vl.json' with { type: 'json' };
import { figure } from './figure.ts';
import { page } from './page.ts';
import { renderSpec } from './svg.ts';
import { ORDER, type Trend, type TrendState } from './trends.ts';

/** What happened in a night beside the figures. */
export interface NightNotes {
  readonly title: string;
  readonly lines: readonly string[];
}

const TONES: Readonly<Record<TrendState, string>> = { alarm: 'fail', moved: 'allowed', steady: 'pass', new: 'unknown' };
/** Widths of charts for a desk and for a phone. */
const WIDE = 780;
const NARROW = 270;

/** One page: what got worse and its charts first, then the other figures; what is equal is folded away. */
export async function renderTrends(trends: readonly Trend[], notes: NightNotes): Promise<string> {
  const all = [...new Set(trends.flatMap(({ nights }) => nights.map(({ night }) => night)))].sort();
  const numbers = new Map(all.map((night, index) => [night, index + 1]));
  const sorted = [...trends].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const alarms = sorted.filter(({ state }) => state === 'alarm');
  const moved = sorted.filter(({ state }) => state === 'moved');
  const equal = sorted.filter(isEqual);
  const others = sorted.filter((each) => each.state !== 'alarm' && each.state !== 'moved' && !isEqual(each));
  const head =
    alarms.length === 0 ? 'No alarm' : `${alarms.length} ${alarms.length === 1 ? 'figure' : 'figures'} got worse`;
  const findings = alarms.map(
    ({ load, metric, sentence }) =>
      `<p class="detail"><b>${page.text(load)}, ${page.text(metric)}</b>: ${page.text(sentence)}</p>`,
  );
  const lines = notes.lines.map((line) => `<p class="run">${page.text(line)}</p>`);
  const header = `<header class="verdict ${alarms.length === 0 ? 'pass' : 'fail'}"><h1>${page.text(head)}</h1>${findings.join('')}${lines.join('')}</header>`;
  const folded =
    equal.length === 0
      ? ''
      : `<section><details><summary>${equal.length} simulated figures, equal to the night before</summary>${table(equal)}</details></section>`;
  const body = [
    header,
    ...(await charts(alarms, numbers)),
    moved.length === 0 ? '' : `<section><h2>Moved, for no alarm</h2>${table(moved)}</section>`,
    others.length === 0 ? '' : `<section><h2>Steady</h2>${table(others)}</section>`,
    folded,
    ...(await charts([...moved, ...others], numbers)),
  ];
  return page.whole(`${head}: ${notes.title}`, body.filter((part) => part !== '').join('\n'));
}

function isEqual({ exact, state }: Trend): boolean {
  return exact && state === 'steady';
}

/** Three columns, so that a phone has room for the sentence. */
function table(trends: readonly Trend[]): string {
  const rows = trends.map(({ state, load, metric, unit, nights, sentence }) => {
    const value = nights.at(-1)?.median;
    const shown = value === undefined ? '–' : `${figure(value)} ${page.text(unit)}`;
    return `<tr class="${TONES[state]}"><th scope="row">${page.text(metric)} <span class="note">${page.text(load)}</span></th><td class="number">${shown}</td><td>${page.text(sentence)}</td></tr>`;
  });
  return `<table class="trends"><thead><tr><th>Figure</th><th class="number">Last night</th><th>Against the nights before</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

async function charts(trends: readonly Trend[], numbers: ReadonlyMap<string, number>): Promise<string[]> {
  const drawn: string[] = [];
  for (const each of trends) {
    if (each.nights.length < 2) continue;
    const title = `${each.load}: ${each.metric}, ${each.unit}`;
    const wide = await renderSpec(specOf(each, numbers, WIDE), WIDE);
    const narrow = await renderSpec(specOf(each, numbers, NARROW), NARROW);
    drawn.push(
      `<section><h2>${page.text(title)}</h2><figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${page.text(each.sentence)}</figcaption></figure></section>`,
    );
  }
  return drawn;
}

/** `numbers`: of all nights of the page, so that a figure which a night lacks has a gap there. */
function specOf(
  { samples, nights, state, changePoints: points }: Trend,
  numbers: ReadonlyMap<string, number>,
  width: number,
): Record<string, unknown> {
  const last = nights.at(-1)!.night;
  const changed = [...points.map(({ night }) => night), ...(state === 'alarm' ? [last] : [])];
  return {
    ...structuredClone(trend),
    width,
    datasets: {
      samples: samples.map(({ night, value, isDisturbed = false }) => ({
        night: numbers.get(night),
        value,
        alarm: state === 'alarm' && night === last && !isDisturbed,
        busy: isDisturbed,
      })),
      medians: nights.map(({ night, median }) => ({ night: numbers.get(night), value: median })),
      changes: changed.map((night) => ({ night: numbers.get(night)! - 0.5 })),
    },
  };
}
