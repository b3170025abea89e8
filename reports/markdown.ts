import { figure } from './figure.ts';
import { LATENCY_TITLES, verdictWord } from './labels.ts';
import { PROBE_HEADS, probeRows, searchSentence } from './rate-search.ts';
import type { LatencyName, RunRecord } from './run-record.ts';
import { findingOf, grouped } from './verdict/tally.ts';

/** The summary as GitHub-flavoured Markdown, for a CI job's page: verdict first, tables, the command last. */
export function markdownOf(record: RunRecord): string {
  const { verdict } = record;
  const word = verdictWord(verdict.result);
  const sentence = verdict.sentence.replace(/^[A-Z]+:? /, '').replace(/; replay: .*$/, '');
  const client = record.client === undefined ? '' : `, ${record.client.package} ${record.client.version}`;
  const blocks = [
    `### ${word}: ${cell(record.workload)} (${record.target}${client}, seed ${record.seed})`,
    cell(sentence),
    table(['', 'rule', 'finding'], ruleRows(record)),
    table(['', 'threshold', 'limit', 'actual'], expectationRows(record)),
    record.search === undefined ? '' : cell(searchSentence(record.search)),
    record.search === undefined
      ? ''
      : table(
          PROBE_HEADS,
          probeRows(record.search).map((row) => row.map(cell)),
        ),
    latencyTable(record),
    throughputLine(record),
    `\`\`\`sh\n${record.replay.replaceAll('`', "'")}\n\`\`\``,
    record.remedy === undefined
      ? ''
      : `With what would have kept it:\n\n\`\`\`sh\n${record.remedy.replaceAll('`', "'")}\n\`\`\``,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const MARKS: Readonly<Record<string, string>> = { pass: '✅', allowed: '⚠️', unknown: '❔', fail: '❌' };

function ruleRows(record: RunRecord): string[][] {
  const rules = record.verdict.rules.filter((rule) => rule.checked > 0 || rule.result !== 'pass');
  return rules.map((rule) => {
    const notes = [findingOf(rule.rule, rule)];
    if (rule.clauseText !== undefined) notes.push(`**${rule.clause}**: ${cell(rule.clauseText)}`);
    if (rule.prevention !== undefined) notes.push(`prevented by ${cell(rule.prevention)}`);
    if (rule.result === 'unknown' && rule.reason !== undefined) notes.push(cell(rule.reason));
    const [first] = rule.examples;
    if (rule.result === 'fail' && first !== undefined) notes.push(cell(first.sentence));
    return [MARKS[rule.result]!, `${rule.rule} ${rule.name}`, notes.join('<br>')];
  });
}

function expectationRows(record: RunRecord): string[][] {
  return record.expect.map(({ name, limit, actual, ok }) => {
    const shown = typeof actual === 'number' ? figure(actual) : (actual ?? 'no figure');
    return [MARKS[ok ? 'pass' : 'fail']!, cell(name), cell(limit), cell(shown)];
  });
}

function latencyTable(record: RunRecord): string {
  const columns = ['count', 'p50', 'p95', 'p99', 'p99.9', 'max'] as const;
  const names = (Object.keys(LATENCY_TITLES) as LatencyName[]).filter((name) => (record.metrics[name]?.count ?? 0) > 0);
  if (names.length === 0) return '';
  const rows = names.map((name) => {
    const summary = record.metrics[name]!;
    const values = columns.map((column) => {
      const value = summary[column];
      return value === undefined ? '–' : column === 'count' ? grouped(value) : figure(value);
    });
    return [LATENCY_TITLES[name], ...values];
  });
  return table([`latency, ${record.metrics[names[0]!]!.unit}`, ...columns], rows);
}

function throughputLine(record: RunRecord): string {
  const { target, acked, consumed, bytes } = record.metrics.throughput;
  const asked = target === undefined ? '' : ` of ${grouped(target)} asked for`;
  return `${grouped(acked)} records/s acknowledged${asked}, ${grouped(consumed)} consumed, ${(bytes / 1e6).toFixed(1)} MB/s`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text from outside: nothing in it may end a cell or begin markup. */
function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_{}[\]<>|]/g, (character) => `\\${character}`);
}
