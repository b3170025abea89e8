import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { renderReport } from '../../reports/html.ts';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { listRuns, RunStoreError, readRun, readRunFile } from '../../reports/run-store.ts';
import { fingerprintOf } from '../../reports/store/figures.ts';
import { RunStore, STORE_FILE } from '../../reports/store/store.ts';
import { nearest } from '../../workloads/nearest.ts';
import { CommandError } from '../exit.ts';

export function registerReport(program: Command): void {
  program
    .command('report')
    .argument('[run]', 'id of a run, path of a run.json, or `last`', 'last')
    .description('Write the HTML report of a run: one page that works offline.')
    .option('-o, --output <file>', 'where to write it; default report.html beside the run')
    .addHelpText('after', '\nExample:\n  bench report last -o report.html')
    .action(async (run: string, options: { output?: string }) => {
      const record = await findRun(process.cwd(), run);
      const output = options.output ?? join('.faultline', 'runs', record.id, 'report.html');
      await writeFile(output, await renderReport(record));
      process.stdout.write(`${output}\n`);
    });
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
