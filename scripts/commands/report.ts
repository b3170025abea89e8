import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ComparisonError, refuseUnlike } from '../../reports/compare/compare.ts';
import { renderReport } from '../../reports/html.ts';
import { junitOf } from '../../reports/junit.ts';
import { markdownOf } from '../../reports/markdown.ts';
import { NoPngError, renderPng } from '../../reports/png.ts';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { listRuns, RunStoreError, readRun, readRunFile } from '../../reports/run-store.ts';
import { fingerprintOf } from '../../reports/store/figures.ts';
import { RunStore, STORE_FILE } from '../../reports/store/store.ts';
import { type ChartName, renderSvg } from '../../reports/svg.ts';
import { nearest } from '../../workloads/nearest.ts';
import { CommandError } from '../exit.ts';

interface ReportFlags {
  output?: string;
  against?: string;
  markdown?: boolean;
  junit?: boolean;
  svg?: boolean;
  png?: boolean;
  dark?: boolean;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .argument('[run]', 'id of a run, path of a run.json, `last`, `last~1`, or a baseline', 'last')
    .description('Write the report of a run: one HTML page that works offline, pictures, or text for CI.')
    .option('-o, --output <path>', 'where to write: a file; with --svg or --png a folder. Default beside the run')
    .option('--against <run>', 'show an earlier run of the same workload beside it')
    .option('--svg', 'write every chart as SVG')
    .option('--png', 'write every chart as PNG')
    .option('--dark', 'with --svg or --png: for a dark ground')
    .option('--markdown', 'print Markdown instead, for the page of a CI job')
    .option('--junit', 'print JUnit XML instead: a test for each rule and threshold')
    .addHelpText(
      'after',
      '\nExamples:\n  bench report last -o report.html\n  bench report last --against main\n  bench report --markdown >> "$GITHUB_STEP_SUMMARY"',
    )
    .action(reportCommand);
}

async function reportCommand(run: string, flags: ReportFlags): Promise<void> {
  const record = await findRun(process.cwd(), run);
  if (flags.markdown === true || flags.junit === true) {
    process.stdout.write(flags.markdown === true ? markdownOf(record) : junitOf(record));
    return;
  }
  const against = flags.against === undefined ? undefined : await findRun(process.cwd(), flags.against, record);
  if (against !== undefined) {
    try {
      refuseUnlike(against, record);
    } catch (error) {
      if (error instanceof ComparisonError) throw new CommandError(EXIT.badWorkload, error.message);
      throw error;
    }
  }
  const beside = join('.faultline', 'runs', record.id);
  if (flags.svg === true || flags.png === true) {
    await writeCharts(record, against, flags, flags.output ?? beside);
    return;
  }
  const output = flags.output ?? join(beside, 'report.html');
  await writeFile(output, await renderReport(record, against));
  process.stdout.write(`${output}\n`);
}

async function writeCharts(
  record: RunRecord,
  against: RunRecord | undefined,
  flags: ReportFlags,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const charts: ChartName[] = ['spectrum', 'timeline'];
  if (against !== undefined) charts.push('overlay');
  if (record.search !== undefined) charts.push('search');
  if (record.telemetry !== undefined) charts.push('telemetry');
  const options = {
    theme: flags.dark === true ? 'dark' : 'light',
    ...(against === undefined ? {} : { against }),
  } as const;
  for (const chart of charts) {
    const path = join(folder, chart);
    if (flags.svg === true) {
      await writeFile(`${path}.svg`, await renderSvg(record, chart, options));
      process.stdout.write(`${path}.svg\n`);
    }
    if (flags.png !== true) continue;
    try {
      await writeFile(`${path}.png`, await renderPng(record, chart, options));
    } catch (error) {
      if (error instanceof NoPngError) throw new CommandError(EXIT.runFailed, error.message);
      throw error;
    }
    process.stdout.write(`${path}.png\n`);
  }
}

/**
 * A run by id, by the path of its record, as `last` or `last~2`, or as a baseline (of the workload and machine of
 * `beside` where that is given). @throws CommandError naming the nearest id.
 */
export async function findRun(root: string, name: string, beside?: RunRecord): Promise<RunRecord> {
  try {
    if (name.endsWith('.json') && existsSync(name)) return await readRunFile(name);
    const ids = await listRuns(root);
    const back = /^last(?:~(\d{1,6}))?$/.exec(name);
    if (back !== null) {
      const id = ids[Number(back[1] ?? 0)];
      if (id !== undefined) return await readRun(root, id);
      const kept = ids.length === 0 ? 'no run is' : `only ${ids.length} runs are`;
      throw new CommandError(EXIT.badWorkload, `${kept} recorded here: bench run FILE makes one`);
    }
    if (!ids.includes(name)) {
      const pointed = baselineOf(root, name, beside);
      if (pointed !== null) return await readRun(root, pointed);
      const near = nearest(name, ids);
      throw new CommandError(
        EXIT.badWorkload,
        `there is no run ${name}${near === null ? '' : `; did you mean ${near}?`}`,
      );
    }
    return await readRun(root, name);
  } catch (error) {
    if (error instanceof RunStoreError) throw new CommandError(EXIT.badWorkload, error.message);
    throw error;
  }
}

function baselineOf(root: string, name: string, beside: RunRecord | undefined): string | null {
  if (!existsSync(join(root, STORE_FILE))) return null;
  using store = RunStore.in(root);
  if (beside === undefined) return store.baseline(name);
  const { workloadHash, environment } = beside;
  return store.baseline(name, { workloadHash, fingerprint: fingerprintOf(environment) });
}
