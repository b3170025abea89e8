import { styleText } from 'node:util';
import { figure } from './figure.ts';
import { LATENCY_TITLES, verdictWord } from './labels.ts';
import { PROBE_HEADS, probeRows, searchSentence } from './rate-search.ts';
import { type LatencyName, lagText, type RunRecord } from './run-record.ts';
import { findingOf, grouped } from './verdict/tally.ts';
import { wrapped } from './wrapped.ts';

export interface SummaryOptions {
  /** Escape codes for colour and weight: only where a person looks at a terminal. */
  readonly color: boolean;
  /** Width of the terminal; Infinity for a file. */
  readonly columns: number;
  /** Where the HTML report was written. */
  readonly reportPath?: string;
}

type Tone = 'pass' | 'allowed' | 'unknown' | 'fail' | 'muted' | 'strong';

const FORMATS: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  pass: ['green'],
  allowed: ['yellow'],
  unknown: ['magenta'],
  fail: ['red'],
  muted: ['dim'],
  strong: ['bold'],
};

const MARKS: Readonly<Record<string, string>> = { pass: '✓', allowed: '!', unknown: '?', fail: '✗' };
/** Below this nothing can be laid out; lines may then be longer than the terminal is wide. */
const COLUMNS_MIN = 40;

/** What a run prints when it ends: the verdict first, the way to see it again last. No line is wider than `columns`. */
export function summaryOf(record: RunRecord, options: SummaryOptions): string {
  const columns = Math.max(COLUMNS_MIN, options.columns);
  const paint = (tone: Tone, text: string) =>
    options.color ? styleText(FORMATS[tone], text, { validateStream: false }) : text;
  const blocks = [
    verdictLines(record, columns, paint),
    warningLines(record, columns, paint),
    ruleLines(record, columns, paint),
    expectationLines(record, columns, paint),
    searchLines(record, columns, paint),
    latencyLines(record, columns, paint),
    throughputLines(record, columns, paint),
    footerLines(record, columns, paint, options.reportPath),
  ];
  const shown = blocks.filter((block) => block.length > 0).map((block) => block.join('\n'));
  return `${shown.join('\n\n')}\n`;
}

type Paint = (tone: Tone, text: string) => string;

function verdictLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const { result, sentence } = record.verdict;
  const word = verdictWord(result);
  const lines = wrapped(sentence.replace(/; replay: .*$/, ''), columns);
  const first = lines[0]!;
  const head = first.startsWith(word) ? paint(result, paint('strong', word)) + first.slice(word.length) : first;
  const simulated = record.target === 'sim' ? ` · seed ${record.seed}` : '';
  const client = record.client === undefined ? '' : ` · ${record.client.package} ${record.client.version}`;
  const run = clipped(`${record.workload} · ${record.target}${simulated}${client} · exit ${record.exit}`, columns);
  return [head, ...lines.slice(1), paint('muted', run)];
}

function warningLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const { status, generator } = record;
  const warnings: string[] = [];
  if (status.kind === 'failed' || status.kind === 'refused') warnings.push(`The run ${status.kind}: ${status.reason}`);
  if (status.kind === 'interrupted') warnings.push('Interrupted: the figures are those measured until then.');
  if (generator?.state === 'fell behind') {
    warnings.push(
      `The load generator fell behind its schedule${lagText(generator)}: these latencies are not the system's alone.`,
    );
  }
  return warnings.flatMap((warning) => wrapped(warning, columns)).map((line) => paint('allowed', line));
}

function ruleLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const rules = record.verdict.rules.filter((rule) => rule.checked > 0 || rule.result !== 'pass');
  if (rules.length === 0) return [];
  const width = Math.max(...rules.map((rule) => rule.rule.length + rule.name.length + 1));
  const indent = ' '.repeat(Math.min(width + 4, Math.floor(columns / 2)));
  return rules.flatMap((rule) => {
    const name = `${rule.rule} ${rule.name}`.padEnd(width);
    const finding = clipped(findingOf(rule.rule, rule), columns - width - 4);
    const lines = [`${paint(rule.result, MARKS[rule.result]!)} ${name}  ${finding}`];
    const notes: string[] = [];
    if (rule.clauseText !== undefined) notes.push(`${rule.clause}: ${rule.clauseText}`);
    if (rule.prevention !== undefined) notes.push(`prevented by ${rule.prevention}`);
    if (rule.result === 'unknown' && rule.reason !== undefined) notes.push(rule.reason);
    for (const note of notes) {
      for (const line of wrapped(note, columns - indent.length)) lines.push(indent + paint('muted', line));
    }
    return lines;
  });
}

function expectationLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const rows = record.expect.map(({ name, limit, actual, ok }) => {
    const shown = typeof actual === 'number' ? figure(actual) : (actual ?? 'no figure');
    return { mark: ok ? 'pass' : 'fail', cells: [name, limit, shown] } as const;
  });
  if (rows.length === 0) return [];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map(({ cells }) => cells[column]!.length)));
  return rows.map(({ mark, cells }) => {
    const line = `${cells[0]!.padEnd(widths[0]!)}  ${cells[1]!.padEnd(widths[1]!)}  ${cells[2]!.padStart(widths[2]!)}`;
    return `${paint(mark, MARKS[mark]!)} ${clipped(line, columns - 2)}`;
  });
}

/** The answer of a search, and the curve of latency over throughput that it has measured. */
function searchLines({ search }: RunRecord, columns: number, paint: Paint): string[] {
  if (search === undefined) return [];
  const rows = [[...PROBE_HEADS], ...probeRows(search)];
  const widths = PROBE_HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    clipped(
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
      columns,
    ),
  );
  const held = search.rate > 0 && search.confirmation?.held === true;
  const sentence = wrapped(searchSentence(search), columns).map((line) =>
    paint(held ? 'pass' : 'unknown', paint('strong', line)),
  );
  return [...sentence, paint('muted', lines[0]!), ...lines.slice(1)];
}

function latencyLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const names = (Object.keys(LATENCY_TITLES) as LatencyName[]).filter((name) => (record.metrics[name]?.count ?? 0) > 0);
  if (names.length === 0) return [];
  const unit = record.metrics[names[0]!]!.unit;
  const title = `latency, ${unit}`;
  const label = Math.max(title.length, ...names.map((name) => LATENCY_TITLES[name].length));
  // The columns that a narrow terminal can spare come last here.
  const byWorth = ['p50', 'p99', 'max', 'p99.9', 'count', 'p95', 'p99.99', 'mean', 'min'] as const;
  const order = ['count', 'min', 'mean', 'p50', 'p95', 'p99', 'p99.9', 'p99.99', 'max'] as const;
  const cells = new Map<string, string[]>();
  let room = columns - label;
  for (const column of byWorth) {
    const values = names.map((name) => record.metrics[name]![column]);
    if (values.every((value) => value === undefined)) continue;
    const shown = values.map((value) =>
      value === undefined ? '–' : column === 'count' ? grouped(value) : figure(value),
    );
    const width = Math.max(column.length, ...shown.map((value) => value.length));
    if (room < width + 2) continue;
    room -= width + 2;
    cells.set(
      column,
      [column, ...shown].map((value) => value.padStart(width + 2)),
    );
  }
  const row = (index: number) => order.map((column) => cells.get(column)?.[index] ?? '').join('');
  const body = names.map((name, index) => LATENCY_TITLES[name].padEnd(label) + row(index + 1));
  return [paint('muted', title.padEnd(label) + row(0)), ...body];
}

function throughputLines(record: RunRecord, columns: number, paint: Paint): string[] {
  const { target, sent, acked, consumed, bytes } = record.metrics.throughput;
  const parts = [`sent ${grouped(sent)}/s`, `acked ${grouped(acked)}/s`, `consumed ${grouped(consumed)}/s`];
  if (target !== undefined) parts.push(`target ${grouped(target)}/s`);
  parts.push(`${(bytes / 1e6).toFixed(1)} MB/s`);
  const lines = wrapped(`throughput  ${parts.join(' · ')}`, columns);
  return lines.map((line) => line.replace(/^throughput/, (word) => paint('muted', word)));
}

/** Commands and paths stay whole, so that they can be copied. */
function footerLines(record: RunRecord, _columns: number, paint: Paint, reportPath: string | undefined): string[] {
  const lines = [`${paint('muted', 'replay')}  ${record.replay}`];
  if (record.remedy !== undefined) lines.push(`${paint('muted', 'remedy')}  ${record.remedy}`);
  if (reportPath !== undefined) lines.push(`${paint('muted', 'report')}  ${reportPath}`);
  return lines;
}

function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
