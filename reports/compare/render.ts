import { figure as number } from '../figure.ts';
import type { ComparedFigure, Comparison } from './compare.ts';

const HEADS = ['metric', 'A', 'B', 'B/A [95 % CI]', 'min. effect', 'result'] as const;

function cells(row: ComparedFigure): string[] {
  const { name, unit, a, b, ratio, interval, exact, effectMin, result, gated } = row;
  let relation = ratio === null ? '–' : exact && ratio === 1 ? '=' : ratio.toFixed(3);
  if (interval !== null) relation += ` [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`;
  const loud = result === 'same' || result === 'undecided' || (!gated && !exact) ? result : result.toUpperCase();
  const shown = !gated && !exact ? `(${loud})` : loud;
  return [
    `${name} ${unit}`,
    number(a),
    number(b),
    relation,
    exact ? 'exact' : `${(effectMin * 100).toFixed(0)} %`,
    shown,
  ];
}

function durabilityCells({ durability }: Comparison): string[] {
  const { a, b } = durability;
  return ['durability', a, b, '–', 'hard', b === 'fail' ? 'FAIL' : b];
}

/** Gated and changed figures first; the others behind them. */
function ordered(comparison: Comparison): ComparedFigure[] {
  const rank = ({ gated, result, exact }: ComparedFigure) =>
    (gated ? 0 : 2) + (result === 'same' || (!gated && !exact) ? 1 : 0);
  return comparison.figures.toSorted((x, y) => rank(x) - rank(y));
}

export function comparisonText(comparison: Comparison): string {
  const { a, b, pairs } = comparison;
  const rows = [[...HEADS], ...ordered(comparison).map(cells), durabilityCells(comparison)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isRight = (column: number) => column === 1 || column === 2;
  const draw = (row: readonly string[]) =>
    row
      .map((cell, column) => (isRight(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  const arms = `A ${a.label} (${a.commit.slice(0, 10)}), B ${b.label} (${b.commit.slice(0, 10)}), ${pairs} ${pairs === 1 ? 'run each' : 'pairs'}`;
  return `${comparison.sentence}\n${arms}\n\n${rows.map(draw).join('\n')}\n`;
}

/** For the page of a CI job. */
export function comparisonMarkdown(comparison: Comparison): string {
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const head = [line(HEADS), line(HEADS.map(() => '---'))];
  const rows = ordered(comparison);
  const first = rows.filter(({ gated, result, exact }) => gated || (exact && result !== 'same'));
  const rest = rows.filter((row) => !first.includes(row));
  const { a, b, pairs, workload } = comparison;
  const blocks = [
    `### ${comparison.sentence}`,
    `\`${workload}\`: A \`${a.label.replaceAll('`', "'")}\`, B \`${b.label.replaceAll('`', "'")}\`, ${pairs} ${pairs === 1 ? 'run each' : 'interleaved pairs'}`,
    [...head, ...first.map((row) => line(cells(row))), line(durabilityCells(comparison))].join('\n'),
  ];
  if (rest.length > 0) {
    const table = [...head, ...rest.map((row) => line(cells(row)))].join('\n');
    blocks.push(`<details><summary>${rest.length} figures more</summary>\n\n${table}\n\n</details>`);
  }
  return `${blocks.join('\n\n')}\n`;
}

/** One test a figure: a regression is a failure, what is not decided an error. */
export function comparisonJunit(comparison: Comparison): string {
  const gated = comparison.figures.filter((row) => row.gated || row.exact);
  const tests = gated.map((row) => {
    const detail = attribute(cells(row).join('  '));
    const tag =
      row.result === 'regressed' ? 'failure' : row.result === 'unstable' || row.result === 'undecided' ? 'error' : null;
    const body = tag === null ? '' : `<${tag} message="${detail}"/>`;
    return `<testcase classname="${attribute(comparison.workload)}.compare" name="${attribute(row.name)}">${body}</testcase>`;
  });
  const broken = comparison.durability.b === 'fail' ? '<failure message="durability violated"/>' : '';
  tests.push(`<testcase classname="${attribute(comparison.workload)}.compare" name="durability">${broken}</testcase>`);
  const count = (tag: string) => tests.filter((test) => test.includes(`<${tag} `)).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite name="compare ${attribute(comparison.workload)}" tests="${tests.length}" failures="${count('failure')}" errors="${count('error')}">\n${tests.join('\n')}\n</testsuite>\n</testsuites>\n`;
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
