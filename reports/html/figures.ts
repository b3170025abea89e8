import { compare } from '../compare/compare.ts';
import { figure } from '../figure.ts';
import { type LatencySummary, PERCENTILES } from '../histogram.ts';
import { LATENCY_TITLES } from '../labels.ts';
import { page } from '../page.ts';
import { PROBE_HEADS, probeRows, searchSentence } from '../rate-search.ts';
import type { LatencyName, RunRecord } from '../run-record.ts';
import { type ChartName, renderSvg } from '../svg.ts';
import { TELEMETRY_HEADS, telemetryRows } from '../telemetry.ts';
import { grouped } from '../verdict/tally.ts';

/** Plot widths in pixels: a phone held upright gets drawings of its own, for scaled text is not readable. */
const WIDE = 820;
const NARROW = 270;

const { text } = page;

export async function figureOf(
  record: RunRecord,
  chart: ChartName,
  title: string,
  caption: string,
  against?: RunRecord,
): Promise<string> {
  const beside = against === undefined ? {} : { against };
  const wide = await renderSvg(record, chart, { width: WIDE, theme: 'page', ...beside });
  const narrow = await renderSvg(record, chart, { width: NARROW, theme: 'page', ...beside });
  return `<section><h2>${title}</h2><figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${text(caption)}</figcaption></figure></section>`;
}

export function tiles(record: RunRecord): string {
  const { throughput } = record.metrics;
  const list: [string, string, string][] = [];
  const target = throughput.target === undefined ? '' : `of ${grouped(throughput.target)} asked for`;
  list.push(['Acknowledged', `${grouped(throughput.acked)}<small>/s</small>`, target]);
  list.push([
    'Volume',
    `${(throughput.bytes / 1e6).toFixed(1)}<small> MB/s</small>`,
    `${grouped(throughput.consumed)} consumed/s`,
  ]);
  for (const name of ['publish', 'endToEnd'] as const) {
    const summary = record.metrics[name];
    if (summary?.max === undefined) continue;
    const percentile = summary.p99 === undefined ? 'max' : 'p99';
    const value = summary[percentile]!;
    const also =
      percentile === 'p99' && summary.p50 !== undefined
        ? `p50 ${figure(summary.p50)} · max ${figure(summary.max)}`
        : '';
    list.push([`${LATENCY_TITLES[name]} ${percentile}`, `${figure(value)}<small> ${summary.unit}</small>`, also]);
  }
  const confirmed = record.faults.filter((fault) => fault.confirmed).length;
  if (record.faults.length > 0) list.push(['Faults', String(record.faults.length), `${confirmed} confirmed`]);
  const items = list.map(([name, value, note]) => `<li><span>${name}</span><b>${value}</b><span>${note}</span></li>`);
  return `<ul class="tiles">${items.join('')}</ul>`;
}

