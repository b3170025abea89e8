import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { renderReport } from '../../reports/html.ts';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { listRuns, RunStoreError, readRun, readRunFile } from '../../reports/run-store.ts';
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

/** A run by id, by the path of its record, or the newest one. @throws CommandError naming the nearest id. */
export async function findRun(root: string, name: string): Promise<RunRecord> {
  try {
    if (name.endsWith('.json') && existsSync(name)) return await readRunFile(name);
    const ids = await listRuns(root);
    if (name === 'last') {
      const newest = ids[0];
      if (newest === undefined)
        throw new CommandError(EXIT.badWorkload, 'no run is recorded here yet: bench run FILE makes one');
      return await readRun(root, newest);
    }
    if (!ids.includes(name)) {
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
