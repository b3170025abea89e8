import { compare } from './compare/compare.ts';
import { costs } from './fault-cost.ts';
import { figure } from './figure.ts';
import type { LatencySummary } from './histogram.ts';
import { PERCENTILES } from './histogram.ts';
import { LATENCY_TITLES, verdictWord } from './labels.ts';
import { page } from './page.ts';
import { PROBE_HEADS, probeRows, searchSentence } from './rate-search.ts';
import { type LatencyName, lagText, type RunRecord } from './run-record.ts';
import { storyOfRecord } from './story/of-record.ts';
import { renderStorySvg } from './story/svg.ts';
import { type ChartName, renderSvg } from './svg.ts';
import { TELEMETRY_HEADS, telemetryRows } from './telemetry.ts';
import type { Example, RuleResult } from './verdict/result.ts';
import { findingOf, grouped } from './verdict/tally.ts';

/** Plot widths in pixels: a phone held upright gets drawings of its own, for scaled text is not readable. */
const WIDE = 820;
const NARROW = 270;

/** The report of a run: one HTML page with everything in it, no script, no request to anywhere. Never throws on text. */
export async function renderReport(record: RunRecord, against?: RunRecord): Promise<string> {
  const hasSpectrum = (record.spectra.publish?.length ?? 0) + (record.spectra.endToEnd?.length ?? 0) > 1;
  const parts = [
    header(record),
    warnings(record),
    tiles(record),
    await rateSearch(record),
    costs(record),
    await rulesAndThresholds(record),
    storyOf(record),
    latencies(record),
    against === undefined ? '' : await comparisonOf(record, against),
    hasSpectrum
      ? await figureOf(
          record,
          'spectrum',
          'Percentile spectrum',
          'Latency in milliseconds that a share of all records did not exceed. Each step to the right on the axis is ten times rarer; the line ends where fewer than ten samples lie beyond.',
        )
      : '',
    record.series.length > 1
      ? await figureOf(
          record,
          'timeline',
          'Over time',
          `Seconds since the start. Grey: warm-up and drain, not measured.${record.faults.length > 0 ? ' Purple: faults, in every panel.' : ''}`,
        )
      : '',
    faults(record),
    await telemetryPanel(record),
    environment(record),
    replay(record),
  ];
  const title = `${verdictWord(record.verdict.result)}: ${record.workload} (${record.target}, seed ${record.seed})`;
  return page.whole(title, parts.filter((part) => part !== '').join('\n'));
}

const { text } = page;

/** A shape beside the word and the colour, so that no reader depends on one of them. */
const MARKS: Readonly<Record<string, string>> = {
  pass: '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
  allowed: '<path d="M12 4l9 16H3z"/><path d="M12 10v4.5M12 17v.5"/>',
  unknown: '<path d="M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .6-1.5 1.2-1.5 2.3M12 18v.5"/>',
  fail: '<path d="M6 6l12 12M18 6L6 18"/>',
};

function mark(result: string): string {
  return `<svg class="mark" viewBox="0 0 24 24" role="img" aria-label="${text(result)}">${MARKS[result] ?? ''}</svg>`;
}

function header(record: RunRecord): string {
  const { verdict } = record;
  // The command stands at the foot of the page; here it would bury the finding.
  const [finding, ...details] = verdict.sentence
    .replace(/^[A-Z]+:? /, '')
    .replace(/; replay: .*$/, '')
    .split('; ');
  const detail = details.length === 0 ? '' : `<p class="detail">${text(details.join('; '))}</p>`;
  const date = record.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return `<header class="verdict ${verdict.result}">
<p class="word">${mark(verdict.result)}<strong>${verdictWord(verdict.result)}</strong></p>
<h1>${text(finding ?? '')}</h1>
${detail}<p class="run">${text(record.workload)} · target ${text(record.target)} · seed ${record.seed} · ${text(date)} · exit ${record.exit}</p>
</header>`;
}

function warnings(record: RunRecord): string {
  const lines: string[] = [];
  const { status, generator } = record;
  if (status.kind === 'failed' || status.kind === 'refused')
    lines.push(`The run ${status.kind === 'failed' ? 'failed' : 'was refused'}: ${status.reason}`);
  if (status.kind === 'interrupted') lines.push('The run was interrupted; what follows was measured until then.');
  if (generator?.state === 'fell behind') {
    lines.push(
      `The load generator fell behind its own schedule${lagText(generator)}: the latencies below are not the system's alone.`,
    );
  }
  return lines.map((line) => `<p class="warning">${text(line)}</p>`).join('\n');
}

