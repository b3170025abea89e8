import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MatrixResult, matrixMarkdown, matrixText, renderMatrix } from '../../reports/matrix.ts';
import { EXIT } from '../../reports/run-record.ts';
import { workloadHash } from '../../workloads/hash.ts';
import { type MatrixCell, matrixCells } from '../../workloads/matrix.ts';
import { childRun } from '../child-run.ts';
import { CommandError } from '../exit.ts';
import { type LoadedWorkload, loadFile } from '../load-file.ts';
import { packageRoot } from '../package.ts';
import { bar, createProgress, onInterrupt } from '../terminal.ts';
import { runMatrix } from './run-matrix.ts';

const MATRIX_DIRECTORY = '.faultline/matrix';

export interface MatrixFlags {
  readonly set: readonly string[];
  readonly driver?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly quiet?: boolean;
  readonly report?: string | boolean;
}

/** Runs every combination of a file's matrix as a process of its own; `runFlags` are those of each run. */
export async function matrixCommand(
  file: string,
  loaded: LoadedWorkload,
  flags: MatrixFlags,
  runFlags: readonly string[],
): Promise<MatrixResult> {
  const cells = matrixCells(loaded.matrix);
  refuseWrong(file, cells, flags);
  const { workload, files } = loaded;
  const hash = createHash('sha256')
    .update(JSON.stringify([workloadHash(workload, files), workload.seed, loaded.matrix, runFlags]))
    .digest('hex')
    .slice(0, 16);
  const base = join(MATRIX_DIRECTORY, workload.name.replaceAll(/[^A-Za-z0-9._-]/g, '-'));
  const progress = createProgress(flags.json !== true && flags.quiet !== true);
  const abort = new AbortController();
  const release = onInterrupt(() => {
    progress.clear();
    process.stderr.write('stopping: the runs that are complete are kept, --resume makes the others\n');
    abort.abort();
  });
  const startedAt = new Date().toISOString();
  const startedMs = performance.now();
  let made = 0;
  let result: MatrixResult;
  try {
    result = await runMatrix({
      workload: workload.name,
      target: workload.target,
      axes: loaded.matrix,
      hash,
      ledger: `${base}.ndjson`,
      resume: flags.resume === true,
      startedAt,
      signal: abort.signal,
      run: (cell) =>
        childRun({
          bench: join(packageRoot, 'scripts', 'bench.js'),
          file,
          flags: [...runFlags, ...cell.set.flatMap((set) => ['--set', set]), '--no-matrix'],
          signal: abort.signal,
          label: cell.set.join(', '),
        }),
      onCell: (cell, done, planned) => {
        const left =
          made === 0 ? '' : `, ${leftText(((performance.now() - startedMs) / made) * (planned - done))} left`;
        progress.update(`${bar(done / planned)} ${done + 1} of ${planned}${left}: ${cell.set.join(', ')}`);
        made++;
      },
    });
  } finally {
    progress.clear();
    release();
  }
  const page = typeof flags.report === 'string' ? flags.report : `${base}.html`;
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, await renderMatrix(result));
  writeFileSync(`${base}.json`, `${JSON.stringify(result, null, 2)}\n`);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else if (flags.markdown === true) process.stdout.write(matrixMarkdown(result));
  else process.stdout.write(`${matrixText(result)}\nreport  ${page}\n`);
  const undone = result.planned - result.cells.length;
  if (undone > 0)
    process.stderr.write(`${undone} of ${result.planned} combinations were not run; --resume runs them\n`);
  return result;
}

function leftText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes >= 2 ? `${minutes} min` : `${Math.round(ms / 1000)} s`;
}

/** Nothing starts before every combination is right. */
function refuseWrong(file: string, cells: readonly MatrixCell[], flags: MatrixFlags): void {
  const driver = flags.driver === undefined ? {} : { driver: flags.driver };
  const wrong = cells.flatMap(({ set }) => {
    const read = loadFile(file, { set: [...flags.set, ...set], ...driver });
    return read.ok ? [] : [`matrix, with ${set.join(', ')}:\n${read.text}`];
  });
  const [first] = wrong;
  if (first === undefined) return;
  const more = wrong.length === 1 ? '' : `\nand ${wrong.length - 1} more combinations`;
  throw new CommandError(EXIT.badWorkload, `${first}${more}`);
}
