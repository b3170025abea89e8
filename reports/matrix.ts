import lines from './charts/matrix.vl.json' with { type: 'json' };
import heat from './charts/matrix-heat.vl.json' with { type: 'json' };
import { figure } from './figure.ts';
import { page } from './page.ts';
import type { ExitCode, RunRecord } from './run-record.ts';
import { renderSpec } from './svg.ts';
import { brokerCpuUsPerRecord } from './telemetry.ts';
import { grouped } from './verdict/tally.ts';

/** What `bench run` found for every combination of a file's `matrix`. */
export interface MatrixResult {
  readonly schema: 1;
  readonly workload: string;
  readonly target: string;
  readonly startedAt: string;
  readonly exit: ExitCode;
  readonly axes: readonly { readonly path: string; readonly values: readonly string[] }[];
  readonly planned: number;
  readonly cells: readonly MatrixFigures[];
}

/** One combination: the run that is kept of it, and the figures to compare by. */
export interface MatrixFigures {
  readonly index: number;
  readonly values: readonly string[];
  readonly run: string;
  readonly exit: ExitCode;
  readonly verdict: string;
  readonly fellBehind: boolean;
  readonly acked: number;
  readonly bytes: number;
  readonly publishP50?: number;
  readonly publishP99?: number;
  readonly endToEndP99?: number;
  readonly cpuUsPerRecord?: number;
  /** With `--find-max`. */
  readonly searchRate?: number;
}

export function matrixFigures(cell: { index: number; values: readonly string[] }, record: RunRecord): MatrixFigures {
  const { metrics, search } = record;
  const optional = {
    publishP50: metrics.publish?.p50,
    publishP99: metrics.publish?.p99,
    endToEndP99: metrics.endToEnd?.p99,
    cpuUsPerRecord: brokerCpuUsPerRecord(record),
    searchRate: search?.rate,
  };
  return {
    index: cell.index,
    values: cell.values,
    run: record.id,
    exit: record.exit,
    verdict: record.verdict.result,
    fellBehind: record.generator?.state === 'fell behind',
    acked: metrics.throughput.acked,
    bytes: metrics.throughput.bytes,
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
  };
}

const WIDE = 700;
const NARROW = 190;

interface Column {
  readonly head: string;
  readonly of: (cell: MatrixFigures) => number | undefined;
  readonly shown: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { head: 'sustained/s', of: ({ searchRate }) => searchRate, shown: grouped },
  { head: 'acked/s', of: ({ acked }) => acked, shown: grouped },
  { head: 'MB/s', of: ({ bytes }) => bytes / 1e6, shown: figure },
  { head: 'publish p50 ms', of: ({ publishP50 }) => publishP50, shown: figure },
  { head: 'publish p99 ms', of: ({ publishP99 }) => publishP99, shown: figure },
  { head: 'end to end p99 ms', of: ({ endToEndP99 }) => endToEndP99, shown: figure },
  { head: 'CPU µs/record', of: ({ cpuUsPerRecord }) => cpuUsPerRecord, shown: figure },
];

/** Heads and rows of the summary; columns that no run has a figure for are left out. */
export function matrixTable(result: MatrixResult): { heads: string[]; rows: string[][]; axes: number } {
  const columns = COLUMNS.filter(({ of }) => result.cells.some((cell) => of(cell) !== undefined));
  const heads = [
    ...result.axes.map(({ path }) => axisName(path)),
    ...columns.map(({ head }) => head),
    'verdict',
    'exit',
  ];
  const rows = [...result.cells]
    .sort((a, b) => a.index - b.index)
    .map((cell) => [
      ...cell.values,
      ...columns.map(({ of, shown }) => {
        const value = of(cell);
        return value === undefined ? '–' : shown(value);
      }),
      `${cell.verdict}${cell.fellBehind ? ', generator behind' : ''}`,
      String(cell.exit),
    ]);
  return { heads, rows, axes: result.axes.length };
}