function tiles(record: RunRecord): string {
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

async function rulesAndThresholds(record: RunRecord): Promise<string> {
  const rules = [...record.verdict.rules].sort((a, b) => rank(a.result) - rank(b.result));
  const shown = rules.filter((rule) => rule.result !== 'pass' || rule.checked > 0);
  const idle = rules.filter((rule) => rule.result === 'pass' && rule.checked === 0);
  const expectations = record.expect.map(
    ({ name, limit, actual, ok }) =>
      `<tr class="${ok ? 'pass' : 'fail'}"><td>${mark(ok ? 'pass' : 'fail')}</td><th scope="row">${text(name)}</th><td>${text(limit)}</td><td class="number">${typeof actual === 'number' ? figure(actual) : text(actual ?? 'no figure')}</td></tr>`,
  );
  const thresholds =
    expectations.length === 0
      ? ''
      : `<section><h2>Thresholds</h2><table><thead><tr><th></th><th>Metric</th><th>Limit</th><th class="number">Actual</th></tr></thead><tbody>${expectations.join('')}</tbody></table></section>`;
  const unused =
    idle.length === 0
      ? ''
      : `<p class="note">Nothing to check for ${idle.map((rule) => `${rule.rule} ${rule.name}`).join(', ')}.</p>`;
  return `<div class="columns"><section><h2>Rules</h2><table class="rules"><tbody>${shown.map(ruleRow).join('')}</tbody></table>${unused}</section>${thresholds}</div>`;
}

function rank(result: string): number {
  return ['fail', 'unknown', 'allowed', 'pass'].indexOf(result);
}

function ruleRow(rule: RuleResult): string {
  const notes: string[] = [];
  if (rule.clauseText !== undefined) notes.push(`Clause <b>${text(rule.clause ?? '')}</b>: ${text(rule.clauseText)}.`);
  if (rule.prevention !== undefined) notes.push(`Prevented by ${text(rule.prevention)}.`);
  if (rule.result === 'unknown' && rule.reason !== undefined) notes.push(`${text(rule.reason)}.`);
  const [first, ...others] = rule.examples.map(exampleItem);
  const more =
    others.length === 0 ? '' : `<details><summary>${others.length} more</summary>${others.join('')}</details>`;
  const isOpen = rule.result === 'fail' ? ' open' : '';
  const examples = first === undefined ? '' : `<details${isOpen}><summary>Example</summary>${first}${more}</details>`;
  const note = notes.map((line) => `<p class="note">${line}</p>`).join('');
  return `<tr class="${rule.result}"><td>${mark(rule.result)}</td><th scope="row">${rule.rule} <span>${text(rule.name)}</span></th><td>${text(findingOf(rule.rule, rule))}${note}${examples}</td></tr>`;
}

function exampleItem(example: Example): string {
  const events = example.events.map(
    ({ timeNs, text: what }) =>
      `<li><time>${timeNs === null ? '' : `${(timeNs / 1e9).toFixed(3)} s`}</time>${text(what.replace(/ t=[\d.]+s$/, ''))}</li>`,
  );
  const around = example.around.map(
    ({ offset, record, state }) =>
      `<tr><td class="number">${offset}</td><td>${text(record ?? '–')}</td><td>${text(state)}</td></tr>`,
  );
  const table =
    around.length === 0
      ? ''
      : `<table class="offsets"><thead><tr><th class="number">Offset</th><th>Record</th><th>State</th></tr></thead><tbody>${around.join('')}</tbody></table>`;
  return `<div class="example"><p>${text([example.partition, example.sentence].filter((part) => part !== null).join(': '))}</p><ol class="events">${events.join('')}</ol>${table}</div>`;
}

/** What a search for the highest rate found: the answer, the curve, every probe. */
async function rateSearch(record: RunRecord): Promise<string> {
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

/** How the worst broken promise came about; nothing where none was broken. */
function storyOf(record: RunRecord): string {
  const story = record.story ?? storyOfRecord(record);
  if (story === null || story.moments.length === 0) return '';
  const wide = renderStorySvg(story, { width: 910, theme: 'page' });
  const narrow = renderStorySvg(story, { width: 350, theme: 'page' });
  const whose =
    story.witness === null
      ? ''
      : `The life of ${story.witness}${story.partition === null ? '' : ` in ${story.partition}`}. `;
  const legend =
    story.source === 'trace'
      ? 'Thick green: the broker holds the record. Dashed purple: hit by a fault. Time in seconds runs downward, not to scale.'
      : 'From what clients saw and the fault log says. Dashed purple: hit by a fault. Time runs downward, not to scale.';
  const point = story.point === null ? '' : `<p><b>Lost at:</b> ${text(story.point)}.</p>`;
  return `<section class="story"><h2>What happened</h2>${point}<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${text(whose + legend)}</figcaption></figure><p class="note">${story.rule} ${text(story.name)}: ${text(story.meaning)} ${text(story.clause)}</p></section>`;
}

function latencies(record: RunRecord): string {
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

async function figureOf(
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

/** The figures that decide a comparison, or that differ, then both spectra in one drawing. */
async function comparisonOf(record: RunRecord, against: RunRecord): Promise<string> {
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
async function telemetryPanel(record: RunRecord): Promise<string> {
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

function faults(record: RunRecord): string {
  if (record.faults.length === 0) return '';
  const rows = record.faults.map(
    ({ id, kind, target, at, untilSeconds, confirmed }) =>
      `<tr><td>${text(id)}</td><th scope="row">${text(kind)}</th><td>${text(target)}</td><td class="number">${text(at)}</td><td class="number">${untilSeconds === null ? '–' : `${Number(untilSeconds.toFixed(3))}s`}</td><td>${confirmed ? 'yes' : '<b>no</b>'}</td></tr>`,
  );
  return `<section><h2>Faults</h2><div class="scroll"><table><thead><tr><th>Id</th><th>Kind</th><th>Target</th><th class="number">From</th><th class="number">Until</th><th>Took effect</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`;
}

function environment(record: RunRecord): string {
  const { environment: machine, sim } = record;
  const pairs: [string, string][] = [
    ['Commit', `${machine.commit.slice(0, 12)}${machine.dirty ? ' with uncommitted changes' : ''}`],
    ['Node', machine.node],
    [
      'Machine',
      [
        `${machine.cores} cores`,
        machine.cpu,
        machine.memoryBytes === undefined ? undefined : `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    ],
  ];
  if (record.generator !== undefined) {
    const { state, achieved, lagMsMax } = record.generator;
    const share = achieved === null ? '' : `, ${(achieved * 100).toFixed(1)} % of the target rate`;
    pairs.push(['Load generator', `${state}${share}, ${figure(lagMsMax)} ms late at most`]);
  }
  if (machine.kernel !== undefined) pairs.push(['Kernel', machine.kernel]);
  if (machine.governor !== undefined) pairs.push(['Governor', machine.governor]);
  if (machine.faultline !== undefined) pairs.push(['Faultline', machine.faultline]);
  if (machine.cluster !== undefined) pairs.push(['Cluster', machine.cluster]);
  if (record.client !== undefined) pairs.push(['Client', `${record.client.package} ${record.client.version}`]);
  pairs.push(['Workload hash', record.workloadHash]);
  if (sim !== undefined) {
    pairs.push(
      ['Simulation', `${grouped(sim.events)} events, ${sim.virtualSeconds} virtual s in ${sim.wallSeconds} s`],
      ['Run hash', sim.hash],
    );
  }
  const terms = pairs.map(([name, value]) => `<div><dt>${name}</dt><dd>${text(value)}</dd></div>`).join('');
  const configs = Object.entries(record.configs).map(
    ([part, config]) =>
      `<tr><th scope="rowgroup" colspan="2">${text(part)}</th></tr>${Object.entries(config)
        .map(([key, value]) => `<tr><td>${text(key)}</td><td>${text(value)}</td></tr>`)
        .join('')}`,
  );
  const table =
    configs.length === 0
      ? ''
      : `<details><summary>Configuration</summary><table class="config"><tbody>${configs.join('')}</tbody></table></details>`;
  return `<section><h2>Environment</h2><dl>${terms}</dl>${table}<details><summary>Workload file</summary><pre>${text(record.workloadText)}</pre></details></section>`;
}

function replay(record: RunRecord): string {
  const remedy =
    record.remedy === undefined
      ? ''
      : `<p>The same run with the settings that would have kept what was lost:</p><pre class="command">${text(record.remedy)}</pre>`;
  return `<section><h2>Replay</h2><pre class="command">${text(record.replay)}</pre>${remedy}</section>`;
}