/** What a search for the highest rate found: the answer, the curve, every probe. */
export async function rateSearch(record: RunRecord): Promise<string> {
  const { search } = record;
  if (search === undefined) return '';
  const sentence = searchSentence(search);
  const heads = PROBE_HEADS.map((head, column) =>
    column === PROBE_HEADS.length - 1 ? '<th></th>' : `<th class="number">${head}</th>`,
  );
  const rows = probeRows(search).map((row) => {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? `<td>${text(cell)}</td>` : `<td class="number">${text(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const table = `<details><summary>All probes</summary><div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
  const drawing = await figureOf(
    record,
    'search',
    `Highest sustainable rate${search.rate === 0 ? '' : `: ${grouped(search.rate)}/s`}`,
    `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}. Publish latency in milliseconds over the rate; each probe is a point, filled where it held. The rest of this page is about ${search.confirmation === null ? 'the last probe' : 'the confirmation'}.`,
  );
  return drawing.replace(/<\/section>$/, () => `${table}</section>`);
}

export function latencies(record: RunRecord): string {
  const rows = (Object.keys(LATENCY_TITLES) as LatencyName[]).flatMap((name) => {
    const summary = record.metrics[name];
    return summary === undefined || summary.count === 0 ? [] : [[name, summary] as const];
  });
  if (rows.length === 0) return '';
  const columns = (['p50', 'p95', 'p99', 'p99.9', 'p99.99'] as const).filter((column) =>
    rows.some(([, summary]) => summary[column] !== undefined),
  );
  const unit = rows[0]![1].unit;
  const cell = (value: number | undefined) => `<td class="number">${value === undefined ? '–' : figure(value)}</td>`;
  const body = rows.map(
    ([name, summary]: readonly [LatencyName, LatencySummary]) =>
      `<tr><th scope="row">${LATENCY_TITLES[name]}</th><td class="number">${grouped(summary.count)}</td>${cell(summary.min)}${cell(summary.mean)}${columns.map((column) => cell(summary[column])).join('')}${cell(summary.max)}</tr>`,
  );
  const heads = ['Samples', 'min', 'mean', ...columns, 'max'].map((head) => `<th class="number">${head}</th>`);
  const rarest =
    Object.keys(PERCENTILES).length > columns.length
      ? '<p class="note">From the intended time of each operation. A percentile with fewer than ten samples beyond it is not printed.</p>'
      : '';
  return `<section><h2>Latency, ${unit}</h2><div class="scroll"><table class="figures"><thead><tr><th></th>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>${rarest}</section>`;
}

/** The figures that decide a comparison, or that differ, then both spectra in one drawing. */
export async function comparisonOf(record: RunRecord, against: RunRecord): Promise<string> {
  const comparison = compare([against], [record], { labels: [against.id, record.id] });
  const shown = comparison.figures.filter(({ gated, exact, result }) => gated || (exact && result !== 'same'));
  const rows = shown.map(
    ({ name, unit, a, b, ratio, result }) =>
      `<tr><th scope="row">${text(name)}</th><td class="number">${figure(a)}</td><td class="number">${figure(b)}</td><td>${text(unit)}</td><td class="number">${ratio === null ? '–' : ratio.toFixed(3)}</td><td>${text(result)}</td></tr>`,
  );
  const table = `<div class="scroll"><table><thead><tr><th></th><th class="number">Before</th><th class="number">This run</th><th></th><th class="number">Ratio</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const note = `<p class="note">Before: ${text(against.id)}, commit ${text(against.environment.commit.slice(0, 10))}. ${text(comparison.sentence)}.</p>`;
  const hasSpectra = (record.spectra.publish?.length ?? 0) > 1 && (against.spectra.publish?.length ?? 0) > 1;
  const drawing = hasSpectra
    ? await figureOf(record, 'overlay', 'Publish latency, both runs', 'Percentile spectra of publish latency.', against)
    : '';
  return `<section><h2>Against an earlier run</h2>${table}${note}</section>${drawing}`;
}

/** What explains a slow figure: stalls of event loops, garbage collection, queues, batches. */
export async function telemetryPanel(record: RunRecord): Promise<string> {
  const rows = telemetryRows(record);
  if (rows.length === 0) return '';
  // A part is a column: there are few of them, and more figures than a page has room for side by side.
  const heads = rows.map(([part]) => `<th class="number">${text(part!)}</th>`);
  const [, ...names] = TELEMETRY_HEADS;
  const body = names.map((name, index) => {
    const cells = rows.map((row) => `<td class="number">${text(row[index + 1]!)}</td>`);
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`;
  });
  const table = `<div class="scroll"><table class="figures"><thead><tr><th></th>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
  const drawing = await figureOf(
    record,
    'telemetry',
    'Telemetry',
    'What the processes were busy with, each second: the longest stall of an event loop, time in garbage collection, how long requests waited behind others (p99), and how full batches were. The table is of the measured part.',
  );
  return drawing.replace(/<\/section>$/, () => `${table}</section>`);
}
