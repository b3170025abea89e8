import { figure } from '../figure.ts';
import { verdictWord } from '../labels.ts';
import { page } from '../page.ts';
import type { RunRecord } from '../run-record.ts';
import { storyOfRecord } from '../story/of-record.ts';
import { renderStorySvg } from '../story/svg.ts';
import type { Example, RuleResult } from '../verdict/result.ts';
import { findingOf } from '../verdict/tally.ts';

const { text } = page;

export function header(record: RunRecord): string {
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

export async function rulesAndThresholds(record: RunRecord): Promise<string> {
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

/** How the worst broken promise came about; nothing where none was broken. */
export function storyOf(record: RunRecord): string {
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