/** `producers[0].client.acks` → `acks`: the name that tells, where the path is that of a config or a field. */
export function axisName(path: string): string {
  const config = /\.(?:client|config)\.(.+)$/.exec(path);
  return config?.[1] ?? path.replace(/\[0\]/g, '');
}

export function matrixText(result: MatrixResult): string {
  const { heads, rows, axes } = matrixTable(result);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const draw = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < axes || column === row.length - 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return `${[heads, ...rows].map(draw).join('\n')}\n`;
}

export function matrixMarkdown(result: MatrixResult): string {
  const { heads, rows } = matrixTable(result);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll(/[|\\]/g, '\\$&')).join(' | ')} |`;
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

/** A page with the table, and for each figure a line over the first axis, or a heat map where there are two or more. */
export async function renderMatrix(result: MatrixResult): Promise<string> {
  const { heads, rows, axes } = matrixTable(result);
  const isNumber = (column: number): boolean => column >= axes && column < heads.length - 2;
  const cell = (tag: 'td' | 'th', content: string, column: number): string =>
    `<${tag}${isNumber(column) ? ' class="number"' : ''}>${page.text(content)}</${tag}>`;
  const table = `<div class="scroll"><table class="figures"><thead><tr>${heads.map((head, column) => cell('th', head, column)).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((content, column) => cell('td', content, column)).join('')}</tr>`)
    .join('')}</tbody></table></div>`;
  const charts = await Promise.all(
    COLUMNS.filter(({ of }) => result.cells.some((each) => of(each) !== undefined)).map(async (column) => {
      const wide = await renderSpec(specOf(result, column, WIDE), WIDE);
      const narrow = await renderSpec(specOf(result, column, NARROW), NARROW);
      return `<section><h2>${page.text(column.head)}</h2><figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div></figure></section>`;
    }),
  );
  const undone = result.planned - result.cells.length;
  const warning =
    undone === 0 ? '' : `<p class="warning">${undone} of ${result.planned} combinations were not run.</p>`;
  const axesText = result.axes.map(({ path, values }) => `${path}: ${values.join(', ')}`).join(' · ');
  const title = `Matrix of ${result.workload}: ${result.cells.length} runs`;
  return page.whole(
    title,
    `<header class="verdict"><h1>${page.text(title)}</h1><p class="run">target ${page.text(result.target)} · ${page.text(axesText)} · ${page.text(result.startedAt)} · exit ${result.exit}</p></header>${warning}<section><h2>Every combination</h2>${table}</section>${charts.join('\n')}`,
  );
}

function specOf(result: MatrixResult, column: Column, width: number): Record<string, unknown> {
  const [first, second] = result.axes;
  const others = (cell: MatrixFigures): string =>
    cell.values
      .slice(2)
      .map((value, index) => `${axisName(result.axes[index + 2]!.path)} ${value}`)
      .join(', ');
  const values = result.cells.flatMap((cell) => {
    const value = column.of(cell);
    if (value === undefined) return [];
    return [{ x: cell.values[0], y: cell.values[1] ?? '', panel: others(cell), value, label: column.shown(value) }];
  });
  const spec = structuredClone(second === undefined ? lines : heat) as unknown as {
    data?: object;
    facet?: object;
    spec?: { encoding: Axes };
    encoding?: Axes;
  };
  const encoding = spec.spec?.encoding ?? spec.encoding!;
  encoding.x.sort = first!.values;
  encoding.x.title = axisName(first!.path);
  if (second !== undefined) {
    encoding.y.sort = second.values;
    encoding.y.title = axisName(second.path);
  }
  if (spec.spec === undefined) return { ...spec, data: { values }, width };
  return { ...spec, data: { values }, spec: { ...spec.spec, width } };
}

interface Axes {
  x: { sort?: readonly string[]; title?: string };
  y: { sort?: readonly string[]; title?: string };
}
